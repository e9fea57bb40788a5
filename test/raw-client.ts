// A client on a bare socket that stays connected for as long as a test wants, tells an orderly close
// from a reset, and can stop reading.

import { once } from "node:events";
import net from "node:net";
import { type Answers, type Ending, readAnswers } from "./raw-answer.ts";
import { closeWait, tcpEntry } from "./tcp-table.ts";

export class RawClient {
  readonly socket: net.Socket;
  /** everything that arrived, as latin1 */
  text = "";
  ending: Ending = "open";
  readonly #waiting = new Set<() => void>();

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.text += chunk.toString("latin1");
      this.#wake();
    });
    socket.on("end", () => this.#end(this.#mayBeReset() && !isOrderly(socket) ? "reset" : "closed"));
    // EPIPE and ECONNABORTED: the reset was met while writing.
    socket.on("error", () => this.#end("reset"));
    socket.on("close", () => this.#end("closed"));
  }

  /** Connect to a port of this machine. */
  static async connect(port: number): Promise<RawClient> {
    // Half open, so that the other side's close is seen and not answered with ours.
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const client = new RawClient(socket);
    await once(socket, "connect");
    return client;
  }

  write(bytes: string | Buffer): boolean {
    return this.socket.write(bytes, "latin1");
  }

  get answers(): Answers {
    return readAnswers(this.text, this.ending);
  }

  /** Wait until a condition holds for what has arrived. @returns whether it did, in time */
  async until(condition: () => boolean, timeoutMs = 4_000): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
    return true;
  }

  has(text: string, timeoutMs?: number): Promise<boolean> {
    return this.until(() => this.text.includes(text), timeoutMs);
  }

  /** Wait for the end of the answer or of the connection, whichever comes first. */
  async settled(timeoutMs?: number): Promise<Answers> {
    await this.until(() => this.ending !== "open" || this.answers.final?.isWhole === true, timeoutMs);
    return this.answers;
  }

  /** Leave: in order, with a FIN, unless told otherwise. */
  leave(how: "FIN" | "RST" = "FIN"): void {
    if (how === "RST") this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  // The table is long where there are a thousand of these; behind a whole answer all ends are alike.
  #mayBeReset(): boolean {
    try {
      return this.text !== "" && this.answers.final?.isWhole !== true;
    } catch {
      return true;
    }
  }

  #end(ending: Ending): void {
    if (this.ending === "open") this.ending = ending;
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

// libuv says of a reset that comes along with data that it is the stream's end. The kernel knows
// better: a connection that the other side has closed in order waits for our close, one that was
// reset is gone from the table.
function isOrderly({ localPort, remotePort }: net.Socket): boolean {
  return tcpEntry(localPort ?? 0, remotePort ?? 0)?.state === closeWait;
}
