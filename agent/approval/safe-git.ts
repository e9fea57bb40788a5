// The uses of git that only read. What a repository's own configuration could make them run is the matter of
// repository.ts.

import type { PlainCommand } from "./plain-commands.ts";
import { optionsAre } from "./safe-programs.ts";

const history =
  "abbrev abbrev-commit after all all-match ancestry-path author author-date-order basic-regexp before boundary " +
  "branches cc cherry cherry-mark cherry-pick children committer date date-order decorate decorate-refs " +
  "decorate-refs-exclude dense exclude extended-regexp first-parent fixed-strings follow format full-history " +
  "full-diff glob graph grep invert-grep left-only left-right log-size mailmap max-count max-parents merges " +
  "min-parents no-abbrev-commit no-decorate no-graph no-mailmap no-max-parents no-merges no-min-parents no-notes " +
  "no-walk notes objects oneline parents perl-regexp pretty regexp-ignore-case relative-date remotes remove-empty " +
  "reverse right-only show-pulls simplify-by-decoration simplify-merges since skip source sparse tags " +
  "topo-order until use-mailmap walk-reflogs";

const differences =
  "anchored base binary break-rewrites cached cc check color color-moved color-moved-ws color-words compact-summary " +
  "cumulative diff-algorithm diff-filter diff-merges dirstat dst-prefix exit-code find-copies find-copies-harder " +
  "find-object find-renames full-index function-context histogram ignore-all-space ignore-blank-lines " +
  "ignore-cr-at-eol ignore-matching-lines ignore-space-at-eol ignore-space-change ignore-submodules indent-heuristic " +
  "inter-hunk-context irreversible-delete ita-invisible-in-index line-prefix merge-base minimal name-only " +
  "name-status no-color no-color-moved no-ext-diff no-indent-heuristic no-patch no-prefix no-relative no-renames " +
  "no-textconv numstat ours patch patch-with-raw patch-with-stat patience pickaxe-all pickaxe-regex quiet raw relative " +
  "rename-empty shortstat src-prefix staged stat stat-count stat-name-width stat-width summary text theirs unified " +
  "word-diff word-diff-regex ws-error-highlight";

const state =
  "ahead-behind branch column find-renames ignored ignore-submodules long no-ahead-behind no-column no-renames null " +
  "porcelain renames short show-stash untracked-files verbose";

const branches =
  "abbrev all color column contains format ignore-case list merged no-abbrev no-color no-column no-contains " +
  "no-merged points-at remotes show-current sort verbose";

const named = (text: string) => new Set(text.split(" ").map((name) => `--${name}`));
const historyOptions = named(`${history} ${differences}`);
const differenceOptions = named(differences);
const stateOptions = named(state);
const branchOptions = named(branches);

// With one of these `git branch` lists; with a name alone it makes a branch. It has to come first, or it could
// be the value of another option.
const listing = /^--(list|contains|no-contains|merged|no-merged|points-at)(=|$)/;
const withoutValue = /^(-[arvqi]+|--(all|remotes|verbose|ignore-case))$/;

/** Whether arguments of git only read, as far as they themselves go. */
export function readsOnlyWithGit(args: PlainCommand): boolean {
  // Options in front of the command may name another configuration, repository or program.
  const [subcommand, ...rest] = args[0]?.text === "--no-pager" ? args.slice(1) : args;
  // `%G` in a format asks gpg, which the configuration names.
  if (subcommand?.expansion !== "none" || rest.some(({ text }) => /%G|signature/i.test(text))) return false;
  const digits = "0123456789";
  switch (subcommand.text) {
    case "status":
      return optionsAre(rest, stateOptions, "sbvz", "u");
    case "diff":
      return optionsAre(rest, differenceOptions, `abcpuwzsRW${digits}`, "UGSMBCDXIl");
    case "log":
    case "show":
      return optionsAre(rest, historyOptions, `abcgimpqrtuwzsEFPRW${digits}`, "nUGSLMBCDXIl");
    case "branch":
      return (
        optionsAre(rest, branchOptions, "arvqi", "") &&
        (rest.every(({ text }) => text.startsWith("-")) ||
          listing.test(rest.find(({ text }) => !withoutValue.test(text))?.text ?? ""))
      );
    default:
      return false;
  }
}
