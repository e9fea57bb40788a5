// Coverage-guided fuzzing of TypeScript: V8 tells which blocks of the code under test ran, and an input
// that reaches a new one is kept and mutated further.

import { Session } from "node:inspector";

export interface TypeScriptTarget {
  /** throws where something does not hold */
  readonly fuzz: (bytes: Buffer) => void;
  /** pieces that mutations put in, as latin1 */
  readonly dictionary: readonly string[];
  /** inputs to begin with, as latin1 */
  readonly seeds: readonly string[];
}

export interface FuzzResult {
  readonly runs: number;
  /** the fewest inputs, shortest first, that reach all that was reached */
  readonly corpus: readonly Buffer[];
  /** how many functions of the code were reached */
  readonly functions: number;
  readonly failure?: { readonly input: Buffer; readonly error: unknown };
}

const maxInputBytes = 4096;
const inputsTogether = 64;

/**
 * Run a target until the time is up or something does not hold.
 *
 * @param isUnderTest - tells by its URL whether a script's coverage counts
 * @param seed - for the mutations; the same seed and corpus take the same way
 */
export function fuzzWithCoverage(
  target: TypeScriptTarget,
  corpus: readonly Buffer[],
  isUnderTest: (url: string) => boolean,
  seconds: number,
  seed: number,
): FuzzResult {
  const coverage = new Coverage(isUnderTest);
  const random = makeRandom(seed);
  const kept: Buffer[] = [];
  let runs = 0;
  let failure: FuzzResult["failure"];

  const run = (input: Buffer): void => {
    runs++;
    try {
      target.fuzz(input);
    } catch (error) {
      failure ??= { input, error };
    }
  };
  // Asking for the coverage takes longer than most inputs: they are asked for one by one only where
  // something new was among them.
  const runTogether = (inputs: readonly Buffer[]): void => {
    for (const input of inputs) run(input);
    if (!coverage.wouldGrow()) return;
    for (const input of inputs) {
      run(input);
      if (coverage.grows()) kept.push(input);
    }
  };
  const makeInput = (): Buffer => {
    let input = kept[random(kept.length)] ?? Buffer.alloc(0);
    for (let count = random(4); count >= 0; count--) input = mutate(input, kept, target.dictionary, random);
    return input.subarray(0, maxInputBytes);
  };

  runTogether([...corpus, ...target.seeds.map((text) => Buffer.from(text, "latin1"))]);
  const end = Date.now() + seconds * 1000;
  while (failure === undefined && Date.now() < end)
    runTogether(Array.from({ length: inputsTogether }, makeInput));

  const minimal = failure === undefined ? minimise(kept, target, coverage) : kept;
  coverage.stop();
  return {
    runs,
    corpus: minimal,
    functions: coverage.functions,
    ...(failure === undefined ? {} : { failure }),
  };
}

function minimise(kept: readonly Buffer[], target: TypeScriptTarget, coverage: Coverage): Buffer[] {
  coverage.forget();
  return [...kept]
    .sort((a, b) => a.length - b.length)
    .filter((input) => {
      target.fuzz(input);
      return coverage.grows();
    });
}

interface BlockCounts {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly startOffset: number;
        readonly endOffset: number;
        readonly count: number;
      }[];
    }[];
  }[];
}

type Span = readonly [start: number, end: number];

/** What of the source ran so far; functions that never ran are not in it. */
class Coverage {
  readonly #session = new Session();
  readonly #isUnderTest: (url: string) => boolean;
  /** by function, the spans that no input has reached: V8 reports blocks only where they differ */
  #unreached = new Map<string, readonly Span[]>();

  constructor(isUnderTest: (url: string) => boolean) {
    this.#isUnderTest = isUnderTest;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    this.drop();
  }

  get functions(): number {
    return this.#unreached.size;
  }

  /** Whether code ran since the last call that had never run; it counts as reached from now on. */
  grows(): boolean {
    let isNew = false;
    for (const [name, skipped] of this.#take()) {
      const before = this.#unreached.get(name);
      const now = before === undefined ? skipped : intersectionOf(before, skipped);
      if (before === undefined || lengthOf(now) < lengthOf(before)) {
        isNew = true;
        this.#unreached.set(name, now);
      }
    }
    return isNew;
  }

  /** Whether code ran since the last call that had never run; nothing is remembered. */
  wouldGrow(): boolean {
    const known = new Map(this.#unreached);
    const isNew = this.grows();
    this.#unreached = known;
    return isNew;
  }

  forget(): void {
    this.drop();
    this.#unreached.clear();
  }

  drop(): void {
    this.#take();
  }

  stop(): void {
    this.#session.disconnect();
  }

  #take(): Map<string, readonly Span[]> {
    const skippedIn = new Map<string, readonly Span[]>();
    // Within one thread the answer is there when post() returns.
    this.#session.post("Profiler.takePreciseCoverage", (_error, counts) => {
      for (const { url, functions } of (counts as BlockCounts).result) {
        if (!this.#isUnderTest(url)) continue;
        for (const { ranges } of functions) {
          const [whole] = ranges;
          if (whole === undefined || whole.count === 0) continue;
          const skipped = ranges.filter(({ count }) => count === 0);
          skippedIn.set(
            `${url}:${whole.startOffset}`,
            skipped.map(({ startOffset, endOffset }) => [startOffset, endOffset]),
          );
        }
      }
    });
    return skippedIn;
  }
}

function intersectionOf(some: readonly Span[], others: readonly Span[]): Span[] {
  return some.flatMap(([start, end]) =>
    others
      .map(([otherStart, otherEnd]): Span => [Math.max(start, otherStart), Math.min(end, otherEnd)])
      .filter(([from, to]) => from < to),
  );
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, [start, end]) => sum + end - start, 0);
}

type Random = (below: number) => number;

// mulberry32: small, and the same on every machine.
function makeRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return below <= 1 ? 0 : ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function mutate(
  input: Buffer,
  others: readonly Buffer[],
  dictionary: readonly string[],
  random: Random,
): Buffer {
  const at = random(input.length + 1);
  const length = Math.min(input.length - at, 1 + random(1 + random(16)));
  const head = input.subarray(0, at);
  const tail = input.subarray(at);
  const piece = () => {
    const other = others[random(others.length)] ?? input;
    const from = random(other.length + 1);
    return other.subarray(from, from + 1 + random(32));
  };
  switch (random(8)) {
    case 0: // change a byte
      return Buffer.concat([head, Buffer.from([random(256)]), tail.subarray(1)]);
    case 1: // flip a bit
      return Buffer.concat([head, Buffer.from([(tail[0] ?? 0) ^ (1 << random(8))]), tail.subarray(1)]);
    case 2: // leave some out
      return Buffer.concat([head, tail.subarray(length)]);
    case 3: // say some twice
      return Buffer.concat([head, tail.subarray(0, length), tail]);
    case 4: // a piece of another input
      return Buffer.concat([head, piece(), tail]);
    case 5: // the rest of another input
      return Buffer.concat([head, (others[random(others.length)] ?? input).subarray(at)]);
    case 6: // a word in place of some
      return Buffer.concat([head, word(dictionary, random), tail.subarray(length)]);
    default:
      return Buffer.concat([head, word(dictionary, random), tail]);
  }
}

function word(dictionary: readonly string[], random: Random): Buffer {
  return Buffer.from(dictionary[random(dictionary.length)] ?? "", "latin1");
}
