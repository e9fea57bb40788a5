// A small Responses API upstream for the demo, the tests and the benchmarks: it takes requests,
// remembers them, and answers in the way its current mode says, well or badly.

import { createHash } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Credentials } from "./certificate.ts";
import { encodeEvent, textEvents, toolCallEvents, wholeAnswer } from "./response-events.ts";

/** How the upstream answers. Each mode is one function in `answers`. */
export type Mode = keyof typeof answers;

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: http.IncomingHttpHeaders;
  /** the body as text, up to 1 MiB of it */
  body: string;
  bodyBytes: number;
  /** SHA-256 of the whole body, once it has arrived */
  bodyDigest: string | undefined;
  /** true once the peer has closed before the answer was complete */
  wasAborted: boolean;
}

export interface MockUpstreamOptions {
  readonly tls?: Credentials;
  readonly mode?: Mode;
  /** requests with another key get 401 */
  readonly expectedKey?: string;
  /** streamed events and the pause before each of them */
  readonly eventCount?: number;
  readonly eventGapMs?: number;
}

export interface MockUpstream {
  readonly port: number;
  /** with the path that the proxy is to call */
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** when each piece of streamed text was written, in milliseconds since 1970, with fractions */
  readonly sentAt: number[];
  /** connections open now */
  readonly connections: ReadonlySet<Socket>;
  mode: Mode;
  eventCount: number;
  eventGapMs: number;
  close(): Promise<void>;
}

interface Exchange {
  readonly mock: MockUpstream;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: RecordedRequest;
}

const maxRecordedBytes = 1024 * 1024;

