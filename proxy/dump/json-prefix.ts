// Reads JSON (RFC 8259) byte by byte as it comes, keeping nothing of it: whether it is JSON so far, and
// up to where it can be cut and closed so that what stands before the cut is JSON by itself.

// The depth at which the original's parser gives up.
const maxDepth = 128;

const enumOf = <Name extends string>(...names: Name[]) =>
  Object.freeze(Object.fromEntries(names.map((name, index) => [name, index]))) as Readonly<
    Record<Name, number>
  >;

const at = enumOf(
  ...(["value", "firstItem", "firstKey", "key", "colon", "afterValue", "end"] as const),
  ...(["string", "escape", "hex1", "hex2", "hex3", "hex4", "literal"] as const),
  ...(["minus", "zero", "integer", "point", "fraction", "e", "sign", "exponent"] as const),
);

/** States of a number in which it may end. */
const mayEndNumber = new Set([at.zero, at.integer, at.fraction, at.exponent]);

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
const isBlank = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isHex = (byte: number) => isDigit(byte) || /[a-f]/i.test(String.fromCharCode(byte));
const code = (character: string) => character.charCodeAt(0);

const literals = new Map(["true", "false", "null"].map((word) => [code(word), Buffer.from(word)]));
const escapable = new Set([...'"\\/bfnrtu'].map(code));

/** A JSON text on its way in. It must be UTF-8; that is the caller's to check. */
export class JsonPrefix {
  #state = at.value;
  /** the open containers: true for an object */
  readonly #open: boolean[] = [];
  #isKey = false;
  #literal = Buffer.alloc(0);
  #literalRead = 0;
  #total = 0;
  #safe = 0;

  /** Bytes, of all so far, after which the text can be cut and closed by {@link closers}; 0 for none. */
  get safe(): number {
    return this.#safe;
  }

  /** Whether the text so far is one whole JSON value. */
  get isWhole(): boolean {
    return this.#state === at.end || (this.#open.length === 0 && mayEndNumber.has(this.#state));
  }

  /** What makes the text up to `safe` JSON. */
  closers(): string {
    const isInValue = this.#state >= at.string && this.#state <= at.hex4 && !this.#isKey;
    const brackets = this.#open.map((isObject) => (isObject ? "}" : "]")).reverse();
    return `${isInValue ? '"' : ""}${brackets.join("")}`;
  }

  /** Read on. After false nothing more may be pushed. */
  push(bytes: Uint8Array): boolean {
    const isJson = this.#read(bytes);
    this.#total += bytes.length;
    return isJson;
  }

  #read(bytes: Uint8Array): boolean {
    let i = 0;
    while (i < bytes.length) {
      if (this.#state === at.string) {
        const end = endOfPlainText(bytes, i);
        if (!this.#isKey) this.#safe = this.#total + end;
        i = end;
        if (i === bytes.length) break;
      }
      const byte = bytes[i] as number;
      if (this.#state >= at.minus && this.#endsNumber(byte)) this.#endValue(i);
      else if (this.#take(byte, i)) i++;
      else return false;
    }
    return true;
  }

  #endsNumber(byte: number): boolean {
    if (!mayEndNumber.has(this.#state)) return false;
    return isBlank(byte) || byte === code(",") || byte === code("]") || byte === code("}");
  }

  /** The value ends before the byte at `index` of this chunk. */
  #endValue(index: number): void {
    this.#state = this.#open.length === 0 ? at.end : at.afterValue;
    this.#safe = this.#total + index;
  }

  #take(byte: number, index: number): boolean {
    const state = this.#state;
    switch (state) {
      case at.value:
      case at.firstItem:
        if (isBlank(byte)) return true;
        if (state === at.firstItem && byte === code("]")) return this.#close(false, index);
        return this.#beginValue(byte, index);
      case at.firstKey:
      case at.key:
        if (isBlank(byte)) return true;
        if (state === at.firstKey && byte === code("}")) return this.#close(true, index);
        this.#isKey = true;
        return this.#go(byte === code('"'), at.string);
      case at.colon:
        return isBlank(byte) || this.#go(byte === code(":"), at.value);
      case at.afterValue:
      case at.end:
        if (isBlank(byte)) {
          this.#safe = this.#total + index + 1;
          return true;
        }
        if (state === at.end) return false;
        if (byte === code(",")) return this.#go(true, this.#open.at(-1) === true ? at.key : at.value);
        return (byte === code("}") || byte === code("]")) && this.#close(byte === code("}"), index);
      case at.string:
        return this.#takeInString(byte, index);
      case at.escape:
        return this.#go(escapable.has(byte), byte === code("u") ? at.hex1 : at.string, index);
      case at.hex1:
      case at.hex2:
      case at.hex3:
        return this.#go(isHex(byte), state + 1);
      case at.hex4:
        return this.#go(isHex(byte), at.string, index);
      case at.literal:
        if (byte !== this.#literal[this.#literalRead++]) return false;
        if (this.#literalRead === this.#literal.length) this.#endValue(index + 1);
        return true;
      default:
        return this.#takeInNumber(byte);
    }
  }

  #go(isAllowed: boolean, state: number, index?: number): boolean {
    if (!isAllowed) return false;
    this.#state = state;
    if (index !== undefined && state === at.string && !this.#isKey) this.#safe = this.#total + index + 1;
    return true;
  }

  #takeInString(byte: number, index: number): boolean {
    if (byte === code("\\")) return this.#go(true, at.escape);
    if (byte !== code('"')) return false; // a control character
    if (this.#isKey) return this.#go(true, at.colon);
    this.#endValue(index + 1);
    return true;
  }

  #beginValue(byte: number, index: number): boolean {
    this.#isKey = false;
    if (byte === code('"')) return this.#go(true, at.string, index);
    if (byte === code("{") || byte === code("[")) {
      if (this.#open.length === maxDepth) return false;
      this.#open.push(byte === code("{"));
      this.#safe = this.#total + index + 1;
      return this.#go(true, byte === code("{") ? at.firstKey : at.firstItem);
    }
    const literal = literals.get(byte);
    // The map is by first characters.
    if (literal !== undefined) {
      this.#literal = literal;
      this.#literalRead = 1;
      return this.#go(true, at.literal);
    }
    if (byte === code("-")) return this.#go(true, at.minus);
    return this.#go(isDigit(byte), byte === code("0") ? at.zero : at.integer);
  }

  #close(isObject: boolean, index: number): boolean {
    if (this.#open.at(-1) !== isObject) return false;
    this.#open.pop();
    this.#endValue(index + 1);
    return true;
  }

  #takeInNumber(byte: number): boolean {
    const state = this.#state;
    if (state === at.minus) return this.#go(isDigit(byte), byte === code("0") ? at.zero : at.integer);
    const isE = byte === code("e") || byte === code("E");
    if (isE && (state === at.zero || state === at.integer || state === at.fraction))
      return this.#go(true, at.e);
    if (byte === code(".") && (state === at.zero || state === at.integer)) return this.#go(true, at.point);
    if (state === at.e && (byte === code("+") || byte === code("-"))) return this.#go(true, at.sign);
    if (state === at.point) return this.#go(isDigit(byte), at.fraction);
    if (state === at.e || state === at.sign) return this.#go(isDigit(byte), at.exponent);
    return isDigit(byte) && state !== at.zero;
  }
}

/** The index of the next quote, backslash or control character. */
function endOfPlainText(bytes: Uint8Array, start: number): number {
  let i = start;
  while (i < bytes.length) {
    const byte = bytes[i] as number;
    if (byte === 0x22 || byte === 0x5c || byte < 0x20) break;
    i++;
  }
  return i;
}
