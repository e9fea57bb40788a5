// White space as Unicode defines it. String.prototype.trim differs in two characters: it takes the byte
// order mark, which belongs to a file's first line, and leaves U+0085.

const leading = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Without white space at the end; linear however much of it there is. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && space.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Without white space at either end. */
export function trimBoth(text: string): string {
  return trimEnd(text).replace(leading, "");
}
