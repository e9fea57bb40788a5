// The front: fastify's request lifecycle with one hook that decides. The router sees the same path
// for every request, so it decides nothing; the gate compares what stood on the wire.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type FastifyInstance, fastify } from "fastify";
import type { Access } from "./access/access.ts";
import { lookBeforeSockets } from "./access/before-sockets.ts";
import { clientAt, clientOf, type Peer, peerOf } from "./access/client.ts";
import { sendError, sendRawError } from "./answer.ts";
import type { Connections, OpenRequest } from "./connections.ts";
import { ProxyError } from "./errors.ts";
import type { Forward } from "./forward.ts";
import { admit, type GatePolicy, maxHeaderBytes, type Passage, rawRequestOf, refusePages } from "./gate.ts";
import { cutOff } from "./listeners.ts";
import type { OnRefused } from "./telemetry/telemetry.ts";

export interface ServerSetup {
  readonly policy: GatePolicy;
  readonly access: Access;
  readonly forward: Forward;
  /** longest time for the head of a request; 0 for no limit */
  readonly clientHeadersTimeoutMs: number;
  readonly isDraining: () => boolean;
  readonly connections: () => Connections;
  /** whether requests are to be refused because they could not be put on record */
  readonly isAuditFailing?: () => boolean;
  /** told of each answer that the proxy gives instead of forwarding */
  readonly onRefused?: OnRefused | undefined;
  /** called after the answer to an admitted GET /shutdown was written */
  readonly onShutdownRequest: () => void;
}

// Longer than the 90 s after which common client pools drop an idle connection, so that a client
// never sends a POST into one that is just being closed here.
const keepAliveTimeoutMs = 120_000;

// How often Node looks for heads that are late: often enough for a short limit, seldom for a long one.
const longestCheckIntervalMs = 5_000;

function checkIntervalMs(headersTimeoutMs: number): number {
  if (headersTimeoutMs === 0) return longestCheckIntervalMs;
  return Math.min(longestCheckIntervalMs, Math.max(50, headersTimeoutMs / 4));
}

/** Build the server. It listens to nothing until told. */
export function buildServer(setup: ServerSetup): FastifyInstance {
  const server = fastify({
    logger: false,
    exposeHeadRoutes: false,
    // No route has a schema: without this, fastify loads two compilers for them, 5 MB and 40 ms.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    rewriteUrl: () => "/",
    requestTimeout: 0, // a body may take as long as its client does
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: false, // the lifecycle closes them, see lifecycle.ts
    return503OnClosing: false,
    // A missing Host is the gate's to refuse: Node's own answer would have no body.
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: setup.clientHeadersTimeoutMs,
      connectionsCheckingInterval: checkIntervalMs(setup.clientHeadersTimeoutMs),
      requireHostHeader: false,
    },
    clientErrorHandler: (error, socket) => {
      const open = setup.connections().openOn(socket);
      answerMalformed(error, socket, open, setup.clientHeadersTimeoutMs, refuseRaw);
    },
  });

  // Bodies are streamed from the raw request; nothing here may read them.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, _payload, done) => done(null));

  const { access, policy } = setup;
  const turnedAway = new ProxyError("PXY_ERR_PEER");
  const onTurnedAway = (peer: Peer) => setup.onRefused?.(turnedAway, clientAt(peer));
  server.server.once("listening", () =>
    lookBeforeSockets(server.server, (c) => access.mayEnter(c, onTurnedAway)),
  );
  serveOnly(server.server, (socket) => access.meet(socket, onTurnedAway));

  const refuse = (request: IncomingMessage, response: ServerResponse, error: ProxyError) => {
    sendError(request, response, error);
    setup.onRefused?.(error, clientOf(request));
  };
  const refuseRaw = (socket: Socket, error: ProxyError) => {
    sendRawError(socket, error);
    setup.onRefused?.(error, clientAt(peerOf(socket)));
  };
  server.addHook("onRequest", (request, reply, done) => {
    // Node's parser drops what follows an offer to upgrade in the same read, and goes on with what comes
    // next: the connection is out of step, whatever is answered.
    if (request.raw.headers.upgrade !== undefined || setup.isDraining()) reply.raw.shouldKeepAlive = false;
    done();
  });

  if (access.isLimited) {
    server.addHook("onRequest", (request, _reply, done) => {
      const refuse = (error: Error) => {
        try {
          // A page is not told who its user is.
          refusePages(rawRequestOf(request.raw, request.originalUrl), policy);
          done(error);
        } catch (sooner) {
          done(sooner as Error);
        }
      };
      let pending: Promise<void> | undefined;
      try {
        pending = access.authorise(request.raw);
      } catch (error) {
        refuse(error as Error);
        return;
      }
      if (pending === undefined) done();
      else pending.then(() => done(), refuse);
    });
  }

  const passages = new WeakMap<object, Passage>();
  server.addHook("onRequest", (request, _reply, done) => {
    try {
      const passage = admit(rawRequestOf(request.raw, request.originalUrl), policy);
      if (passage === "forward" && setup.isAuditFailing?.()) throw new ProxyError("PXY_ERR_AUDIT");
      passages.set(request.raw, passage);
      done();
    } catch (error) {
      done(error as Error);
    }
  });

  // Every admitted request ends up in one of these two, by its method alone.
  server.post("/", (request, reply) => {
    reply.hijack();
    if (passages.get(request.raw) !== "forward") throw new ProxyError("PXY_ERR_TARGET");
    whenItsTurn(reply.raw, () => setup.forward(request.raw, reply.raw));
  });
  server.get("/", (request, reply) => {
    reply.hijack();
    if (passages.get(request.raw) !== "shutdown") throw new ProxyError("PXY_ERR_TARGET");
    reply.raw.writeHead(200, { "content-length": 0, connection: "close" }).end(setup.onShutdownRequest);
  });
  server.setNotFoundHandler((request, reply) => {
    reply.hijack();
    refuse(request.raw, reply.raw, new ProxyError("PXY_ERR_METHOD"));
  });
  server.setErrorHandler((error, request, reply) => {
    reply.hijack();
    const answer =
      error instanceof ProxyError ? error : new ProxyError("PXY_ERR_INTERNAL", undefined, { cause: error });
    refuse(request.raw, reply.raw, answer);
  });

  // Node would answer these by itself, before the gate has seen the request.
  server.server.on("checkContinue", (request, response) => server.server.emit("request", request, response));
  server.server.on("checkExpectation", (request, response) =>
    server.server.emit("request", request, response),
  );
  server.server.on("connect", (_request, socket) => {
    if (setup.connections().openOn(socket as Socket).length > 0) cutOff(socket as Socket);
    else refuseRaw(socket as Socket, new ProxyError("PXY_ERR_METHOD"));
  });
  // Node drops headers beyond 1,000 without a word, unseen by the gate; their bytes are limited anyway.
  server.server.maxHeadersCount = 0;
  return server;
}

