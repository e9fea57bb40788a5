// Asks real shells what they would complete. Each is started once for a list of command lines, without
// the configuration of whoever runs the tests.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";

/** A shell that completes: what it offers for each line, of which the last word is unfinished. */
export interface Shell {
  readonly name: "bash" | "zsh" | "fish" | "elvish";
  complete(place: Place, lines: readonly string[]): string[][];
}

export interface Place {
  /** where files are completed */
  readonly cwd: string;
  /** for files of the driver */
  readonly scratch: string;
  /** the completion script */
  readonly script: string;
}

const environment = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  TERM: "dumb",
  LC_ALL: "C.UTF-8",
};

function run(program: string, args: readonly string[], { cwd, scratch }: Place): string {
  const { stdout, stderr, status, error } = spawnSync(program, args, {
    cwd,
    env: { ...environment, HOME: scratch },
    encoding: "utf8",
    timeout: 60_000,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}${stdout}`);
  return stdout;
}

const separator = "-----";

function split(output: string): string[][] {
  const parts = output.replaceAll("\r", "").split(`${separator}\n`).slice(0, -1);
  return parts.map((part) => [...new Set(part.split("\n").filter((line) => line !== ""))].toSorted());
}

const inQuotes = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

// Readline hands over `--name=value` as three words.
const readlineWords = (line: string) => line.split(" ").flatMap((word) => word.split(/(?<==)|(?==)/));

const bash: Shell = {
  name: "bash",
  complete(place, lines) {
    const { scratch, script } = place;
    const driver = join(scratch, "driver.bash");
    const calls = lines.map((line) => `offer ${readlineWords(line).map(inQuotes).join(" ")}`);
    fs.writeFileSync(
      driver,
      `source ${inQuotes(script)}
complete -p codex > /dev/null || exit 1
offer() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _codex
  printf '%s\\n' "\${COMPREPLY[@]}" ${separator}
}
${calls.join("\n")}
`,
    );
    return split(run("bash", ["--norc", driver], place));
  },
};

const fish: Shell = {
  name: "fish",
  complete(place, lines) {
    const { scratch, script } = place;
    const driver = join(scratch, "driver.fish");
    const calls = lines.map((line) => `complete -C '${line}'; echo ${separator}`);
    fs.writeFileSync(driver, `source '${script}'\n${calls.join("\n")}\n`);
    const offered = split(run("fish", ["--no-config", driver], place));
    // Behind a tab is what it says of a candidate.
    return offered.map((lines) => lines.map((line) => line.split("\t")[0] ?? ""));
  },
};

const zsh: Shell = {
  name: "zsh",
  complete(place, lines) {
    const { cwd, scratch, script } = place;
    const setup = join(scratch, "setup.zsh");
    const driver = join(scratch, "driver.zsh");
    const offered = join(scratch, "offered");
    fs.writeFileSync(offered, "");
    // In the inner shell compadd tells a file what it is given. One with -O, -A or -D only asks.
    fs.writeFileSync(
      setup,
      `unset zle_bracketed_paste
autoload -U compinit
compinit -u -d ${inQuotes(join(scratch, "dump"))}
source ${inQuotes(script)}
compadd() {
  local -a hits
  if [[ " $argv[1,(i)(-|--)] " == *" -"[a-zA-Z]#[OAD]" "* ]]; then builtin compadd "$@"; return; fi
  builtin compadd -A hits "$@"
  local hit
  for hit in "$hits[@]"; do print -r -- "$IPREFIX$hit" >> ${inQuotes(offered)}; done
  builtin compadd "$@"
}
complete-and-tell() { zle complete-word; print -r -- ${separator} >> ${inQuotes(offered)} }
zle -N complete-and-tell
bindkey '^I' complete-and-tell
setopt extendedglob
cd ${inQuotes(cwd)}
`,
    );
    fs.writeFileSync(
      driver,
      `zmodload zsh/zpty
zpty inner 'zsh -f -i'
zpty -w inner ${inQuotes(`source ${setup}; print ready >> ${offered}.ready`)}
drain() { local text; while zpty -r -t inner text; do :; done }
until [[ -s ${inQuotes(`${offered}.ready`)} ]]; do drain; sleep 0.05; done
integer wanted=0 waits=0
for line in ${lines.map(inQuotes).join(" ")}; do
  (( wanted++ ))
  zpty -w -n inner $'\\C-U'"$line"$'\\t'
  until (( $(grep -c '^${separator}' ${inQuotes(offered)}) >= wanted )); do
    drain; sleep 0.02
    (( waits++ > 2000 )) && exit 1
  done
done
zpty -d inner
`,
    );
    run("zsh", ["-f", driver], place);
    return split(fs.readFileSync(offered, "utf8"));
  },
};

const elvish: Shell = {
  name: "elvish",
  complete(place, lines) {
    const { scratch, script } = place;
    const offered = join(scratch, "offered.elvish");
    const setup = join(scratch, "setup.elv");
    const calls = lines.map((line) => {
      const words = line.split(" ").map((word) => `'${word}'`);
      return `offer ${words.join(" ")}`;
    });
    // The module edit: is there only where there is a terminal, so it runs as the configuration of one.
    fs.writeFileSync(
      setup,
      `try {
  eval (slurp < '${script}')
  fn offer {|@words|
    for found [($edit:completion:arg-completer[codex] $@words)] {
      if (eq (kind-of $found) string) { echo $found >> '${offered}' } else { echo $found[stem] >> '${offered}' }
    }
    echo ${separator} >> '${offered}'
  }
  ${calls.join("\n  ")}
} catch error {
  echo $error[reason] >> '${offered}'
}
exit
`,
    );
    fs.rmSync(offered, { force: true });
    run("script", ["-qec", `elvish -rc '${setup}'`, "/dev/null"], place);
    const all = split(fs.readFileSync(offered, "utf8"));
    // The editor itself leaves out what does not begin with the unfinished word.
    return all.map((found, index) => {
      const unfinished = lines[index]?.split(" ").at(-1) ?? "";
      return found.filter((one) => one.startsWith(unfinished));
    });
  },
};

export const shells: readonly Shell[] = [bash, zsh, fish, elvish];

/** The `skip` of a test that needs a program: false, or a reason that nobody overlooks. */
export function skipWithout(program: string): string | false {
  if (spawnSync(program, [program === "elvish" ? "-version" : "--version"]).error === undefined) return false;
  process.stderr.write(`\n*** NOT TESTED: ${program} is not installed\n\n`);
  return `${program} is not installed`;
}
