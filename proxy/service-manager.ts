// What the service manager is told, sd_notify(3): that the proxy serves and for whom, that it ends, and
// by regular signs of life that its event loop turns. Messages that cannot be sent are dropped; nobody
// waits for them.

import { writeSync } from "node:fs";

export interface ServiceManagerSetup {
  /** a datagram socket, connected by the launcher */
  readonly notifyFd: number;
  /** within this time a sign of life is wanted; undefined for none */
  readonly watchdogUsec: number | undefined;
  /** what is shown by `systemctl status`, one line */
  readonly status: () => string;
}

const statusIntervalMs = 2_000;

// Between the end of the drain and that of the process.
const endMarginMs = 5_000;

/** Speaks to the service manager from the moment on at which the proxy serves. */
export class ServiceManager {
  readonly #setup: ServiceManagerSetup;
  #status = "";

  constructor(setup: ServiceManagerSetup) {
    this.#setup = setup;
  }

  /** To be called once, when requests are served. */
  ready(): void {
    const { watchdogUsec, status } = this.#setup;
    this.#status = status();
    this.#send(`READY=1\nSTATUS=${this.#status}`);
    setInterval(() => this.#refreshStatus(), statusIntervalMs).unref();
    if (watchdogUsec === undefined) return;
    // sd_watchdog_enabled(3) recommends half of it.
    setInterval(() => this.#send("WATCHDOG=1"), Math.max(1, watchdogUsec / 2000)).unref();
  }

  /** To be called when the shutdown begins, which may take as long as the drain timeout. */
  stopping(drainTimeoutMs: number): void {
    this.#status = this.#setup.status();
    const extension = (drainTimeoutMs + endMarginMs) * 1000;
    this.#send(`STOPPING=1\nEXTEND_TIMEOUT_USEC=${extension}\nSTATUS=${this.#status}`);
  }

  #refreshStatus(): void {
    const status = this.#setup.status();
    if (status === this.#status) return;
    this.#status = status;
    this.#send(`STATUS=${status}`);
  }

  #send(message: string): void {
    try {
      writeSync(this.#setup.notifyFd, message);
    } catch {
      // Its queue is full, or it is being restarted.
    }
  }
}
