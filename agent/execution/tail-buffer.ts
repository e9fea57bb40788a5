// The newest part of a text that grows, in bounded memory, until somebody takes it.

export class TailBuffer {
  readonly #maxLength: number;
  #pieces: string[] = [];
  #length = 0;

  /** @param maxLength - in UTF-16 units */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  add(text: string): void {
    this.#pieces.push(text);
    this.#length += text.length;
    if (this.#length > 2 * this.#maxLength || this.#pieces.length > 1024) this.#shorten();
  }

  /** What there is, and nothing of it again. */
  take(): string {
    this.#shorten();
    const [text = ""] = this.#pieces;
    this.#pieces = [];
    this.#length = 0;
    return text;
  }

  #shorten(): void {
    const text = this.#pieces.join("");
    const cut = Math.max(0, text.length - this.#maxLength);
    const code = cut > 0 ? text.charCodeAt(cut) : 0;
    // Not between the halves of a character.
    const kept = text.slice(code >= 0xdc00 && code < 0xe000 ? cut + 1 : cut);
    this.#pieces = [kept];
    this.#length = kept.length;
  }
}
