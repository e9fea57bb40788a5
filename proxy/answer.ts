// Answers of the proxy itself, written to the client without anything in between.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { ProxyError } from "./errors.ts";
import type { HttpRefusal } from "./http-refusal.ts";

// How long a refused client may go on sending the body that nobody reads, so that it gets to read
// the answer; closing at once would reset its connection before that.
const lingerMs = 5_000;

// RFC 9112 6.1 and 6.3: where framing is in doubt, nothing that follows on the connection can be trusted.
const closing = new Set([400, 501, 503]);

/** Send an error as the JSON body that clients of the Responses API show. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: ProxyError): void {
  const body = error.toBody();
  const headers: Record<string, string | number> = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  };
  if (error.statusCode === 426) {
    headers.upgrade = "HTTP/1.1";
    headers.connection = "upgrade, close"; // close: see the hook in server.ts
  }
  // Every request of a refused peer would be refused.
  if (closing.has(error.statusCode) || error.code === "PXY_ERR_PEER") headers.connection = "close";
  // With the phrase: an earlier attempt at a head may have left one that cannot be written.
  response.writeHead(error.statusCode, STATUS_CODES[error.statusCode] ?? "", headers).end(body);
  closeAfterLinger(request, response);
}

/**
 * Give a client that was answered before the end of its body a while to stop sending, from the end of
 * the answer on, then close its connection.
 */
export function closeAfterLinger(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  // An answer to a request that was sent ahead is written when those before it are.
  response.once("finish", () => {
    if (request.complete) return;
    const timer = setTimeout(() => request.socket.destroy(), lingerMs);
    timer.unref();
    // Comes at the end of the body as well as at the end of the connection.
    request.once("close", () => clearTimeout(timer));
  });
}

/** Answer on a connection whose bytes are not, or not any more, a request, and close it. */
export function sendRawError(socket: Duplex, error: HttpRefusal<string>): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = error.toBody();
  socket.end(
    `HTTP/1.1 ${error.statusCode} ${STATUS_CODES[error.statusCode]}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.once("finish", () => socket.destroy());
}
