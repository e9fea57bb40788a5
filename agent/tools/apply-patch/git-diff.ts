// Changes of files in the form of `git diff`, which `git apply` takes where all of it is text.

import { unifiedDiff } from "../../apply-patch/unified-diff.ts";
import type { Snapshot } from "./snapshot.ts";

/** A file before and after; names are those that the diff shows. */
export interface FileDifference {
  readonly oldName: string;
  readonly newName: string;
  readonly before: Snapshot | undefined;
  readonly after: Snapshot | undefined;
  /** percentage, for a file that was renamed */
  readonly similarity?: number;
}

const zeros = "0".repeat(40);

/** @param maxBytes - a longer diff of the lines is left out, and the files are said to differ */
export function gitDiff(difference: FileDifference, maxBytes: number): string {
  const { before, after } = difference;
  if (before !== undefined && after !== undefined && isLink(before) !== isLink(after)) {
    // git has no words for a file that becomes a link.
    const { newName, oldName } = difference;
    const gone = gitDiff({ oldName, newName: oldName, before, after: undefined }, maxBytes);
    return gone + gitDiff({ oldName: newName, newName, before: undefined, after }, maxBytes);
  }
  const isSameContent = before?.oid !== undefined && before.oid === after?.oid;
  if (isSameContent) return `${header(difference).join("\n")}\n`;
  return `${[...header(difference), ...index(difference)].join("\n")}\n${content(difference, maxBytes)}`;
}

function isLink({ mode }: Snapshot): boolean {
  return mode === "120000";
}

function header({ oldName, newName, before, after, similarity }: FileDifference): readonly string[] {
  const modes =
    before === undefined || after === undefined || before.mode === after.mode
      ? []
      : [`old mode ${before.mode}`, `new mode ${after.mode}`];
  const rename =
    similarity === undefined
      ? []
      : [
          `similarity index ${similarity}%`,
          `rename from ${quoted("", oldName)}`,
          `rename to ${quoted("", newName)}`,
        ];
  return [
    `diff --git ${quoted("a/", oldName)} ${quoted("b/", newName)}`,
    ...modes,
    ...rename,
    ...(before === undefined && after !== undefined ? [`new file mode ${after.mode}`] : []),
    ...(after === undefined && before !== undefined ? [`deleted file mode ${before.mode}`] : []),
  ];
}

function index({ before, after }: FileDifference): readonly string[] {
  const [from, to] = [before, after].map((side) => (side === undefined ? zeros : side.oid));
  if (from === undefined || to === undefined) return [];
  const mode = before !== undefined && before.mode === after?.mode ? ` ${before.mode}` : "";
  return [`index ${from}..${to}${mode}`];
}

// What follows the header: nothing for an empty file that comes or goes.
function content({ oldName, newName, before, after }: FileDifference, maxBytes: number): string {
  const from = before === undefined ? "/dev/null" : quoted("a/", oldName);
  const to = after === undefined ? "/dev/null" : quoted("b/", newName);
  const differ = `Binary files ${from} and ${to} differ\n`;
  const isShown = [before, after].every((side) => side === undefined || side.text !== undefined);
  if (!isShown) return differ;
  const hunks = unifiedDiff(before?.text ?? "", after?.text ?? "", 3);
  if (hunks === "") return "";
  if (hunks.length > maxBytes) return differ;
  // A tab ends a name that has blanks in it.
  const [oldLine, newLine] = [from, to].map((name) => (name.includes(" ") ? `${name}\t` : name));
  return `--- ${oldLine}\n+++ ${newLine}\n${hunks}`;
}

const escapes: Readonly<Record<string, string>> = {
  ...{ "\x07": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r" },
  ...{ '"': '\\"', "\\": "\\\\" },
};

/** A name as git writes it: in quotes where characters of it would break the line. */
function quoted(prefix: string, name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const special = /[\x00-\x1f"\\\x7f]/g;
  if (!special.test(name)) return prefix + name;
  const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  return `"${prefix}${name.replace(special, (character) => escapes[character] ?? octal(character))}"`;
}
