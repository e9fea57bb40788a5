// What a command wrote, within bounds: however much it is, memory holds its beginning and its end.

/** Of each end, in UTF-16 units; far more than a model ever gets. */
const maxHalfLength = 512 * 1024;
/** Shorter pieces are joined, so that a program that writes byte by byte costs no more than another. */
const smallPiece = 4096;

export interface CapturedOutput {
  /** the middle of what is too much is left out, and a line says so */
  readonly text: string;
  /** lines that `text` is short of; less than none where the line that says so is more than was left out */
  readonly missingLines: number;
}

export class OutputCapture {
  readonly #maxHalfLength: number;
  #head = "";
  #tail: string[] = [];
  #tailLength = 0;
  #missingLength = 0;
  #missingLineFeeds = 0;

  constructor(halfLength: number = maxHalfLength) {
    this.#maxHalfLength = halfLength;
  }

  add(text: string): void {
    const room = this.#maxHalfLength - this.#head.length;
    // Once something is in the tail, the head is complete.
    const toHead = this.#tail.length > 0 || this.#missingLength > 0 ? 0 : endBefore(text, room);
    if (toHead > 0) this.#head += text.slice(0, toHead);
    if (toHead < text.length) this.#addToTail(text.slice(toHead));
  }

  /** All of it so far. */
  output(): CapturedOutput {
    if (this.#missingLength === 0) return { text: this.#head + this.#tail.join(""), missingLines: 0 };
    const note = `\n[... ${this.#missingLength} characters left out ...]\n`;
    return { text: this.#head + note + this.#tail.join(""), missingLines: this.#missingLineFeeds - 2 };
  }

  #addToTail(text: string): void {
    const last = this.#tail.at(-1);
    if (last !== undefined && last.length + text.length <= smallPiece)
      this.#tail[this.#tail.length - 1] += text;
    else this.#tail.push(text);
    this.#tailLength += text.length;
    for (let [first] = this.#tail; first !== undefined; [first] = this.#tail) {
      const excess = this.#tailLength - this.#maxHalfLength;
      if (excess < first.length) return;
      this.#tail.shift();
      this.#tailLength -= first.length;
      this.#missingLength += first.length;
      this.#missingLineFeeds += first.split("\n").length - 1;
    }
  }
}

// Not between the halves of a character.
function endBefore(text: string, room: number): number {
  if (text.length <= room) return text.length;
  const code = room > 0 ? text.charCodeAt(room - 1) : 0;
  return code >= 0xd800 && code < 0xdc00 ? room - 1 : room;
}
