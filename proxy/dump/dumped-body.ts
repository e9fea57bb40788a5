// A body on its way into a dump, as a JSON value: itself where it is JSON, else as a string. It is not
// collected: JSON is written as it comes, checked on the way, and everything else is escaped piece by
// piece. Only the first bytes are held until it is clear which of the two it is.
//
// JSON that breaks off, or stops being JSON, when its first part is written already is closed there, and
// what is left of it stands as a string beside the body, as `rest`.

import { isUtf8 } from "node:buffer";
import { StringDecoder } from "node:string_decoder";
import { JsonPrefix } from "./json-prefix.ts";

// A body of up to this size is whole in its dump, as JSON or as one string. Also the longest key or
// number that is waited for.
const maxHeldBytes = 64 * 1024;

type Form = "undecided" | "json" | "text";

export class DumpedBody {
  readonly #write: (piece: Buffer | string) => void;
  readonly #json = new JsonPrefix();
  readonly #decoder = new StringDecoder("utf8");
  #form: Form = "undecided";
  /** bytes that are not written yet */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #writtenBytes = 0;
  /** the beginning of a character whose end is in the next chunk */
  #splitCharacter = Buffer.alloc(0);

  /** @param isText - never JSON, like an event stream: nothing of it is held */
  constructor(isText: boolean, write: (piece: Buffer | string) => void) {
    this.#write = write;
    if (isText) this.#beginText();
  }

  push(chunk: Buffer): void {
    if (this.#form === "text") {
      this.#writeText(this.#decoder.write(chunk));
      return;
    }
    const bytes = this.#splitCharacter.length === 0 ? chunk : Buffer.concat([this.#splitCharacter, chunk]);
    const whole = bytes.subarray(0, endOfCharacters(bytes));
    this.#splitCharacter = Buffer.from(bytes.subarray(whole.length));
    const isJson = isUtf8(whole) && this.#json.push(whole);
    this.#hold(isJson ? whole : bytes);
    if (isJson && this.#form === "undecided" && this.#heldBytes <= maxHeldBytes) return;
    if (!isJson) this.#splitCharacter = Buffer.alloc(0);
    if (isJson || this.#form === "json") this.#writeSafePart();
    if (!isJson || this.#heldBytes > maxHeldBytes) this.#fallBackToText();
  }

  end(): void {
    if (this.#form !== "text") {
      this.#hold(this.#splitCharacter);
      if (this.#splitCharacter.length === 0 && this.#json.isWhole) {
        for (const bytes of this.#held) this.#write(bytes);
        return;
      }
      this.#fallBackToText();
    }
    this.#writeText(this.#decoder.end());
    this.#write('"');
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #writeSafePart(): void {
    while (this.#writtenBytes < this.#json.safe) {
      this.#form = "json";
      const [first = Buffer.alloc(0), ...others] = this.#held;
      const part = first.subarray(0, this.#json.safe - this.#writtenBytes);
      this.#write(part);
      this.#writtenBytes += part.length;
      this.#heldBytes -= part.length;
      this.#held = part.length === first.length ? others : [first.subarray(part.length), ...others];
    }
  }

  #fallBackToText(): void {
    if (this.#form === "json") this.#write(`${this.#json.closers()},\n  "rest": `);
    this.#beginText();
    for (const bytes of this.#held) this.#writeText(this.#decoder.write(bytes));
    this.#held = [];
  }

  #beginText(): void {
    this.#form = "text";
    this.#write('"');
  }

  #writeText(text: string): void {
    if (text !== "") this.#write(JSON.stringify(text).slice(1, -1));
  }
}

/** The length of `bytes` without the beginning of a character at their end. */
function endOfCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue; // a continuation: the lead stands before it
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
