// A command as one line of text, quoted so that a POSIX shell reads the same words from it. Scripts compare
// the text, so the quoting is that of the original: as little as possible, in pieces where one kind of
// quotation mark does not do.

type Quoting = "none" | "single" | "double";

const plain = /[\w+\-./:@\]]/;

// History expansion knows `!` and `^` in double quotes; a backslash in single ones means something to fish.
function quotingsOf(character: string): readonly Quoting[] {
  if (plain.test(character)) return ["none", "single", "double"];
  if (character === "'" || character === "\\") return ["double"];
  if (character === "^") return [];
  if ("`$!".includes(character)) return ["single"];
  return ["single", "double"];
}

// As many characters as one way of quoting can take; `^` is safe at the beginning of single quotes alone.
function firstPiece(characters: readonly string[]): { readonly length: number; readonly quoting: Quoting } {
  const startsWithCaret = characters[0] === "^";
  let possible: readonly Quoting[] = startsWithCaret ? ["single"] : ["none", "single", "double"];
  let length = startsWithCaret ? 1 : 0;
  for (; length < characters.length; length++) {
    const own = quotingsOf(characters[length] as string);
    const both = possible.filter((quoting) => own.includes(quoting));
    if (both.length === 0) break;
    possible = both;
  }
  return { length, quoting: possible[0] as Quoting };
}

function quoted(text: string, quoting: Quoting): string {
  if (quoting === "none") return text;
  return quoting === "single" ? `'${text}'` : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function quotedWord(word: string): string {
  if (word === "") return "''";
  const characters = [...word];
  let text = "";
  while (characters.length > 0) {
    const { length, quoting } = firstPiece(characters);
    text += quoted(characters.splice(0, length).join(""), quoting);
  }
  return text;
}

/** Program and arguments as a shell takes them. */
export function commandText(command: readonly string[]): string {
  return command.map(quotedWord).join(" ");
}
