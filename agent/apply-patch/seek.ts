// Finds lines in a file, forgiving more from pass to pass: exactly; without white space at their ends; without
// white space at both; with typographic punctuation as typed. Linear in the file for each pass, whatever repeats.

import { trimBoth, trimEnd } from "./white-space.ts";

const passes: readonly ((line: string) => string)[] = [
  (line) => line,
  trimEnd,
  trimBoth,
  (line) => plainPunctuation(trimBoth(line)),
];

/** ASCII for the dashes, quotes and spaces that word processors put in its place. */
function plainPunctuation(text: string): string {
  return text
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(/[\u2018-\u201b]/g, "'")
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/[\u00a0\u2002-\u200a\u202f\u205f\u3000]/g, " ");
}

/** The lines of one file, to be searched many times. */
export class SeekableLines {
  readonly #forms: (readonly string[] | undefined)[];

  constructor(lines: readonly string[]) {
    this.#forms = [lines];
  }

  get length(): number {
    return this.#form(0).length;
  }

  /**
   * Find lines that follow each other.
   *
   * @param wanted - what to find; nothing is found at once, at `from`
   * @param from - index of the first line that may match
   * @param isAtEnd - only the last lines of the file may match
   * @returns the index of the first line, or undefined
   */
  find(wanted: readonly string[], from: number, isAtEnd = false): number | undefined {
    if (wanted.length === 0) return from;
    const lastStart = this.length - wanted.length;
    const start = isAtEnd ? Math.max(from, lastStart) : from;
    if (start > lastStart) return undefined;
    for (const [pass, form] of passes.entries()) {
      const found = indexOfLines(this.#form(pass), wanted.map(form), start);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #form(pass: number): readonly string[] {
    const form = passes[pass];
    if (form === undefined) throw new RangeError(`no pass ${pass}`);
    this.#forms[pass] ??= (this.#forms[0] ?? []).map(form);
    return this.#forms[pass];
  }
}

/** Knuth, Morris and Pratt over whole lines. */
function indexOfLines(
  lines: readonly string[],
  wanted: readonly string[],
  start: number,
): number | undefined {
  const fallback = fallbacks(wanted);
  let matched = 0;
  for (let at = start; at < lines.length; at += 1) {
    while (matched > 0 && lines[at] !== wanted[matched]) matched = fallback[matched - 1] ?? 0;
    if (lines[at] === wanted[matched]) matched += 1;
    if (matched === wanted.length) return at - matched + 1;
  }
  return undefined;
}

/** For each prefix of `wanted`, the length of its longest proper prefix that it also ends with. */
function fallbacks(wanted: readonly string[]): Uint32Array {
  const fallback = new Uint32Array(wanted.length);
  let matched = 0;
  for (let at = 1; at < wanted.length; at += 1) {
    while (matched > 0 && wanted[at] !== wanted[matched]) matched = fallback[matched - 1] ?? 0;
    if (wanted[at] === wanted[matched]) matched += 1;
    fallback[at] = matched;
  }
  return fallback;
}
