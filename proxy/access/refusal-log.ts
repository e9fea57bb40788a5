// One line in the log for a refusal, as long as there are few: somebody who is refused a thousand times
// a second fills no disk, and is counted.

const windowMs = 60_000;
const linesPerWindow = 3;

// Uids times rules; what comes beyond is counted together.
const maxTold = 200;

interface Told {
  readonly who: string;
  readonly why: string;
  times: number;
}

/** Refusals by who and why. */
export class RefusalLog {
  readonly #say: (line: string) => void;
  readonly #told = new Map<string, Told>();
  #timer: NodeJS.Timeout | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /**
   * @param who - like "uid 1000 (alice)"
   * @param why - which rule, and in which way
   */
  note(who: string, why: string): void {
    const isFull = this.#told.size >= maxTold;
    const key = `${who} ${why}`;
    const known = this.#told.get(key);
    const told = known ?? (isFull ? this.#others() : { who, why, times: 0 });
    if (known === undefined && !isFull) this.#told.set(key, told);
    told.times++;
    if (told.times <= linesPerWindow) this.#say(`codex: refused ${who}: ${why}`);
    this.#timer ??= setTimeout(() => this.sumUp(), windowMs).unref();
  }

  /** Say how many were left out, and begin a new window. */
  sumUp(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { who, why, times } of this.#told.values()) {
      const more = times - linesPerWindow;
      if (more > 0) this.#say(`codex: refused ${who}: ${why}: ${more} more within ${windowMs / 1000} s`);
    }
    this.#told.clear();
  }

  #others(): Told {
    const key = "";
    const others = this.#told.get(key) ?? { who: "others", why: "by the same rules", times: linesPerWindow };
    this.#told.set(key, others);
    return others;
  }
}
