// Finds a few members of a JSON object (RFC 8259) while its text passes, and holds nothing but them. Only
// the structure counts: what looks like a member inside of a string, or lies elsewhere, is not found.

/** Names that are looked for: with what is looked for below them, or the number under which a value is told. */
export interface WantedMembers {
  readonly [name: string]: WantedMembers | number;
}

/**
 * @param slot - the number of the member
 * @param value - undefined for a value that is neither text nor a number, or too long for a number
 */
export type OnMember = (slot: number, value: string | number | undefined) => void;

// In bytes as written, escapes included.
const maxNameBytes = 192;
const maxTextBytes = 512;
const maxNumberBytes = 32;

// A search in JavaScript is faster than a call for what is this near.
const nearBytes = 24;

const at = Object.freeze({
  value: 0,
  /** in an object on the way: before a name, a comma, or its end */
  name: 1,
  colon: 2,
  string: 3,
  scalar: 4,
  /** in a value that is of no interest */
  skipped: 5,
  over: 6,
});

type Target = WantedMembers | number | undefined;

const quote = 0x22;
const backslash = 0x5c;
const isBlank = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

export class JsonMembers {
  readonly #wanted: WantedMembers;
  readonly #onMember: OnMember;
  readonly #open: WantedMembers[] = [];
  #state: number = at.value;
  #target: Target;
  #skippedDepth = 0;
  /** of the string or number that is read: undefined where it is of no interest */
  #text: string | undefined;
  #maxBytes = 0;
  #isName = false;
  #isEscaped = false;

  constructor(wanted: WantedMembers, onMember: OnMember) {
    this.#wanted = wanted;
    this.#target = wanted;
    this.#onMember = onMember;
  }

  /** Begin with another text. */
  reset(): void {
    this.#open.length = 0;
    this.#state = at.value;
    this.#target = this.#wanted;
    this.#skippedDepth = 0;
    this.#isEscaped = false;
  }

  /** Read on in `bytes`, which are not kept. */
  push(bytes: Buffer, start = 0, end = bytes.length): void {
    let i = start;
    while (i < end) {
      switch (this.#state) {
        case at.string:
          i = this.#readString(bytes, i, end);
          break;
        case at.skipped:
          i = this.#skip(bytes, i, end);
          break;
        case at.scalar:
          i = this.#readScalar(bytes, i, end);
          break;
        case at.over:
          return;
        default:
          this.#take(bytes[i++] as number);
      }
    }
  }

  #take(byte: number): void {
    if (isBlank(byte)) return;
    if (this.#state === at.colon) {
      this.#state = byte === 0x3a ? at.value : at.over;
    } else if (this.#state === at.value) {
      this.#beginValue(byte);
    } else if (byte === quote) {
      this.#beginString(true, "", maxNameBytes);
    } else if (byte === 0x7d) {
      this.#open.pop();
      if (this.#open.length === 0) this.#state = at.over;
    } else if (byte !== 0x2c) {
      this.#state = at.over;
    }
  }

