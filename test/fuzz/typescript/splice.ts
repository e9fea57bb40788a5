// The splice of the key: whatever undici writes, the socket gets the same bytes with the first
// placeholder of each write replaced by the key, in one buffer where the memory for it is at hand, and
// that memory is zero again when the socket has let go of it, as is any hold on the key.
//
// Input: writes with 0xff between them, of parts with 0xfd between them; an even first byte makes a part
// a string; 0xfe stands for the placeholder.

import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { ScratchMemory } from "../../../hardening/scratch-memory.ts";
import type { Secret } from "../../../hardening/secret.ts";
import { type Part, SplicingWriter } from "../../../hardening/splice.ts";

export const dictionary = ["\xff", "\xfe", "\xfd", "\xff\x00", "\xfd\x01", "authorization: Bearer \xfe\r\n"];

export const seeds = [
  "\x00POST / HTTP/1.1\r\nauthorization: Bearer \xfe\r\n\r\n\xfd\x01{}",
  "\x00\xfe\xfe\xff\x00\xff\x00no placeholder\xfd\x00\xfe",
  "\x01\xfe\xff\x00\xfe\xff\x00\xfe\xff\x00\xfe\xff\x00\xfe\xff\x00\xfe",
];

export const placeholder = "0123456789abcdef0123456789abcdef";
const key = "sk-the-key";
const slotBytes = 256;
const slotCount = 4;

export function fuzz(bytes: Buffer): void {
  const writes = bytes.toString("latin1").split("\xff");
  checkSplice(
    writes.map((parts) =>
      parts.split("\xfd").map((part) => {
        const text = part.slice(1).replaceAll("\xfe", placeholder);
        return part.charCodeAt(0) % 2 === 0 ? text : Buffer.from(text, "latin1");
      }),
    ),
  );
}

/** Make the writes through a splicing writer and compare what arrives. */
export function checkSplice(writes: readonly (readonly Part[])[]): void {
  const memory = Buffer.alloc(slotBytes * slotCount);
  const scratch = new ScratchMemory(memory, slotBytes);
  let holds = 0;
  const hold = () => {
    holds++;
    return () => holds--;
  };
  const secret = { placeholder, bytes: Buffer.from(key), scratch, hold } as unknown as Secret;
  const written: Buffer[] = [];
  const waiting: (() => void)[] = [];
  const socket = {
    write: (chunk: Part, ...rest: readonly unknown[]) => {
      written.push(Buffer.from(chunk as string, "latin1"));
      waiting.push(...rest.filter((one): one is () => void => typeof one === "function"));
      return true;
    },
  };
  const writer = new SplicingWriter(socket as unknown as Socket, secret);

  for (const parts of writes) {
    const before = written.length;
    writer.write(parts);
    const sent = Buffer.concat(written.slice(before)).toString("latin1");
    const expected = spliced(parts);
    assert.equal(sent, expected);
    const fits = waiting.length <= slotCount && expected.length <= slotBytes;
    if (fits && parts.length > 0) assert.equal(written.length, before + 1, "one write of one buffer");
    if (waiting.length === slotCount) for (const onWritten of waiting.splice(0)) onWritten();
  }
  for (const onWritten of waiting.splice(0)) onWritten();
  assert.equal(holds, 0, "the key is let go of when it is written");
  assert.ok(memory.every((byte) => byte === 0));
  for (let i = 0; i < slotCount; i++) assert.ok(scratch.take(slotBytes) !== undefined, "a slot was lost");
}

function spliced(parts: readonly Part[]): string {
  let isDone = false;
  const texts = parts.map((part) => {
    if (typeof part !== "string") return Buffer.from(part).toString("latin1");
    if (isDone || !part.includes(placeholder)) return part;
    isDone = true;
    return part.replace(placeholder, () => key);
  });
  return texts.join("");
}
