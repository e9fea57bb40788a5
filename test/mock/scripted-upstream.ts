// A Responses API that follows a script: the n-th request gets the n-th step, the last one again and again,
// or what the script says to that request. It listens on loopback TCP, with TLS where it is asked to, or on a
// unix socket, and remembers what it was asked.

import http, { type IncomingHttpHeaders, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import zlib from "node:zlib";
import type { Credentials } from "./certificate.ts";
import { encodeEvent, type ResponseEvent } from "./response-events.ts";

/** What one request is answered with. */
export type Step =
  | {
      readonly events: readonly ResponseEvent[];
      readonly headers?: Readonly<Record<string, string>>;
      /** what follows the events; `end` where it is not said */
      readonly ending?: "end" | "silence" | "reset";
      /** before each event but the first */
      readonly gapMs?: number;
      /** told when each event was written, in milliseconds since 1970 */
      readonly onWritten?: (at: number) => void;
    }
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** whether more of the body is promised, and does not come */
      readonly isOpen?: boolean;
    }
  /** the bytes of a stream as they are, each written by itself */
  | {
      readonly bytes: readonly (string | Uint8Array)[];
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** no answer, the connection open or reset */
  | { readonly nothing: "silence" | "reset" };

/** Decides by the request, how many came before it, and which. */
export type Script = (request: ScriptedRequest, index: number, earlier: readonly ScriptedRequest[]) => Step;

export interface ScriptedUpstreamOptions {
  /** listen there and not on a port of 127.0.0.1 */
  readonly socketPath?: string;
  /** speak TLS, with this certificate */
  readonly tls?: Credentials;
  /** a request with another key gets 401, and is no part of the script */
  readonly expectedKey?: string;
}

export interface ScriptedRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** the JSON of its body */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ScriptedUpstream {
  readonly port: number;
  /** ends with /v1 */
  readonly baseUrl: string;
  readonly requests: readonly ScriptedRequest[];
  /** resolves when that many requests have come */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startScriptedUpstream(
  script: readonly Step[] | Script,
  { socketPath, tls, expectedKey }: ScriptedUpstreamOptions = {},
): Promise<ScriptedUpstream> {
  const next: Script =
    typeof script === "function" ? script : (_, index) => script[Math.min(index, script.length - 1)] as Step;
  const requests: ScriptedRequest[] = [];
  const connections = new Set<Socket>();
  const waiting = new Set<() => void>();
  const listener: http.RequestListener = async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    if (expectedKey !== undefined && incoming.headers.authorization !== `Bearer ${expectedKey}`) {
      await answer(response, { status: 401, body: '{"error":{"message":"wrong key"}}' });
      return;
    }
    const text = decoded(Buffer.concat(chunks), incoming.headers["content-encoding"]).toString("utf8");
    const request = {
      url: incoming.url ?? "",
      headers: incoming.headers,
      body: text === "" ? {} : JSON.parse(text),
    };
    const earlier = [...requests];
    requests.push(request);
    for (const look of waiting) look();
    await answer(response, next(request, earlier.length, earlier));
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  server.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  await new Promise<void>((resolve) =>
    socketPath === undefined ? server.listen(0, "127.0.0.1", resolve) : server.listen(socketPath, resolve),
  );
  const port = socketPath === undefined ? (server.address() as AddressInfo).port : 0;
  return {
    port,
    baseUrl: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/v1`,
    requests,
    received: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (requests.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    close: () => {
      for (const socket of connections) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A body as it was before the client compressed it. */
function decoded(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === undefined) return body;
  // Node 20 has no zstd, and neither do its types.
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (data: Buffer) => Buffer };
  const decoders = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, zstd: zstdDecompressSync };
  const decode = decoders[encoding as keyof typeof decoders];
  if (decode === undefined) throw new Error(`the scripted upstream does not read ${encoding}`);
  return decode(body);
}

async function answer(response: ServerResponse, step: Step): Promise<void> {
  if ("nothing" in step) {
    if (step.nothing === "reset") (response.socket as Socket).resetAndDestroy();
    return;
  }
  if ("status" in step) {
    response.writeHead(step.status, { "content-type": "application/json", ...step.headers });
    response.write(step.body ?? "{}");
    if (step.isOpen !== true) response.end();
    return;
  }
  const headers = "headers" in step ? step.headers : {};
  response.writeHead(200, { "content-type": "text/event-stream", ...headers });
  response.flushHeaders();
  const pieces = "bytes" in step ? step.bytes : step.events.map(encodeEvent);
  const { gapMs, onWritten } = "events" in step ? step : {};
  for (const [index, piece] of pieces.entries()) {
    if (gapMs !== undefined && index > 0) await sleep(gapMs);
    onWritten?.(performance.timeOrigin + performance.now());
    response.write(piece);
    await new Promise((resolve) => setImmediate(resolve)); // each a chunk of its own
  }
  const end = "bytes" in step ? "end" : (step.ending ?? "end");
  if (end === "end") response.end();
  if (end === "reset") setTimeout(() => (response.socket as Socket | null)?.resetAndDestroy(), 20);
}
