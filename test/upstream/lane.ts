// A proxy and the upstream behind it, and what one case on them looks like from every side at once:
// client, upstream, log, and the process's own descriptors.

import { setTimeout as sleep } from "node:timers/promises";
import type tls from "node:tls";
import { openDescriptors } from "../process-figures.ts";
import { type RunningProxy, startProxy } from "../proxy-process.ts";
import type { Answer, Ending } from "../raw-answer.ts";
import { RawClient } from "../raw-client.ts";
import { rawPost } from "../raw-http.ts";
import { comesTrue } from "../wait-for.ts";
import { ByteUpstream } from "./byte-upstream.ts";
import { type Case, type ClientVersion, onRequest } from "./case.ts";
import { send } from "./steps.ts";

export interface Lane {
  readonly proxy: RunningProxy;
  readonly upstream: ByteUpstream;
  /** descriptors of the proxy when it has no connections */
  readonly restingDescriptors: number | undefined;
  close(): Promise<void>;
}

/** Everything that is seen of one case. */
export interface Observation {
  readonly answer: Answer | undefined;
  /** how the client's connection stood when its answer was whole or over */
  readonly ending: Ending;
  readonly interim: readonly Answer[];
  /** lines that the proxy wrote during it */
  readonly log: readonly string[];
  /** how often the request reached the upstream */
  readonly requests: number;
  /** what was still open after the client had left */
  readonly connectionsLeft: number;
  readonly descriptorsLeft: number;
  /** the answer to a good request right after, on the client's connection where that lives on */
  readonly next: { readonly status: number | undefined; readonly body: string | undefined };
}

export const goodBody = '{"good":true}';

export const goodAnswer = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${goodBody.length}\r\n\r\n${goodBody}`;

/**
 * Start a proxy with an upstream of its own.
 *
 * @param args - of the proxy
 * @param secureContext - for an upstream over TLS
 */
export async function openLane(
  args: readonly string[] = [],
  secureContext?: tls.SecureContext,
): Promise<Lane> {
  const upstream = new ByteUpstream(onRequest(send(goodAnswer)), secureContext);
  await upstream.listen();
  const proxy = await startProxy({ args: ["--upstream-url", upstream.url, ...args] });
  upstream.proxyPid = proxy.pid;
  // The first requests load what stays loaded.
  for (let i = 0; i < 2; i++) await askGood(proxy.port);
  await comesTrue(() => upstream.connections.size === 0);
  await sleep(50);
  return {
    proxy,
    upstream,
    restingDescriptors: openDescriptors(proxy.pid),
    close: async () => {
      await proxy.stop();
      upstream.close();
    },
  };
}

/** The bytes of a small request. */
export function smallRequest(version: ClientVersion = "1.1"): string {
  return rawPost({ line: `POST /v1/responses HTTP/${version}`, headers: ["Connection: keep-alive"] });
}

/** Ask on a new connection, to which the upstream answers well when no script waits. */
export async function askGood(port: number): Promise<Observation["next"]> {
  const client = await RawClient.connect(port);
  client.write(smallRequest());
  try {
    const { final } = await client.settled();
    return { status: final?.status, body: final?.body };
  } finally {
    client.leave();
  }
}

/** Ask as a case has it, watch, ask for something good, and wait until everything is closed. */
export async function observe(lane: Lane, row: Case, version: ClientVersion): Promise<Observation> {
  const { proxy, upstream } = lane;
  const heads = upstream.heads.length;
  const logged = proxy.output.stderr.length;
  const log = () => proxy.output.stderr.slice(logged).split("\n").slice(0, -1);

  if (row.upstream === "not listening") upstream.stopListening();
  else upstream.play(row.upstream);
  const client = await RawClient.connect(proxy.port);
  upstream.client = client;
  try {
    client.write(row.request?.(version) ?? smallRequest(version));
    const answers = await client.settled();
    const { ending } = client;
    const requests = upstream.heads.length - heads;
    if (row.outcome.kind !== "passed") await comesTrue(() => log().length > 0, 2000);
    if (row.upstream === "not listening") await upstream.listen();
    const next = await askNext(lane, client, row);
    client.leave();
    const descriptorsLeft = () => (openDescriptors(proxy.pid) ?? 0) - (lane.restingDescriptors ?? 0);
    await comesTrue(() => upstream.connections.size === 0 && descriptorsLeft() <= 0, 4000);
    return {
      answer: answers.final,
      ending,
      interim: answers.interim,
      log: log(),
      requests,
      connectionsLeft: upstream.connections.size,
      descriptorsLeft: Math.max(0, descriptorsLeft()),
      next,
    };
  } finally {
    // One case that leaks must not fail those after it.
    client.leave();
    upstream.dropConnections();
  }
}

async function askNext(lane: Lane, client: RawClient, row: Case): Promise<Observation["next"]> {
  lane.upstream.play();
  const { final, rest } = client.answers;
  const livesOn =
    client.ending === "open" && final?.isWhole && row.request === undefined && final.version === "HTTP/1.1";
  if (!livesOn || /close/i.test(final.headers.find(([name]) => /^connection$/i.test(name))?.[1] ?? "")) {
    return askGood(lane.proxy.port);
  }
  client.text = rest; // empty, or it stands before the next answer
  client.write(smallRequest());
  const { final: second } = await client.settled();
  return { status: second?.status, body: second?.body };
}
