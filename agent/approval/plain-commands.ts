// Scripts that are nothing but commands of plain words, joined by `&&`, `||`, `;`, `|` or a new line. The
// grammar says where words and operators are; what they hold, and that nothing lies between them, is checked
// again by the letters, so that a mistake of either makes a script unknown and never harmless.

import { type PlainWord, plainWord } from "./plain-word.ts";
import { type ShellNode, withShellTree } from "./shell-grammar.ts";

/** A command of a script; never empty. */
export type PlainCommand = readonly PlainWord[];

/** The words of each command of a script, in their order; undefined for a script with anything else in it. */
export async function plainCommands(script: string): Promise<readonly (readonly string[])[] | undefined> {
  const commands = await plainCommandWords(script);
  return commands?.map((words) => words.map(({ text }) => text));
}

/** As plainCommands(), with what patterns in words may become. */
export async function plainCommandWords(script: string): Promise<readonly PlainCommand[] | undefined> {
  if (hasStrangeCharacter(script)) return undefined;
  return withShellTree(script, (root) => (root.hasError ? undefined : commandsIn(root, script)));
}

// Control characters, blanks that only some shells or terminals take for one, and halves of characters.
function hasStrangeCharacter(script: string): boolean {
  return /(?![\n\t ])[\p{C}\p{Z}]/u.test(script);
}

/** Something that the grammar has found, and how far it goes. */
interface Piece {
  readonly start: number;
  readonly end: number;
  /** the command that it is a word of; undefined for an operator */
  readonly command: number | undefined;
}

const containers = new Set(["program", "list", "pipeline"]);
const operators = new Set(["&&", "||", ";", "|"]);
const wordTypes = new Set(["word", "number", "string", "raw_string", "concatenation"]);

function commandsIn(root: ShellNode, script: string): PlainCommand[] | undefined {
  const pieces = piecesIn(root, script);
  if (pieces === undefined) return undefined;
  const commands: PlainWord[][] = [];
  let previous: Piece | undefined;
  for (const piece of [...pieces].sort((one, other) => one.start - other.start)) {
    const gap = script.slice(previous?.end ?? 0, piece.start);
    if (!isRightGap(gap, previous, piece)) return undefined;
    if (piece.command !== undefined) {
      const word = plainWord(script.slice(piece.start, piece.end));
      if (word === undefined) return undefined;
      if (previous?.command === piece.command) commands.at(-1)?.push(word);
      else commands.push([word]);
    }
    previous = piece;
  }
  return previous !== undefined && /^[ \t\n]*$/.test(script.slice(previous.end)) ? commands : undefined;
}

// Words of a command are apart by blanks, commands by an operator or a new line.
function isRightGap(gap: string, previous: Piece | undefined, piece: Piece): boolean {
  if (previous?.command === undefined || piece.command === undefined) return /^[ \t\n]*$/.test(gap);
  if (previous.command === piece.command) return /^[ \t]+$/.test(gap);
  return /^[ \t\n]*$/.test(gap) && gap.includes("\n");
}

function piecesIn(root: ShellNode, script: string): Piece[] | undefined {
  const pieces: Piece[] = [];
  const waiting: ShellNode[] = [root];
  let count = 0;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.isMissing || node.isError) return undefined;
    if (containers.has(node.type)) waiting.push(...node.children);
    else if (node.type === "command") {
      const words = wordsOf(node);
      if (words === undefined) return undefined;
      for (const { startIndex, endIndex } of words)
        pieces.push({ start: startIndex, end: endIndex, command: count });
      count += 1;
    } else if (operators.has(node.type) && node.text === node.type)
      pieces.push({ start: node.startIndex, end: node.endIndex, command: undefined });
    else if (script.slice(node.startIndex, node.endIndex).trim() !== "") return undefined;
  }
  return pieces;
}

function wordsOf(command: ShellNode): ShellNode[] | undefined {
  const [name, ...args] = command.children;
  const first = name?.type === "command_name" && name.childCount === 1 ? name.firstChild : null;
  if (first === null || first.type !== "word") return undefined;
  return args.every(({ type }) => wordTypes.has(type)) ? [first, ...args] : undefined;
}
