// One HTTPS request whose parts, and whose reply, may be secret. What it sends is written from where it
// lies, and the reply is received into memory of the caller's choice, which can be secret memory: no
// HTTP library holds it, the TLS layer cleanses its plaintext, and what the stack kept is zeroed.

import { isIP, type Socket } from "node:net";
import tls, { type SecureContext } from "node:tls";
import { native } from "./native.ts";

// OpenSSL's SSL_OP_CLEANSE_PLAINTEXT, which Node does not name: received plaintext is zeroed in the
// record's buffer once it has been handed over, and not only when the next record comes.
export const cleansePlaintext = 2;

export interface SecretRequest {
  /** name or address, IPv6 without brackets */
  readonly host: string;
  readonly port: number;
  /** a connection to it through somebody else, undefined to make one */
  readonly tunnel?: Socket | undefined;
  /** made with {@link cleansePlaintext} among its `secureOptions` */
  readonly secureContext: SecureContext;
  /** the whole request, each part a write of its own; strings are latin1 */
  readonly parts: readonly (string | Uint8Array)[];
  /** where the reply goes */
  readonly replyMemory: Uint8Array;
  /** from the connection to the end of the reply */
  readonly timeoutMs: number;
}

export interface SecretReply {
  readonly status: number;
  /** a view of the reply memory */
  readonly body: Uint8Array;
}

/** A reply that did not come as one whole HTTP/1.1 reply; `code` is for messages. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
  readonly code: "REPLY_TIMEOUT" | "REPLY_TOO_LARGE" | "REPLY_MALFORMED";

  constructor(code: ReplyError["code"]) {
    super(code);
    this.code = code;
  }
}

/**
 * Send a request on a connection of its own and wait for the reply. When this settles, the connection
 * is closed and no write refers to the parts any more.
 *
 * @throws {ReplyError} or what the connection failed with
 */
export function exchangeSecret(request: SecretRequest): Promise<SecretReply> {
  const { replyMemory } = request;
  return new Promise((resolve, reject) => {
    let filled = 0;
    let reply: SecretReply | undefined;
    let failure: Error | undefined;

    const end = (error?: Error) => {
      failure ??= error;
      socket.destroy();
    };
    const look = (atEnd: boolean) => {
      if (reply !== undefined || failure !== undefined) return;
      const facts = native.readHttpReply(replyMemory.subarray(0, filled), atEnd);
      if (facts.state === "malformed") end(new ReplyError("REPLY_MALFORMED"));
      if (facts.state !== "whole") return;
      const body = replyMemory.subarray(facts.start, facts.start + facts.length);
      reply = { status: facts.status, body };
      end();
    };

    const received = (bytes: number): boolean => {
      filled += bytes;
      if (filled < replyMemory.length) look(false);
      else end(new ReplyError("REPLY_TOO_LARGE"));
      return reply === undefined && failure === undefined;
    };

    const { host, port, tunnel, secureContext } = request;
    const options: tls.ConnectionOptions & { readonly onread: object } = {
      ...(tunnel === undefined ? { port } : { socket: tunnel }),
      host,
      servername: isIP(host) === 0 ? host : "",
      secureContext,
      ALPNProtocols: ["http/1.1"],
      onread: {
        // Never an empty one: Node's TLS layer would try for ever to put bytes into it.
        buffer: () => (filled < replyMemory.length ? replyMemory.subarray(filled) : replyMemory),
        callback: received,
      },
    };
    const socket = tls.connect(options);
    // Node reads into a given buffer only where it has made the connection itself.
    if (tunnel !== undefined) {
      socket.on("data", (chunk: Buffer) => {
        const bytes = Math.min(chunk.length, replyMemory.length - filled);
        replyMemory.set(chunk.subarray(0, bytes), filled);
        chunk.fill(0);
        if (reply === undefined && failure === undefined) received(bytes);
      });
    }
    const timer = setTimeout(() => end(new ReplyError("REPLY_TIMEOUT")), request.timeoutMs);

    socket.once("secureConnect", () => writeAll(socket, request.parts));
    socket.once("end", () => {
      look(true);
      end(new ReplyError("REPLY_MALFORMED"));
    });
    socket.once("error", (error) => {
      failure ??= error;
    });
    socket.once("close", () => {
      clearTimeout(timer);
      // From the event loop itself, so that the frames in which it was received lie below.
      setImmediate(() => {
        native.wipeStack();
        if (reply !== undefined) resolve(reply);
        else reject(failure ?? new ReplyError("REPLY_MALFORMED"));
      });
    });
  });
}

function writeAll(socket: Socket, parts: readonly (string | Uint8Array)[]): void {
  // As in splice.ts: joined writes would be copied.
  Object.defineProperty(socket, "_writev", { value: null });
  for (const part of parts) {
    if (typeof part === "string") socket.write(part, "latin1");
    else socket.write(part);
  }
}

/** RFC 6749's code in the body of a refusal, letters and `_` alone; undefined where there is none. */
export function errorCodeOf(reply: SecretReply): string | undefined {
  return native.errorCodeOf(reply.body) || undefined;
}
