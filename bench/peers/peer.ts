// What the benchmark knows of a proxy: whether it is here, and how to start it for an upstream.

import { once } from "node:events";
import fs from "node:fs";
import net, { type AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { type Command, familyOf, proxyCore, type StartedProcess, startOn } from "../processes.ts";
import type { World } from "../world.ts";

/** What a proxy is to do. */
export interface Task {
  /** where to listen, on 127.0.0.1 */
  readonly port: number;
  readonly upstreamPort: number;
  /** set for an upstream that speaks TLS as `localhost` and 127.0.0.1; a file that holds its authority */
  readonly caFile: string | undefined;
  /** what to send upstream as `authorization: Bearer …` */
  readonly key: string;
  /** for its configuration; its own, empty */
  readonly folder: string;
}

export interface Peer {
  readonly name: string;
  /** for people */
  readonly title: string;
  /** why it cannot be measured here, undefined where it can; may install it */
  missing(): string | undefined;
  /** how to start it; undefined for none at all, the connection straight to the upstream */
  command(task: Task): Command | undefined;
  /** whether the client has to send the key, as nothing adds it */
  readonly isKeyless?: boolean;
  /** what version is measured, for the record */
  version?(): string;
}

export interface RunningPeer {
  readonly peer: Peer;
  readonly port: number;
  /** undefined for a direct connection */
  readonly process: StartedProcess | undefined;
  /** options of the load program that reach it */
  target(): { readonly port: number; readonly key?: string; readonly pids?: string };
  /** from the start to the answer to a first request */
  readonly startMs: number | undefined;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Start a proxy and wait until it has answered a request.
 *
 * @throws {Error} with what the proxy said, where it does not
 */
export async function startPeer(peer: Peer, world: World, overTls = false): Promise<RunningPeer> {
  const upstreamPort = overTls ? world.rig.tlsPort : world.rig.plainPort;
  if (upstreamPort === undefined) throw new Error("the load program was built without TLS");
  const port = await freePort();
  const folder = fs.mkdtempSync(join(world.folder, `${peer.name}-`));
  const caFile = overTls ? world.caFile : undefined;
  const command = peer.command({ port, upstreamPort, caFile, key: world.key, folder });
  const key = peer.isKeyless === true ? { key: world.key } : {};
  if (command === undefined) {
    const target = () => ({ port: upstreamPort, ...key });
    return { peer, port: upstreamPort, process: undefined, target, startMs: undefined, stop: async () => {} };
  }
  const started = startOn(proxyCore, command);
  try {
    const { answeredAt } = await world.rig.run("start", { port, ...key });
    return {
      peer,
      port,
      process: started,
      target: () => ({ port, ...key, pids: familyOf(started.pid).join(",") }),
      startMs: (answeredAt - Number(started.startedAtNs)) / 1e6,
      stop: () => started.stop(),
    };
  } catch (error) {
    await started.stop();
    const said = started.output().split("\n").at(-1) ?? "";
    throw new Error(`${(error as Error).message}${said === "" ? "" : `; it said: ${said}`}`);
  }
}

/** Where a program lies, with the folders that hold servers, undefined for nowhere. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => fs.existsSync(path));
}
