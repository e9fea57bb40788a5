// Which names somebody may have meant who typed another one: by Jaro's measure, as the original does it,
// so that both give the same tips.

function matchingCharacters(left: string, right: string, reach: number): string[] {
  const taken = new Array<boolean>(right.length).fill(false);
  const matches: string[] = [];
  for (let i = 0; i < left.length; i++) {
    for (let j = Math.max(0, i - reach); j < Math.min(right.length, i + reach + 1); j++) {
      if (taken[j] || left[i] !== right[j]) continue;
      taken[j] = true;
      matches.push(left[i] as string);
      break;
    }
  }
  return matches;
}

/** Jaro similarity: 1 for equal strings, 0 for those that have nothing in common. */
function jaroSimilarity(left: string, right: string): number {
  if (left === right) return 1;
  const reach = Math.max(0, Math.floor(Math.max(left.length, right.length) / 2) - 1);
  const fromLeft = matchingCharacters(left, right, reach);
  if (fromLeft.length === 0) return 0;
  const fromRight = matchingCharacters(right, left, reach);
  const transposed = fromLeft.filter((character, i) => character !== fromRight[i]).length / 2;
  const count = fromLeft.length;
  return (count / left.length + count / right.length + (count - transposed) / count) / 3;
}

/** @returns the names that are close to `word`, the closest last */
export function similarNames(word: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, similarity: jaroSimilarity(word, name) }))
    .filter(({ similarity }) => similarity > 0.7)
    .toSorted((one, other) => one.similarity - other.similarity)
    .map(({ name }) => name);
}