/** Start an upstream on a free loopback port. */
export async function startMockUpstream(options: MockUpstreamOptions = {}): Promise<MockUpstream> {
  const requests: RecordedRequest[] = [];
  const connections = new Set<Socket>();

  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const record = beginRecord(request, response);
    requests.push(record);
    try {
      if (!answersEarly.has(mock.mode)) await readBody(request, record);
      if (
        options.expectedKey !== undefined &&
        request.headers.authorization !== `Bearer ${options.expectedKey}`
      ) {
        sendJson(response, 401, {
          error: { message: "wrong key", type: "invalid_request_error", code: null },
        });
        return;
      }
      await answers[mock.mode]({ mock, request, response, record });
    } catch {
      response.destroy();
    }
  };

  const limits = { maxHeaderSize: 128 * 1024 };
  const server = options.tls
    ? https.createServer({ ...limits, ...options.tls }, onRequest)
    : http.createServer(limits, onRequest);
  server.keepAliveTimeout = 60_000;
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  const mock: MockUpstream = {
    port,
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}/v1/responses`,
    requests,
    sentAt: [],
    connections,
    mode: options.mode ?? "plain",
    eventCount: options.eventCount ?? 20,
    eventGapMs: options.eventGapMs ?? 50,
    close: () => {
      for (const socket of connections) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return mock;
}

function beginRecord(request: IncomingMessage, response: ServerResponse): RecordedRequest {
  const record: RecordedRequest = {
    method: request.method ?? "",
    url: request.url ?? "",
    rawHeaders: request.rawHeaders,
    headers: request.headers,
    body: "",
    bodyBytes: 0,
    bodyDigest: undefined,
    wasAborted: false,
  };
  response.once("close", () => {
    record.wasAborted = !response.writableFinished;
  });
  return record;
}

async function readBody(request: IncomingMessage, record: RecordedRequest): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (record.bodyBytes < maxRecordedBytes) record.body += chunk.toString("latin1");
    record.bodyBytes += chunk.length;
  }
  record.bodyDigest = hash.digest("hex");
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function wantsStream(record: RecordedRequest): boolean {
  try {
    return JSON.parse(record.body).stream === true;
  } catch {
    return false;
  }
}

function beginStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.flushHeaders();
}

async function streamText({ mock, response }: Exchange, gapMs: number): Promise<void> {
  beginStream(response);
  const pieces = Array.from({ length: mock.eventCount }, (_, index) => `piece ${index} `);
  for (const event of textEvents(pieces)) {
    const isPiece = event.type === "response.output_text.delta";
    if (gapMs > 0 && isPiece) await sleep(gapMs);
    if (response.destroyed) return;
    if (isPiece) mock.sentAt.push(performance.timeOrigin + performance.now());
    response.write(encodeEvent(event));
  }
  response.end();
}

// A few events, then whatever the mode does to the connection.
async function beginAnswer(response: ServerResponse): Promise<void> {
  beginStream(response);
  for (const event of textEvents(["cut ", "short"]).slice(0, 4)) response.write(encodeEvent(event));
  await sleep(50);
}

function apiError(status: number, type: string, message: string, headers: http.OutgoingHttpHeaders = {}) {
  return async ({ response }: Exchange) =>
    sendJson(response, status, { error: { message, type, code: null } }, headers);
}

// These answer, or do not, before the body has arrived.
const answersEarly = new Set<string>(["earlyError", "earlyAnswer", "neverReads"]);

const answers = {
  /** a stream without pauses where one is asked for, else one JSON document */
  plain: async (exchange: Exchange) => {
    if (wantsStream(exchange.record)) await streamText(exchange, 0);
    else sendJson(exchange.response, 200, wholeAnswer("Hello from the mock upstream."));
  },
  /** `eventCount` events, `eventGapMs` apart */
  stream: (exchange: Exchange) => streamText(exchange, exchange.mock.eventGapMs),
  /** asks for one tool call, and answers in text once its output is there */
  toolCall: async (exchange: Exchange) => {
    if (exchange.record.body.includes('"function_call_output"')) {
      await streamText(exchange, 0);
      return;
    }
    beginStream(exchange.response);
    for (const event of toolCallEvents("exec_command", { cmd: "echo tool-ran" })) {
      exchange.response.write(encodeEvent(event));
    }
    exchange.response.end();
  },
  badRequest: apiError(400, "invalid_request_error", "the mock finds fault with the request"),
  rateLimit: apiError(429, "rate_limit_error", "slow down", {
    "retry-after": "1",
    "x-ratelimit-remaining-requests": "0",
  }),
  serverError: apiError(500, "server_error", "the mock has a bad day"),
  /** answers and closes without having read the body */
  earlyError: async ({ response }: Exchange) => {
    sendJson(response, 401, { error: { message: "early", type: "x", code: null } }, { connection: "close" });
  },
  /** answers on the head, and reads on */
  earlyAnswer: async ({ request, response }: Exchange) => {
    sendJson(response, 200, { early: true });
    request.resume();
  },
  /** takes the request's head and nothing more */
  neverReads: async ({ request }: Exchange) => {
    request.pause();
  },
  /** takes the request and says nothing */
  silence: async () => {},
  /** headers, then nothing */
  silenceAfterHeaders: async ({ response }: Exchange) => beginStream(response),
  resetBeforeHeaders: async ({ request }: Exchange) => {
    request.socket.resetAndDestroy();
  },
  resetMidStream: async ({ request, response }: Exchange) => {
    await beginAnswer(response);
    request.socket.resetAndDestroy();
  },
  /** closes in order in the middle of a chunked answer */
  closeMidStream: async ({ request, response }: Exchange) => {
    await beginAnswer(response);
    request.socket.destroy();
  },
  /** declares more bytes than it sends */
  truncated: async ({ request, response }: Exchange) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
    response.write('{"partial":');
    await sleep(50);
    request.socket.destroy();
  },
  /** an answer after which the connection is closed, as announced */
  plainAndClose: async ({ response }: Exchange) => {
    sendJson(response, 200, wholeAnswer("Hello, once."), { connection: "close" });
  },
  /** a body that ends with its connection, whole */
  endsWithConnection: async ({ request }: Exchange) => {
    request.socket.end(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"whole":true}',
    );
  },
  /** a body that would end with its connection, cut by a reset */
  resetInsteadOfEnd: async ({ request }: Exchange) => {
    request.socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"whole":',
    );
    await sleep(50);
    request.socket.resetAndDestroy();
  },
  redirect: async ({ response }: Exchange) => {
    response.writeHead(307, { location: "/elsewhere", "content-length": 0 }).end();
  },
  gzip: async ({ response }: Exchange) => {
    const body = gzipSync(JSON.stringify(wholeAnswer("compressed")));
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(body);
  },
  /** headers that must not pass, and some that must, twice each */
  manyHeaders: async ({ request }: Exchange) => {
    request.socket.end(
      "HTTP/1.1 200 Fine\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\nX-Twice: a\r\nX-Twice: b\r\n" +
        "Set-Cookie: s=1\r\nSet-Cookie: t=2\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: Basic\r\n" +
        "Connection: close, X-Hop\r\nX-Hop: 1\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}",
    );
  },
  /** a phrase that HTTP/1.1 cannot carry, and a header value above 0x7f */
  oddHead: async ({ request }: Exchange) => {
    const head = "HTTP/1.1 429 Zu viele Anfragen \u2013 bitte warten\r\nX-Name: ";
    const rest = "\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    request.socket.end(
      Buffer.concat([Buffer.from(head), Buffer.from("Zo\xeb", "latin1"), Buffer.from(rest)]),
    );
  },
  /** a coding below chunked, which a proxy may not pass on */
  foreignCoding: async ({ request }: Exchange) => {
    request.socket.end(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    );
  },
  noContent: async ({ response }: Exchange) => {
    response.writeHead(204).end();
  },
  /** `eventCount` chunks of 64 KiB */
  large: async ({ response, mock }: Exchange) => {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    const chunk = Buffer.alloc(64 * 1024, "x");
    for (let sent = 0; sent < mock.eventCount; sent++) {
      if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
    }
    response.end();
  },
};
