// A reader of HTTP/1.1 requests that knows one spelling of everything. What it accepts, no two
// servers can read differently: CRLF alone ends lines, one Host, one Authorization, one way of framing
// in its plainest form, nothing folded, extended or left over.

export interface StrictRequest {
  readonly method: string;
  readonly target: string;
  /** names in lower case */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly framing: "content-length" | "chunked";
  readonly body: Buffer;
}

/** The rule that some bytes broke. */
export class Ambiguity extends Error {
  override readonly name = "Ambiguity";
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/; // RFC 9110 5.6.2
const originForm = /^\/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$/; // RFC 3986 3.3, 3.4
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/; // RFC 9110 5.5
const hostAndPort = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?$/;
const maxLineBytes = 128 * 1024;

type State = "line" | "header" | "length" | "chunk-size" | "chunk-data" | "chunk-end" | "end";

/** Reads the requests of one connection as their bytes arrive. */
export class StrictReader {
  readonly requests: StrictRequest[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #state: State = "line";
  #method = "";
  #target = "";
  #headers: [string, string][] = [];
  #isChunked = false;
  #wanted = 0;
  #body: Buffer[] = [];

  /** False while a request has begun and not ended. */
  get isBetweenRequests(): boolean {
    return this.#state === "line" && this.#rest.length === 0;
  }

  /** @throws {Ambiguity} for the first byte that could be read in two ways */
  push(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#step());
  }

  #step(): boolean {
    if (this.#state === "length" || this.#state === "chunk-data") return this.#readBody();
    const line = this.#takeLine();
    if (line === undefined) return false;
    if (this.#state === "line") this.#readRequestLine(line);
    else if (this.#state === "header") this.#readHeader(line);
    else if (this.#state === "chunk-size") this.#readChunkSize(line);
    else if (line !== "")
      throw new Ambiguity(this.#state === "end" ? "trailer" : "chunk longer than its size");
    else if (this.#state === "end") this.#finish();
    else this.#state = "chunk-size";
    return true;
  }

  #takeLine(): string | undefined {
    const lineFeed = this.#rest.indexOf("\n");
    const carriageReturn = this.#rest.indexOf("\r");
    const end = lineFeed === -1 ? this.#rest.length : lineFeed;
    if (lineFeed !== -1 && this.#rest[lineFeed - 1] !== 0x0d) throw new Ambiguity("bare LF");
    if (carriageReturn !== -1 && carriageReturn < end - 1) throw new Ambiguity("bare CR");
    if (this.#rest.length > maxLineBytes && lineFeed === -1) throw new Ambiguity("endless line");
    if (lineFeed === -1) return undefined;
    const line = this.#rest.toString("latin1", 0, lineFeed - 1);
    this.#rest = this.#rest.subarray(lineFeed + 1);
    return line;
  }

  #readRequestLine(line: string): void {
    const [method = "", target = "", version, ...more] = line.split(" ");
    if (more.length > 0 || version === undefined) throw new Ambiguity("request line not of three words");
    if (!token.test(method) || method !== method.toUpperCase()) throw new Ambiguity("method");
    if (!originForm.test(target)) throw new Ambiguity("request-target not in origin-form");
    if (version !== "HTTP/1.1") throw new Ambiguity("version");
    this.#method = method;
    this.#target = target;
    this.#headers = [];
    this.#body = [];
    this.#state = "header";
  }

  #readHeader(line: string): void {
    if (line === "") {
      this.#frame();
      return;
    }
    if (/^[ \t]/.test(line)) throw new Ambiguity("obs-fold");
    const colon = line.indexOf(":");
    if (colon === -1) throw new Ambiguity("header without colon");
    const name = line.slice(0, colon);
    if (!token.test(name)) throw new Ambiguity("header name");
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (!fieldValue.test(value)) throw new Ambiguity("header value");
    this.#headers.push([name.toLowerCase(), value]);
  }

  #frame(): void {
    const hosts = this.#valuesOf("host");
    if (hosts.length !== 1 || !hostAndPort.test(hosts[0] as string))
      throw new Ambiguity("not exactly one Host");
    if (this.#valuesOf("authorization").length !== 1) throw new Ambiguity("not exactly one Authorization");
    const lengths = this.#valuesOf("content-length");
    const codings = this.#valuesOf("transfer-encoding");
    if (lengths.length + codings.length !== 1) throw new Ambiguity("not exactly one framing");
    if (codings.length === 1 && codings[0] !== "chunked") throw new Ambiguity("transfer coding");
    if (lengths.length === 1 && !/^(?:0|[1-9][0-9]{0,14})$/.test(lengths[0] as string)) {
      throw new Ambiguity("length");
    }
    this.#isChunked = codings.length === 1;
    this.#wanted = Number(lengths[0] ?? 0);
    this.#state = this.#isChunked ? "chunk-size" : "length";
    if (!this.#isChunked && this.#wanted === 0) this.#finish();
  }

  #readChunkSize(line: string): void {
    if (!/^(?:0|[1-9a-fA-F][0-9a-fA-F]{0,7})$/.test(line)) throw new Ambiguity("chunk size");
    this.#wanted = Number.parseInt(line, 16);
    this.#state = this.#wanted === 0 ? "end" : "chunk-data";
  }

  #readBody(): boolean {
    const bytes = this.#rest.subarray(0, this.#wanted);
    if (bytes.length === 0) return false;
    this.#body.push(Buffer.from(bytes));
    this.#rest = this.#rest.subarray(bytes.length);
    this.#wanted -= bytes.length;
    if (this.#wanted > 0) return false;
    if (this.#isChunked) this.#state = "chunk-end";
    else this.#finish();
    return true;
  }

  #finish(): void {
    this.requests.push({
      method: this.#method,
      target: this.#target,
      headers: this.#headers,
      framing: this.#isChunked ? "chunked" : "content-length",
      body: Buffer.concat(this.#body),
    });
    this.#state = "line";
  }

  #valuesOf(name: string): string[] {
    return this.#headers.filter(([known]) => known === name).map(([, value]) => value);
  }
}
