// Cuts a text that is too long where it hurts least, in its middle, and says so.

/** @returns at most `maxCharacters` of the text, and where they do not hold it, a line in between */
export function withoutMiddle(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const half = Math.max(Math.floor(maxCharacters / 2), 0);
  const head = text.slice(0, half).replace(/[\ud800-\udbff]$/, "");
  const tail = text.slice(text.length - half).replace(/^[\udc00-\udfff]/, "");
  return `${head}\n[… ${text.length - head.length - tail.length} characters left out …]\n${tail}`;
}
