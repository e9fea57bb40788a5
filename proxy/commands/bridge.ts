// For clients that speak no unix socket: a port of 127.0.0.1 for the time of one command, by which this
// user, and nobody else, reaches the proxy's unix socket. Bytes pass as they come, both ways.

import net, { type AddressInfo, type Socket } from "node:net";
import { openPeerQuery, overflowUids, tcpPeerUid } from "../../hardening/peer.ts";
import { CommandError } from "./errors.ts";

/**
 * Open a bridge. It lasts as long as this process.
 *
 * @param socketPath - as the kernel takes it
 * @returns its port
 * @throws {CommandError} CMD_BRIDGE where the kernel does not say whose connections come in
 */
export async function openBridge(socketPath: string): Promise<number> {
  const uid = process.getuid?.() ?? -1;
  const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };
  const server = net.createServer(options, (client) => {
    client.on("error", () => {});
    const peer = tcpPeerUid(client);
    if ("uid" in peer && peer.uid === uid)
      join(client, net.connect({ path: socketPath, allowHalfOpen: true }));
    else client.resetAndDestroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const reason = overflowUids().has(uid) ? "this user's uid stands for many" : openPeerQuery(fd);
  if (reason !== undefined) {
    throw new CommandError("CMD_BRIDGE", `cannot tell whose connections the bridge would carry: ${reason}`);
  }
  return (server.address() as AddressInfo).port;
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
}

function abort(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
