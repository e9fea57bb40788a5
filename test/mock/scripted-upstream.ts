// A Responses API that follows a script: the n-th request gets the n-th step, the last one again and again.
// It listens on loopback TCP or on a unix socket, and remembers what it was asked.

import http, { type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { encodeEvent, type ResponseEvent } from "./response-events.ts";

/** What one request is answered with. */
export type Step =
  | {
      readonly events: readonly ResponseEvent[];
      readonly headers?: Readonly<Record<string, string>>;
      /** what follows the events; `end` where it is not said */
      readonly ending?: "end" | "silence" | "reset";
    }
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** the bytes of a stream as they are, each written by itself */
  | { readonly bytes: readonly (string | Uint8Array)[] }
  /** no answer, the connection open or reset */
  | { readonly nothing: "silence" | "reset" };

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

/** @param socketPath - listen there and not on a port of 127.0.0.1 */
export async function startScriptedUpstream(
  steps: readonly Step[],
  socketPath?: string,
): Promise<ScriptedUpstream> {
  const requests: ScriptedRequest[] = [];
  const connections = new Set<Socket>();
  let onRequest = () => {};
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    requests.push({
      url: request.url ?? "",
      headers: request.headers,
      body: text === "" ? {} : JSON.parse(text),
    });
    onRequest();
    await answer(response, steps[Math.min(requests.length, steps.length) - 1] as Step);
  });
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
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    received: (count) =>
      new Promise((resolve) => {
        onRequest = () => {
          if (requests.length >= count) resolve();
        };
        onRequest();
      }),
    close: () => {
      for (const socket of connections) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(response: ServerResponse, step: Step): Promise<void> {
  if ("nothing" in step) {
    if (step.nothing === "reset") (response.socket as Socket).resetAndDestroy();
    return;
  }
  if ("status" in step) {
    response.writeHead(step.status, { "content-type": "application/json", ...step.headers });
    response.end(step.body ?? "{}");
    return;
  }
  const headers = "headers" in step ? step.headers : {};
  response.writeHead(200, { "content-type": "text/event-stream", ...headers });
  response.flushHeaders();
  const pieces = "bytes" in step ? step.bytes : step.events.map(encodeEvent);
  for (const piece of pieces) {
    response.write(piece);
    await new Promise((resolve) => setImmediate(resolve)); // each a chunk of its own
  }
  const end = "bytes" in step ? "end" : (step.ending ?? "end");
  if (end === "end") response.end();
  if (end === "reset") setTimeout(() => (response.socket as Socket | null)?.resetAndDestroy(), 20);
}
