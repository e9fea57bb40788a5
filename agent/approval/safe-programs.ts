// Programs that only read, and the options with which they still do. Options are allowed by name: what a later
// release of a program adds is asked about until it is written down here.

import type { PlainCommand } from "./plain-commands.ts";
import type { PlainWord } from "./plain-word.ts";
import { readsOnlyWithGit } from "./safe-git.ts";

/** Whether the arguments of a program leave it one that only reads. */
export type ArgumentRule = (args: PlainCommand) => boolean;

const always: ArgumentRule = () => true;

// Neither option nor argument makes any of these write a file or run a program.
const harmless =
  "cat cd cut echo expr false grep head id ls nl paste pwd rev seq stat tail tr true uname wc which whoami";

const findTests = new Set(
  (
    "name iname path ipath wholename iwholename lname ilname regex iregex regextype type xtype size empty " +
    "maxdepth mindepth depth mtime atime ctime mmin amin cmin newer anewer cnewer perm user group uid gid " +
    "nouser nogroup links inum samefile readable writable executable fstype mount xdev used daystart follow " +
    "noleaf ignore_readdir_race noignore_readdir_race warn nowarn true false not and or a o print print0 " +
    "printf ls prune quit H L P E s x d"
  )
    .split(" ")
    .map((name) => `-${name}`),
);

const find: ArgumentRule = (args) =>
  args.every(({ text, expansion }) => {
    if (expansion === "anything") return false;
    // `-7` and `-10k` are arguments of tests.
    return !text.startsWith("-") || findTests.has(text) || /^-\d+[a-zA-Z]?$/.test(text);
  });

const ripgrepFlags = "abFhHiIlLnNopPqsSuUvVwxc0";
const ripgrepFlagsWithValue = "ABCEefgjmMrtTd";
const ripgrepOptions = new Set(
  (
    "after-context auto-hybrid-regex before-context binary block-buffered byte-offset case-sensitive color " +
    "colors column context context-separator count count-matches crlf debug encoding engine file " +
    "field-context-separator field-match-separator files files-with-matches files-without-match fixed-strings " +
    "follow glob glob-case-insensitive heading help hidden ignore-case ignore-file iglob " +
    "include-zero invert-match json line-buffered line-number line-regexp max-columns max-columns-preview " +
    "max-count max-depth max-filesize mmap multiline multiline-dotall no-config no-filename no-heading " +
    "no-ignore no-ignore-dot no-ignore-exclude no-ignore-files no-ignore-global no-ignore-messages " +
    "no-ignore-parent no-ignore-vcs no-line-number no-messages no-mmap no-unicode no-require-git null null-data " +
    "one-file-system only-matching passthru passthrough path-separator pcre2 pcre2-version pretty quiet regexp " +
    "regex-size-limit replace smart-case sort sortr stats stop-on-nonmatch text threads trim trace type type-add " +
    "type-clear type-list type-not unrestricted version vimgrep with-filename word-regexp"
  )
    .split(" ")
    .map((name) => `--${name}`),
);

const ripgrep: ArgumentRule = (args) => optionsAre(args, ripgrepOptions, ripgrepFlags, ripgrepFlagsWithValue);

const base64: ArgumentRule = (args) =>
  args.every(({ text, expansion }) => {
    if (expansion !== "none") return false;
    return !/^-./.test(text) || /^(-d|-D|-i|-w|-w\d+|--decode|--ignore-garbage|--wrap=\d+)$/.test(text);
  });

// A second operand is where it writes to; an option behind the first is one to some systems.
const uniq: ArgumentRule = (args) =>
  args.every(({ text, expansion }) => expansion === "none" && text !== "--") &&
  args.slice(0, -1).every(({ text }) => /^-./.test(text));

// Prints lines by their number, and nothing else that the language of sed can do.
const sed: ArgumentRule = ([quiet, script, file, ...more]) =>
  more.length === 0 &&
  quiet?.text === "-n" &&
  script !== undefined &&
  /^(\d+,)?(\d+|\$)p$/.test(script.text) &&
  [quiet, script].every(({ expansion }) => expansion === "none") &&
  (file === undefined || (!file.text.startsWith("-") && file.expansion !== "anything"));

/** The rules by the name of the program. */
export function safePrograms(platform: NodeJS.Platform): ReadonlyMap<string, ArgumentRule> {
  return new Map<string, ArgumentRule>([
    ...harmless.split(" ").map((name) => [name, always] as const),
    ...(platform === "linux" ? (["numfmt", "tac"] as const) : []).map((name) => [name, always] as const),
    ["base64", base64],
    ["find", find],
    ["git", readsOnlyWithGit],
    ["rg", ripgrep],
    ["sed", sed],
    ["uniq", uniq],
  ]);
}

/**
 * Whether every option is one of a list: long ones by their whole name, as far as the `=`, short ones letter
 * by letter. Operands may be anything.
 *
 * @param options - long ones, with their dashes
 * @param flags - letters without a value
 * @param flagsWithValue - letters whose value is what follows, or the next word
 */
export function optionsAre(
  args: readonly PlainWord[],
  options: ReadonlySet<string>,
  flags: string,
  flagsWithValue: string,
): boolean {
  // A value that looks like an option is taken for one, so that no option can pass for a value.
  for (const { text, expansion } of args) {
    if (expansion === "anything") return false;
    if (!/^-./.test(text)) continue;
    if (text === "--") continue; // behind it as well: it could be the value of an option in front of it
    if (text.startsWith("--")) {
      if (!options.has(text.split("=")[0] as string)) return false;
      continue;
    }
    for (const letter of text.slice(1)) {
      if (flagsWithValue.includes(letter)) break;
      if (!flags.includes(letter)) return false;
    }
  }
  return true;
}
