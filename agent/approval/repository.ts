// Whether the repository that git would find lets git run nothing. Its own configuration may name programs
// (fsmonitor, textconv, filters), and a folder that only looks like a repository is taken for one; so every
// key has to be known to be harmless. The user's own configuration elsewhere is his.

import { lstatSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";

const mostBytes = 64 * 1024;
const mostIndexBytes = 64 * 1024 * 1024;

// 0160000 in four bytes, as entries of an index have it; found by chance, it only means a question.
const gitlinkMode = Buffer.from([0, 0, 0xe0, 0]);

// `*` stands for any key, or for the name between section and key.
const harmlessKeys = new Set(
  (
    "core.repositoryformatversion core.filemode core.bare core.logallrefupdates core.ignorecase " +
    "core.precomposeunicode core.symlinks core.autocrlf core.eol core.safecrlf core.quotepath core.abbrev " +
    "core.longpaths core.untrackedcache core.preloadindex core.whitespace core.fscache core.commentchar " +
    "remote.*.url remote.*.pushurl remote.*.fetch remote.*.push remote.*.tagopt remote.*.prune remote.*.mirror " +
    "remote.pushdefault branch.*.remote branch.*.merge branch.*.rebase branch.*.pushremote branch.*.description " +
    "branch.*.vscode-merge-base branch.*.gh-merge-base branch.autosetuprebase branch.autosetupmerge branch.sort " +
    "user.name user.email user.signingkey init.defaultbranch pull.rebase pull.ff push.default " +
    "push.autosetupremote push.followtags fetch.prune fetch.prunetags rebase.autostash rebase.autosquash " +
    "merge.conflictstyle merge.ff commit.gpgsign tag.gpgsign tag.sort rerere.enabled rerere.autoupdate " +
    "log.date log.decorate log.follow log.abbrevcommit status.short status.branch status.showuntrackedfiles " +
    "status.relativepaths diff.algorithm diff.renames diff.renamelimit diff.colormoved diff.mnemonicprefix " +
    "diff.noprefix diff.context gc.auto gc.autodetach maintenance.auto extensions.objectformat " +
    "extensions.refstorage lfs.repositoryformatversion index.version feature.manyfiles advice.* color.*"
  ).split(" "),
);

/** Whether git, started in a folder, finds no repository, or a plain one that names no program. */
export function isPlainRepository(cwd: string): boolean {
  try {
    for (let folder = realpathSync(cwd); ; folder = dirname(folder)) {
      const git = lstatSync(join(folder, ".git"), { throwIfNoEntry: false });
      if (git !== undefined) return git.isDirectory() && namesNoProgram(join(folder, ".git"));
      if (exists(join(folder, "HEAD")) && exists(join(folder, "objects"))) return false; // a bare one
      if (dirname(folder) === folder) return true;
    }
  } catch {
    return false;
  }
}

function namesNoProgram(git: string): boolean {
  // The hook is run where `git status` and `git diff` refresh the index; a submodule has its own configuration.
  const others = ["hooks/post-index-change", "modules", "commondir", "config.worktree"];
  if (others.some((name) => exists(join(git, name)))) return false;
  if (hasNestedRepository(git)) return false;
  const config = join(git, "config");
  if (!exists(config)) return true;
  if (!isFileOf(statSync(config), mostBytes)) return false;
  return isHarmlessConfig(readFileSync(config, "utf8"));
}

// git goes into a repository that is an entry of the index, and reads the configuration there.
function hasNestedRepository(git: string): boolean {
  if (readdirSync(git).some((name) => name.startsWith("sharedindex."))) return true;
  const index = join(git, "index");
  if (!exists(index)) return false;
  return !isFileOf(statSync(index), mostIndexBytes) || readFileSync(index).includes(gitlinkMode);
}

// A pipe in the place of a file has nobody who writes, and a device no end.
function isFileOf(stats: Stats, mostBytes: number): boolean {
  return stats.isFile() && stats.size <= mostBytes;
}

/** Whether every line of a configuration is understood, and sets nothing that git would run. */
export function isHarmlessConfig(text: string): boolean {
  let section = "";
  let hasName = false;
  for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
    if (line === "" || /^[#;]/.test(line)) continue;
    if (line.endsWith("\\")) return false; // goes on in the next line
    const header = /^\[([A-Za-z0-9-]+)(?:[ \t]+"((?:[^"\\]|\\.)*)")?\]$/.exec(line);
    if (header !== null) {
      section = (header[1] as string).toLowerCase();
      hasName = header[2] !== undefined;
      continue;
    }
    const key = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*(=.*)?$/.exec(line)?.[1]?.toLowerCase();
    if (key === undefined) return false;
    const full = hasName ? `${section}.*.${key}` : `${section}.${key}`;
    if (!harmlessKeys.has(full) && (hasName || !harmlessKeys.has(`${section}.*`))) return false;
  }
  return true;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
