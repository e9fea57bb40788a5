// A page on the terminal's other screen, drawn over itself without flicker. However the program ends, the
// terminal is given back as it was; likewise while it is suspended.

import type { ReadStream, WriteStream } from "node:tty";

const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";

// q and Q; Ctrl-C and Ctrl-D are keys in raw mode.
const quitKeys = new Set([0x71, 0x51, 0x03, 0x04]);
const suspendKey = 0x1a; // Ctrl-Z
const stopsWithinMs = 50;

export class LiveScreen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #quit: Promise<void>;
  readonly #suspend = () => this.#giveBackUntilContinued();
  #isOpen = true;
  #isSuspended = false;
  #page = "";

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
    process.on("SIGTSTP", this.#suspend);
    process.on("SIGCONT", () => this.#takeAgain()); // also after a SIGSTOP
    output.on("error", () => process.exit(0)); // the terminal has gone
    if (!input.isTTY) return;
    input.setRawMode(true);
    input.on("data", (keys: Buffer) => {
      if (keys.some((key) => quitKeys.has(key))) quit();
      else if (keys.includes(suspendKey)) this.#suspend();
    });
    input.on("end", () => quit());
  }

  /** @param lines - as many as fit, each no wider than the terminal */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    this.#page = `\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`;
    if (!this.#isSuspended) this.#output.write(this.#page);
  }

  /** Resolves when the user wants to leave; the terminal is as it was then. */
  async untilQuit(): Promise<void> {
    await this.#quit;
    this.#close();
    this.#input.pause();
  }

  #giveBackUntilContinued(): void {
    if (!this.#isOpen || this.#isSuspended) return;
    this.#isSuspended = true;
    this.#giveBack();
    process.off("SIGTSTP", this.#suspend);
    process.kill(0, "SIGTSTP"); // the whole job, as the terminal does it
    // Where nobody could continue it, the kernel does not stop it and no SIGCONT comes.
    setTimeout(() => this.#takeAgain(), stopsWithinMs).unref();
  }

  #takeAgain(): void {
    if (!this.#isOpen) return;
    if (this.#isSuspended) process.on("SIGTSTP", this.#suspend);
    this.#isSuspended = false;
    if (this.#input.isTTY) {
      this.#input.setRawMode(false); // Node sets no mode that it believes to be set
      this.#input.setRawMode(true);
    }
    this.#output.write(`${enter}${this.#page}`);
  }

  #giveBack(): void {
    if (this.#input.isTTY) this.#input.setRawMode(false);
    this.#output.write(leave);
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (!this.#isSuspended) this.#giveBack();
  }
}
