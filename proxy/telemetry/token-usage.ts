// The tokens that an answer says it took: member `usage` of the response, in a JSON body or in the last
// event of a stream. Read while it passes, from bytes that have left for the client; nothing is buffered,
// however long an event is, and text of the model that looks like an event or a usage is not taken for one.

import { JsonMembers, type WantedMembers } from "./json-members.ts";

/** A number is absent where the answer had none, or no whole one. */
export interface TokenUsage {
  readonly input?: number;
  /** of the input, read from the upstream's cache */
  readonly cached?: number;
  readonly output?: number;
  /** of the output, thought and not said */
  readonly reasoning?: number;
  readonly total?: number;
}

export const tokenKinds = ["input", "cached", "output", "reasoning", "total"] as const;

const usageMembers: WantedMembers = {
  input_tokens: 0,
  input_tokens_details: { cached_tokens: 1 },
  output_tokens: 2,
  output_tokens_details: { reasoning_tokens: 3 },
  total_tokens: 4,
};

class FoundUsage {
  #found: { -readonly [kind in keyof TokenUsage]: number } | undefined;

  get usage(): TokenUsage | undefined {
    return this.#found;
  }

  readonly onMember = (slot: number, value: string | number | undefined): void => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) return;
    this.#found ??= {};
    this.#found[tokenKinds[slot] as keyof TokenUsage] = value;
  };
}

export interface UsageReader {
  readonly usage: TokenUsage | undefined;
  /** events so far, where the answer is a stream of them */
  readonly events: number;
  push(chunk: Buffer): void;
}

/** Of an answer that is one JSON document. */
export class JsonUsage implements UsageReader {
  readonly events = 0;
  readonly #found = new FoundUsage();
  readonly #members = new JsonMembers({ usage: usageMembers }, this.#found.onMember);

  get usage(): TokenUsage | undefined {
    return this.#found.usage;
  }

  push(chunk: Buffer): void {
    this.#members.push(chunk);
  }
}

// The events that end a stream; all others are passed over by their name. Data without a name is looked at.
const lastEvents = new Set(["response.completed", "response.incomplete", "response.failed"]);

// As much of a line as tells what it is, the names above included.
const maxLineStartBytes = 40;

const lf = 0x0a;
const cr = 0x0d;
const dataField = Buffer.from("data:");
const eventField = Buffer.from("event:");

/** Of a stream of server-sent events (WHATWG HTML 9.2; lines that end in CR alone are not known). */
export class StreamUsage implements UsageReader {
  readonly #found = new FoundUsage();
  readonly #members = new JsonMembers({ response: { usage: usageMembers } }, this.#found.onMember);
  /** the start of a line that was cut before it was known */
  #lineStart: Buffer | undefined;
  /** what the rest of the line is: data that is read, or nothing of interest */
  #within: "lineStart" | "data" | "other" = "lineStart";
  #isPassedOver = false;
  #hasData = false;
  #events = 0;

  get usage(): TokenUsage | undefined {
    return this.#found.usage;
  }

  get events(): number {
    return this.#events;
  }

  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#lineStart !== undefined) {
      bytes = Buffer.concat([this.#lineStart, chunk]);
      this.#lineStart = undefined;
    }
    for (let i = 0; i < bytes.length; ) {
      const end = bytes.indexOf(lf, i);
      const stop = end === -1 ? bytes.length : end;
      if (this.#within === "lineStart") {
        if (end === -1 && stop - i < maxLineStartBytes) {
          this.#lineStart = Buffer.from(bytes.subarray(i));
          return;
        }
        this.#takeLineStart(bytes, i, stop);
      } else if (this.#within === "data") {
        this.#members.push(bytes, i, stop);
      }
      if (end === -1) return;
      if (this.#within === "data") this.#members.push(bytes, end, end + 1); // lines of data are joined by it
      this.#within = "lineStart";
      i = end + 1;
    }
  }

  #takeLineStart(bytes: Buffer, start: number, stop: number): void {
    this.#within = "other";
    if (stop === start || (stop === start + 1 && bytes[start] === cr)) {
      if (this.#hasData) this.#events++;
      this.#hasData = false;
      this.#isPassedOver = false;
    } else if (startsWith(bytes, start, stop, dataField)) {
      if (!this.#hasData && !this.#isPassedOver) this.#members.reset();
      this.#hasData = true;
      if (this.#isPassedOver) return;
      this.#within = "data";
      this.#members.push(bytes, start + dataField.length, stop);
    } else if (startsWith(bytes, start, stop, eventField)) {
      const nameEnd = Math.min(stop, start + maxLineStartBytes + 1);
      this.#isPassedOver = !lastEvents.has(
        bytes.toString("latin1", start + eventField.length, nameEnd).trim(),
      );
    }
  }
}

function startsWith(bytes: Buffer, start: number, stop: number, field: Buffer): boolean {
  if (stop - start < field.length) return false;
  for (let i = 0; i < field.length; i++) if (bytes[start + i] !== field[i]) return false;
  return true;
}
