// For clients that speak no unix socket: a port of 127.0.0.1 for the time of one command, by which this
// user, and nobody else, reaches the proxy's unix socket. Bytes pass as they come, both ways.

import net, { type AddressInfo, type Socket } from "node:net";
import { CommandError } from "./errors.ts";

export interface Bridge {
  readonly port: number;
  close(): void;
}

type IsOwn = (socket: Socket) => boolean;

/**
 * Open a bridge. Connections are let through once {@link admit} has been called, and wait until then.
 *
 * @param socketPath - as the kernel takes it
 */
export async function openBridge(socketPath: string): Promise<Bridge & { admit(): Promise<void> }> {
  const open = new Set<Socket>();
  let isOwn: Promise<IsOwn> | undefined;
  const waiting: Socket[] = [];

  const keep = (socket: Socket): Socket => {
    open.add(socket);
    return socket.once("close", () => open.delete(socket));
  };
  const serve = async (client: Socket, decide: Promise<IsOwn>): Promise<void> => {
    const own = await decide.then((is) => is(client)).catch(() => false);
    if (own) join(client, keep(net.connect({ path: socketPath, allowHalfOpen: true })));
    else client.resetAndDestroy();
  };
  const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    keep(client).on("error", () => {});
    if (isOwn === undefined) waiting.push(client);
    else void serve(client, isOwn);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    admit: async () => {
      isOwn = makeOwnerCheck(server);
      for (const client of waiting.splice(0)) void serve(client, isOwn);
      await isOwn;
    },
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

// The addon clears the environment of the process into which it is loaded: after the command has it.
async function makeOwnerCheck(server: net.Server): Promise<IsOwn> {
  const { openPeerQuery, overflowUids, tcpPeerUid } = await import("../../hardening/peer.ts");
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const uid = process.getuid?.() ?? -1;
  const reason = overflowUids().has(uid) ? "this user's uid stands for many" : openPeerQuery(fd);
  if (reason !== undefined) {
    throw new CommandError("CMD_BRIDGE", `cannot tell whose connections the bridge would carry: ${reason}`);
  }
  return (socket) => {
    const peer = tcpPeerUid(socket);
    return "uid" in peer && peer.uid === uid;
  };
}

// What breaks on one side breaks on the other: nothing that was cut off may look whole.
function join(client: Socket, proxy: Socket): void {
  const pairs: [Socket, Socket][] = [
    [client, proxy],
    [proxy, client],
  ];
  for (const [from, to] of pairs) {
    from.pipe(to);
    from.on("error", () => abort(to));
    from.on("close", () => {
      if (!from.readableEnded) abort(to);
    });
  }
  client.resume();
}

function abort(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