  #beginValue(byte: number): void {
    const target = this.#target;
    if (byte === 0x7b && typeof target === "object") {
      this.#open.push(target);
      this.#state = at.name;
    } else if (this.#open.length === 0) {
      // Some readers pass over a byte order mark.
      if (byte !== 0xef && byte !== 0xbb && byte !== 0xbf) this.#state = at.over;
    } else if (endsScalar(byte)) {
      this.#state = at.over;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (typeof target === "number") this.#onMember(target, undefined);
      this.#skippedDepth = 1;
      this.#state = at.skipped;
    } else if (byte === quote) {
      this.#beginString(false, typeof target === "number" ? "" : undefined, maxTextBytes);
    } else {
      this.#text = typeof target === "number" ? String.fromCharCode(byte) : undefined;
      this.#state = at.scalar;
    }
  }

  #beginString(isName: boolean, text: string | undefined, maxBytes: number): void {
    this.#isName = isName;
    this.#text = text;
    this.#maxBytes = maxBytes;
    this.#isEscaped = false;
    this.#state = at.string;
  }

  #readString(bytes: Buffer, start: number, end: number): number {
    const close = this.#closingQuote(bytes, start, end);
    const stop = close === -1 ? end : close;
    if (this.#text !== undefined) this.#text += piece(bytes, start, stop, this.#maxBytes - this.#text.length);
    if (close === -1) return end;
    if (this.#skippedDepth > 0) this.#state = at.skipped;
    else if (this.#isName) this.#takeName(this.#text as string);
    else this.#takeText();
    return close + 1;
  }

  /** The index of the quote that ends the string, -1 where it goes on. */
  #closingQuote(bytes: Buffer, start: number, end: number): number {
    let from = start;
    for (;;) {
      const found = indexOfQuote(bytes, from, end);
      const stop = found === -1 ? end : found;
      let first = stop;
      while (first > from && bytes[first - 1] === backslash) first--;
      // Those at the very start go on from what came before.
      const isOdd = ((stop - first) % 2 === 1) !== (first === from && this.#isEscaped);
      this.#isEscaped = found === -1 && isOdd;
      if (found === -1 || !isOdd) return found;
      from = found + 1;
    }
  }

  #takeName(raw: string): void {
    const wanted = this.#open.at(-1) as WantedMembers;
    const name = raw.length > maxNameBytes ? undefined : unescaped(raw);
    this.#target = name !== undefined && Object.hasOwn(wanted, name) ? wanted[name] : undefined;
    this.#state = at.colon;
  }

  #takeText(): void {
    if (typeof this.#target === "number") this.#onMember(this.#target, beginningOf(this.#text ?? ""));
    this.#state = at.name;
  }

  #readScalar(bytes: Buffer, start: number, end: number): number {
    let i = start;
    while (i < end && !endsScalar(bytes[i] as number)) i++;
    if (this.#text !== undefined) this.#text += piece(bytes, start, i, maxNumberBytes - this.#text.length);
    if (i === end) return end;
    if (typeof this.#target === "number") {
      const text = this.#text ?? "";
      const isNumber = text.length <= maxNumberBytes && /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text);
      this.#onMember(this.#target, isNumber ? Number(text) : undefined);
    }
    this.#state = at.name;
    return i;
  }

  #skip(bytes: Buffer, start: number, end: number): number {
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      if (byte === quote) {
        this.#beginString(false, undefined, 0);
        return i + 1;
      }
      if (byte === 0x7b || byte === 0x5b) {
        this.#skippedDepth++;
      } else if ((byte === 0x7d || byte === 0x5d) && --this.#skippedDepth === 0) {
        this.#state = at.name;
        return i + 1;
      }
    }
    return end;
  }
}

// One byte more than there is room for, by which a text that is too long is known.
function piece(bytes: Buffer, start: number, stop: number, room: number): string {
  return room < 0 ? "" : bytes.toString("latin1", start, Math.min(stop, start + room + 1));
}

function indexOfQuote(bytes: Buffer, start: number, end: number): number {
  const near = Math.min(end, start + nearBytes);
  for (let i = start; i < near; i++) if (bytes[i] === quote) return i;
  if (near === end) return -1;
  const found = bytes.indexOf(quote, near);
  return found < end ? found : -1;
}

function endsScalar(byte: number): boolean {
  return byte === 0x2c || byte === 0x7d || byte === 0x5d || isBlank(byte);
}

/** The text of a string as written, as latin1; undefined where it is not JSON. */
function unescaped(raw: string): string | undefined {
  if (!raw.includes("\\")) return raw;
  try {
    return JSON.parse(`"${raw}"`);
  } catch {
    return undefined;
  }
}

function beginningOf(raw: string): string {
  const whole = raw.slice(0, maxTextBytes);
  // What was cut may end within an escape.
  for (let length = whole.length; length >= 0 && length > whole.length - 6; length--) {
    const text = unescaped(whole.slice(0, length));
    if (text !== undefined) return text;
  }
  return "";
}
