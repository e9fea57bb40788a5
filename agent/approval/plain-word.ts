// One word of a script, by its letters: what it means where it means the same to bash, zsh and a POSIX
// shell, and nothing otherwise. What only one of them knows, or a user's options change, makes no plain word.

/** A word whose value is known before it runs. */
export interface PlainWord {
  readonly text: string;
  /**
   * what a pattern in it may become: `names` are paths that start with the same letters, so that none is an
   * option; `anything` may be one
   */
  readonly expansion: "none" | "names" | "anything";
}

// Outside of quotes. Left out are, beside what every shell knows: braces, `!`, `#`, and any backslash.
const plain = /^[\p{L}\p{M}\p{N}_@%+=:,./^~-]$/u;
const pattern = /^[*?[\]]$/;
const escapable = /^[$`"\\]$/;

/** The value of a word as it is written; undefined where it is not plain. */
export function plainWord(source: string): PlainWord | undefined {
  const characters = [...source];
  let text = "";
  let hasPattern = false;
  let literalFirst = "";
  for (let at = 0; at < characters.length; ) {
    const character = characters[at] as string;
    if (character === "'" || character === '"') {
      const end = character === "'" ? characters.indexOf("'", at + 1) : closingQuote(characters, at + 1);
      if (end === -1) return undefined;
      // Two in a row are one with a quote inside under zsh's RC_QUOTES.
      if (character === "'" && characters[end + 1] === "'") return undefined;
      const quoted = characters.slice(at + 1, end);
      const value = character === "'" ? quoted.join("") : doubleQuoted(quoted);
      if (value === undefined) return undefined;
      if (!hasPattern && literalFirst === "") literalFirst = value.slice(0, 1);
      text += value;
      at = end + 1;
      continue;
    }
    if (pattern.test(character)) hasPattern = true;
    else if (!plain.test(character) || !isPlainThere(characters, at)) return undefined;
    else if (!hasPattern && literalFirst === "") literalFirst = character;
    text += character;
    at += 1;
  }
  if (source === "") return undefined;
  if (!hasPattern) return { text, expansion: "none" };
  if (literalFirst === "-") return undefined;
  return { text, expansion: literalFirst === "" ? "anything" : "names" };
}

// `~` is a home at the start of a word, and in some shells behind `=`, `:` or empty quotes, so it has to follow a
// letter; zsh takes `=name` for a path, and `^` for a pattern where it is told to.
function isPlainThere(characters: readonly string[], at: number): boolean {
  const before = characters[at - 1] ?? "";
  switch (characters[at]) {
    case "~":
      return /^[\p{L}\p{N}_^~]$/u.test(before);
    case "=":
    case "^":
      return /^[\p{L}\p{N}_^~.:,@%+/=-]$/u.test(before);
    default:
      return true;
  }
}

function closingQuote(characters: readonly string[], from: number): number {
  for (let at = from; at < characters.length; at += 1) {
    if (characters[at] === '"') return at;
    if (characters[at] === "\\") at += 1;
  }
  return -1;
}

// A dollar is one only at the end, where no shell sees a name behind it.
function doubleQuoted(characters: readonly string[]): string | undefined {
  let text = "";
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    const next = characters[at + 1];
    if (character === "`" || (character === "$" && next !== undefined)) return undefined;
    if (character === "\\" && next === "\n") return undefined;
    const isEscape = character === "\\" && next !== undefined && escapable.test(next);
    text += isEscape ? next : character;
    if (isEscape) at += 1;
  }
  return text;
}
