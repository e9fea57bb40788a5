// Which of the files that are gone has become which of those that are new: by what they have in common, as
// git guesses it. Bounded: where there are too many to compare, only equal ones are found.

import type { Snapshot } from "./snapshot.ts";

export interface NamedSnapshot {
  readonly name: string;
  readonly snapshot: Snapshot;
}

export interface Rename {
  readonly from: NamedSnapshot;
  readonly to: NamedSnapshot;
  /** percentage */
  readonly similarity: number;
}

const leastSimilarity = 50;
const mostComparisons = 400;

/** Pair files up, the most alike first, none of them twice. */
export function findRenames(
  gone: readonly NamedSnapshot[],
  come: readonly NamedSnapshot[],
): readonly Rename[] {
  const candidates: Rename[] = [];
  const comparesText = gone.length * come.length <= mostComparisons;
  for (const from of gone) {
    for (const to of come) {
      const similarity = similarityOf(from.snapshot, to.snapshot, comparesText);
      if (similarity >= leastSimilarity) candidates.push({ from, to, similarity });
    }
  }
  candidates.sort((one, other) => other.similarity - one.similarity);
  const taken = new Set<NamedSnapshot>();
  return candidates.filter(({ from, to }) => {
    if (taken.has(from) || taken.has(to)) return false;
    taken.add(from).add(to);
    return true;
  });
}

function similarityOf(one: Snapshot, other: Snapshot, comparesText: boolean): number {
  const isLink = (side: Snapshot) => side.mode === "120000";
  if (isLink(one) !== isLink(other) || one.size === 0 || other.size === 0) return 0;
  if (one.oid !== undefined && one.oid === other.oid) return 100;
  if (!comparesText || one.text === undefined || other.text === undefined) return 0;
  const most = Math.max(one.text.length, other.text.length);
  if (Math.min(one.text.length, other.text.length) * 100 < most * leastSimilarity) return 0;
  // Not 100: that is for files that are the same.
  return Math.min(99, Math.floor((commonLength(one.text, other.text) * 100) / most));
}

/** Characters in lines that both texts have, wherever they stand. */
function commonLength(one: string, other: string): number {
  const counts = new Map<string, number>();
  for (const line of one.split("\n")) counts.set(line, (counts.get(line) ?? 0) + 1);
  let length = -1; // what follows the last line feed has none
  for (const line of other.split("\n")) {
    const count = counts.get(line) ?? 0;
    if (count === 0) continue;
    counts.set(line, count - 1);
    length += line.length + 1;
  }
  return Math.max(0, length);
}
