// A client that writes the bytes it is told to and reports what came back and how it ended: what a
// well-behaved HTTP library would hide is what these tests are about.

import net from "node:net";

export interface RawAnswer {
  /** everything that arrived, as latin1 */
  readonly text: string;
  readonly status: number | undefined;
  /** how the connection ended: closed in order, reset, or still open when the time was up */
  readonly end: "closed" | "reset" | "open";
}

export interface RawOptions {
  /** stop listening after this long; default 1,500 ms */
  readonly timeoutMs?: number;
  /** stop as soon as the answer so far satisfies this */
  readonly until?: (text: string) => boolean;
}

/** Send bytes on a new connection and collect the answer. */
export function sendRaw(port: number, bytes: string | Buffer, options: RawOptions = {}): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    let text = "";
    const finish = (end: RawAnswer["end"]) => {
      clearTimeout(timer);
      socket.destroy();
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      resolve({ text, status: status === undefined ? undefined : Number(status), end });
    };
    const timer = setTimeout(() => finish("open"), options.timeoutMs ?? 1500);
    socket.on("connect", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (options.until?.(text)) finish("open");
    });
    socket.on("error", () => finish("reset"));
    socket.on("close", () => finish("closed"));
  });
}

/** The bytes of a request that the proxy forwards, with changes. */
export function rawPost(
  options: {
    readonly line?: string;
    readonly headers?: readonly string[];
    readonly body?: string;
    readonly host?: string | null;
    readonly contentType?: string | null;
  } = {},
): string {
  const body = options.body ?? "{}";
  const lines = [options.line ?? "POST /v1/responses HTTP/1.1"];
  if (options.host !== null) lines.push(`Host: ${options.host ?? "127.0.0.1"}`);
  if (options.contentType !== null) lines.push(`Content-Type: ${options.contentType ?? "application/json"}`);
  lines.push(...(options.headers ?? []), `Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** True once an answer with a Content-Length, or the end of a chunked one, has arrived. */
export function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1];
  if (length !== undefined) return text.length >= head + 4 + Number(length);
  return text.endsWith("0\r\n\r\n");
}
