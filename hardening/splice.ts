// Puts the key into requests on its way into the socket, so that JavaScript never holds it. undici
// writes a placeholder as the header's value; here the placeholder is replaced by the key, in secret
// memory, and the socket gets the whole head as one buffer of that memory.
//
// Always one buffer: joined writes would make Node's TLS layer copy them into a plaintext buffer of its
// own (measured: two readable copies instead of none).

import type { Socket } from "node:net";
import type { Secret } from "./secret.ts";

export type Part = string | Uint8Array;

/** Writes to one connected socket, TLS included, with the key in the placeholder's place. */
export class SplicingWriter {
  readonly #socket: Socket;
  readonly #secret: Secret;

  constructor(socket: Socket, secret: Secret) {
    // Without _writev a socket that is busy writes what waits one by one instead of joining it.
    Object.defineProperty(socket, "_writev", { value: null });
    this.#socket = socket;
    this.#secret = secret;
  }

  /**
   * Write the parts in their order, as one buffer where they are several.
   *
   * undici writes a head as a string and bodies as bytes, so only strings are looked at, and only the
   * first placeholder: the header that the proxy puts first.
   *
   * @param parts - strings are latin1
   * @returns false when the socket has more to write than it should hold
   */
  write(parts: readonly Part[]): boolean {
    const { placeholder } = this.#secret;
    for (const [index, part] of parts.entries()) {
      const at = typeof part === "string" ? part.indexOf(placeholder) : -1;
      if (at === -1) continue;
      const head = part as string;
      const before = [...parts.slice(0, index), head.slice(0, at)];
      return this.#writeSecret(before, [head.slice(at + placeholder.length), ...parts.slice(index + 1)]);
    }
    return this.#writePlain(parts);
  }

  #writeSecret(before: readonly Part[], after: readonly Part[]): boolean {
    const { bytes } = this.#secret;
    const parts = [...before, bytes, ...after];
    const length = byteLength(parts);
    const slot = this.#secret.scratch.take(length);
    if (slot === undefined) {
      // Too long, or all slots are in use: one write a part, which copies nothing either.
      for (const part of before) writePart(this.#socket, part);
      let hasRoom = this.#socket.write(bytes, this.#secret.hold());
      for (const part of after) hasRoom = writePart(this.#socket, part);
      return hasRoom;
    }
    join(parts, slot);
    return this.#socket.write(slot.subarray(0, length), () => this.#secret.scratch.release(slot));
  }

  #writePlain(parts: readonly Part[]): boolean {
    if (parts.length === 1) return writePart(this.#socket, parts[0] as Part);
    const joined = Buffer.allocUnsafe(byteLength(parts));
    join(parts, joined);
    return this.#socket.write(joined);
  }
}

function writePart(socket: Socket, part: Part): boolean {
  return typeof part === "string" ? socket.write(part, "latin1") : socket.write(part);
}

function byteLength(parts: readonly Part[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

function join(parts: readonly Part[], into: Buffer): void {
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") into.write(part, at, "latin1");
    else into.set(part, at);
    at += part.length;
  }
}
