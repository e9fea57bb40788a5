// Puts the key into requests on its way into the socket, so that JavaScript never holds it. undici
// writes a placeholder as the header's value; the socket's `write` finds that placeholder in the
// request head and writes what stands before it, the key from secret memory, and what follows.
//
// Each part is a write of one buffer of its own. Joined writes would make Node's TLS layer copy the
// parts into one plaintext buffer (measured: two readable copies instead of none).

import type { Socket } from "node:net";
import type { buildConnector } from "undici";
import type { Secret } from "./secret.ts";

/**
 * Wrap a connector so that its sockets replace the secret's placeholder in request heads.
 *
 * undici writes a head as one string and bodies as buffers, so only strings are looked at, and only
 * the first placeholder in each: the header that the proxy puts first.
 *
 * @param connect - makes connected sockets, TLS included
 * @param secret - whose placeholder to look for and whose bytes to write
 */
export function spliceSecret(connect: buildConnector.connector, secret: Secret): buildConnector.connector {
  return (options, callback) =>
    connect(options, (error, socket) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      spliceInto(socket as Socket, secret);
      callback(null, socket as Socket);
    });
}

type Write = (chunk: unknown, encoding?: unknown, callback?: unknown) => boolean;

function spliceInto(socket: Socket, secret: Secret): void {
  // Without _writev a corked socket writes its chunks one by one instead of joining them.
  Object.defineProperty(socket, "_writev", { value: null });

  const write = socket.write.bind(socket) as Write;
  const spliced: Write = (chunk, encoding, callback) => {
    if (typeof chunk !== "string") return write(chunk, encoding, callback);
    const at = chunk.indexOf(secret.placeholder);
    if (at === -1) return write(chunk, encoding, callback);
    write(chunk.slice(0, at), encoding);
    write(secret.bytes, undefined, secret.hold());
    return write(chunk.slice(at + secret.placeholder.length), encoding, callback);
  };
  socket.write = spliced as typeof socket.write;
}
