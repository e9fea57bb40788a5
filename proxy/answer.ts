// Answers of the proxy itself, written to the client without anything in between.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ProxyError } from "./errors.ts";

// How long a refused client may go on sending the body that nobody reads, so that it gets to read
// the answer; closing at once would reset its connection before that.
const lingerMs = 5_000;

/** Send an error as the JSON body that clients of the Responses API show. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: ProxyError): void {
  const body = error.toBody();
  const headers: Record<string, string | number> = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  };
  if (error.statusCode === 426) {
    headers.upgrade = "HTTP/1.1";
    headers.connection = "upgrade";
  }
  if (error.statusCode === 503) headers.connection = "close";
  response.writeHead(error.statusCode, headers).end(body);
  if (!request.complete) closeAfterLinger(request);
}

function closeAfterLinger(request: IncomingMessage): void {
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  const stop = () => clearTimeout(timer);
  request.once("end", stop);
  socket.once("close", stop);
}

/** Answer a connection on which no request could be parsed, and close it. */
export function sendRawError(socket: Duplex, error: ProxyError, reasonPhrase: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = error.toBody();
  socket.end(
    `HTTP/1.1 ${error.statusCode} ${reasonPhrase}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.once("finish", () => socket.destroy());
}
