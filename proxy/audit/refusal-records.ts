// Refused requests in the audit log: each one, as long as they are few. A flood of them is told in sums by
// rule and user, so that nobody fills the log, or the disk, by being refused.

import type { Client } from "../access/client.ts";
import { plainText } from "../telemetry/plain-text.ts";
import { refusedRecord } from "./audit-record.ts";

// Records at once, and then each second.
const burst = 100;
const perSecond = 10;

const sumIntervalMs = 10_000;

// By rule and user; a machine has more uids than that only where somebody makes them up.
const maxSums = 256;

interface Sum {
  readonly since: string;
  readonly transport: string;
  readonly uid: number | undefined;
  readonly user: string | undefined;
  readonly rule: string;
  count: number;
}

export class RefusalRecords {
  readonly #append: (record: object) => void;
  readonly #sums = new Map<string, Sum>();
  #allowed = burst;
  #countedAtMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** @param append - takes each record */
  constructor(append: (record: object) => void) {
    this.#append = append;
  }

  refused(client: Client, rule: string, status: number): void {
    const nowMs = performance.now();
    this.#allowed = Math.min(burst, this.#allowed + ((nowMs - this.#countedAtMs) / 1000) * perSecond);
    this.#countedAtMs = nowMs;
    if (this.#allowed >= 1) {
      this.#allowed--;
      this.#append(refusedRecord(client, rule, status));
      return;
    }
    this.#timer ??= setTimeout(() => this.flush(), sumIntervalMs).unref();
    const own = `${rule} ${client.transport} ${client.uid}`;
    const key = this.#sums.has(own) || this.#sums.size < maxSums ? own : "";
    const sum = this.#sums.get(key);
    if (sum !== undefined) sum.count++;
    else this.#sums.set(key, begin(key === "" ? undefined : client, rule));
  }

  /** Write the sums now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const time = new Date().toISOString();
    for (const sum of this.#sums.values())
      this.#append({ time, event: "refusals", verdict: "refused", ...sum });
    this.#sums.clear();
  }
}

/** @param client - undefined for all whom there is no room for */
function begin(client: Client | undefined, rule: string): Sum {
  const user = client?.user === undefined ? undefined : plainText(client.user, 64);
  return {
    since: new Date().toISOString(),
    transport: client?.transport ?? "any",
    uid: client?.uid,
    user,
    rule: client === undefined ? "any" : rule,
    count: 1,
  };
}
