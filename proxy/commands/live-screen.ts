// A page on the terminal's other screen, drawn over itself without flicker. However the program ends, the
// terminal is given back as it was.

import type { ReadStream, WriteStream } from "node:tty";

const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";

// q and Q; Ctrl-C and Ctrl-D are keys in raw mode.
const quitKeys = new Set([0x71, 0x51, 0x03, 0x04]);

export class LiveScreen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #quit: Promise<void>;
  #isOpen = true;

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input;
    this.#output = output;
    output.write(enter);
    process.on("exit", () => this.#close());
    let quit: () => void;
    this.#quit = new Promise((resolve) => {
      quit = resolve;
    });
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
      process.once(signal, () => process.exit(0));
    output.on("error", () => process.exit(0)); // the terminal has gone
    if (!input.isTTY) return;
    input.setRawMode(true);
    input.on("data", (keys: Buffer) => {
      if (keys.some((key) => quitKeys.has(key))) quit();
    });
    input.on("end", () => quit());
  }

  /** @param lines - as many as fit, each no wider than the terminal */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    this.#output.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`);
  }

  /** Resolves when the user wants to leave; the terminal is as it was then. */
  async untilQuit(): Promise<void> {
    await this.#quit;
    this.#close();
    this.#input.pause();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#input.isTTY) this.#input.setRawMode(false);
    this.#output.write(leave);
  }
}
