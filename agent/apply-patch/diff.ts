// The shortest edit from one list of lines to another: Myers' O(ND) algorithm in its linear-space form. Where
// texts have too little in common for it to end soon, the rest is replaced as a whole.

/** Lines `oldStart` to `oldEnd` are replaced by lines `newStart` to `newEnd`; ends are exclusive. */
export interface Replacement {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

// Work grows with the square of this; 2000 differing lines on either side are found exactly.
const mostEdits = 2000;

/** Lines as numbers: equal ones have the same. */
interface Sides {
  readonly old: Int32Array;
  readonly new: Int32Array;
}

/** A part of both sides, ends exclusive. */
interface Box {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

/** A stretch of equal lines in the middle of a shortest path. */
interface Snake {
  readonly oldStart: number;
  readonly newStart: number;
  readonly length: number;
}

/** Compare two lists of lines. @returns replacements in order, none touching the next */
export function diffLines(oldLines: readonly string[], newLines: readonly string[]): Replacement[] {
  const numbers = new Map<string, number>();
  const number = (line: string): number => {
    const known = numbers.get(line) ?? numbers.size;
    numbers.set(line, known);
    return known;
  };
  const sides = { old: Int32Array.from(oldLines, number), new: Int32Array.from(newLines, number) };
  const replacements: Replacement[] = [];
  // Boxes from right to left, so that the leftmost is taken first.
  const boxes: Box[] = [{ oldStart: 0, oldEnd: oldLines.length, newStart: 0, newEnd: newLines.length }];
  for (let box = boxes.pop(); box !== undefined; box = boxes.pop()) {
    const rest = withoutEqualEnds(sides, box);
    if (rest.oldStart === rest.oldEnd && rest.newStart === rest.newEnd) continue;
    const isOneSided = rest.oldStart === rest.oldEnd || rest.newStart === rest.newEnd;
    const snake = isOneSided ? undefined : middleSnake(sides, rest);
    if (snake === undefined) {
      append(replacements, rest);
      continue;
    }
    boxes.push({
      oldStart: snake.oldStart + snake.length,
      oldEnd: rest.oldEnd,
      newStart: snake.newStart + snake.length,
      newEnd: rest.newEnd,
    });
    boxes.push({
      oldStart: rest.oldStart,
      oldEnd: snake.oldStart,
      newStart: rest.newStart,
      newEnd: snake.newStart,
    });
  }
  return replacements;
}

function append(replacements: Replacement[], next: Replacement): void {
  const last = replacements.at(-1);
  if (last !== undefined && last.oldEnd === next.oldStart && last.newEnd === next.newStart) {
    replacements.pop();
    replacements.push({ ...next, oldStart: last.oldStart, newStart: last.newStart });
  } else {
    replacements.push(next);
  }
}

function withoutEqualEnds(sides: Sides, box: Box): Box {
  let { oldStart, oldEnd, newStart, newEnd } = box;
  while (oldStart < oldEnd && newStart < newEnd && sides.old[oldStart] === sides.new[newStart]) {
    oldStart += 1;
    newStart += 1;
  }
  while (oldStart < oldEnd && newStart < newEnd && sides.old[oldEnd - 1] === sides.new[newEnd - 1]) {
    oldEnd -= 1;
    newEnd -= 1;
  }
  return { oldStart, oldEnd, newStart, newEnd };
}

/** Search from both corners at once. @returns undefined when nothing is in common, or it would take too long */
function middleSnake(sides: Sides, box: Box): Snake | undefined {
  const height = box.oldEnd - box.oldStart;
  const width = box.newEnd - box.newStart;
  const delta = height - width;
  const isOdd = (delta & 1) !== 0;
  const rounds = Math.min(Math.ceil((height + width) / 2), mostEdits);
  // Furthest old position on each diagonal k = old - new, from the start and (counted back) from the end.
  const zero = rounds + 1;
  const forward = new Int32Array(2 * rounds + 3);
  const backward = new Int32Array(2 * rounds + 3);
  for (let edits = 0; edits <= rounds; edits += 1) {
    for (let k = -edits; k <= edits; k += 2) {
      let x = furthest(forward, zero, k, edits);
      const start = x;
      while (x < height && x - k < width && x - k >= 0) {
        if (sides.old[box.oldStart + x] !== sides.new[box.newStart + x - k]) break;
        x += 1;
      }
      forward[zero + k] = x;
      const mirrored = delta - k;
      if (!isOdd || mirrored < -(edits - 1) || mirrored > edits - 1) continue;
      if (x + (backward[zero + mirrored] ?? 0) < height) continue;
      return snakeAt(box, start, k, x - start);
    }
    for (let k = -edits; k <= edits; k += 2) {
      let x = furthest(backward, zero, k, edits);
      const start = x;
      while (x < height && x - k < width && x - k >= 0) {
        if (sides.old[box.oldEnd - 1 - x] !== sides.new[box.newEnd - 1 - (x - k)]) break;
        x += 1;
      }
      backward[zero + k] = x;
      const mirrored = delta - k;
      if (isOdd || mirrored < -edits || mirrored > edits) continue;
      if (x + (forward[zero + mirrored] ?? 0) < height) continue;
      return snakeAt(box, height - x, mirrored, x - start);
    }
  }
  return undefined;
}

function furthest(reached: Int32Array, zero: number, k: number, edits: number): number {
  if (edits === 0) return 0;
  const fromLeft = reached[zero + k - 1] ?? 0;
  const fromRight = reached[zero + k + 1] ?? 0;
  return k === -edits || (k !== edits && fromLeft < fromRight) ? fromRight : fromLeft + 1;
}

/** @returns undefined for a snake in a corner of the box, which would divide it into itself and nothing */
function snakeAt(box: Box, x: number, k: number, length: number): Snake | undefined {
  const y = x - k;
  const isStart = x === 0 && y === 0;
  const isEnd = x + length === box.oldEnd - box.oldStart && y + length === box.newEnd - box.newStart;
  if (length === 0 && (isStart || isEnd)) return undefined;
  return { oldStart: box.oldStart + x, newStart: box.newStart + y, length };
}