// Asked before Node sets up its parser, which is most of what a connection costs.
function serveOnly(server: Server, isServed: (socket: Socket) => boolean): void {
  const listeners = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket) => {
    if (!isServed(socket)) return;
    for (const listener of listeners) listener.call(server, socket);
  });
}

// A request that was sent before the one ahead of it was answered waits for its turn. It may never
// come: then the client has gone, and nothing was sent upstream in its name. Nor is one begun behind
// an answer that closes the connection (RFC 9112 9.6).
function whenItsTurn(response: ServerResponse, begin: () => void): void {
  if (response.socket === null) response.once("socket", begin);
  else if (response.socket.writable) begin();
}

// An answer to bytes that are no request must not be taken for the answer to a request before them,
// or be written into the middle of one.
function answerMalformed(
  error: NodeJS.ErrnoException,
  socket: Socket,
  open: readonly OpenRequest[],
  headersTimeoutMs: number,
  refuse: (socket: Socket, error: ProxyError) => void,
): void {
  if (socket.destroyed || error.code === "ECONNRESET") return;
  // RFC 9112 9.6: what follows the last request of a connection is not looked at; that request goes on.
  if (error.code === "HPE_CLOSED_CONNECTION" && open.length > 0) return;
  // The next request's head is late; what is open on the connection is not its fault.
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && open.length > 0) return;
  const [first] = open;
  const isItsBody = open.length === 1 && first?.request.complete === false && !first.response.headersSent;
  if (open.length === 0 || isItsBody) {
    refuse(socket, describeMalformed(error.code, headersTimeoutMs));
  } else {
    cutOff(socket);
  }
}

function noSchemas(): never {
  throw new TypeError("routes of the proxy have no schemas");
}

function describeMalformed(code: string | undefined, headersTimeoutMs: number): ProxyError {
  if (code === "HPE_HEADER_OVERFLOW") return new ProxyError("PXY_ERR_HEADERS_TOO_LARGE");
  if (code !== "ERR_HTTP_REQUEST_TIMEOUT") return new ProxyError("PXY_ERR_BAD_REQUEST");
  return new ProxyError(
    "PXY_ERR_HEADER_TIMEOUT",
    `its head was not complete after ${headersTimeoutMs} ms (--client-headers-timeout-ms)`,
  );
}
