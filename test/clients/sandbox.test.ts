// What commands may do in the sandbox, and what they see, beside the original: files, sockets, exit statuses,
// and a table of environment policies.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { inFreshPlace, ours, type RunRequest, reference, runSubject, type Subject } from "./originals.ts";

type Place = Pick<RunRequest, "home" | "cwd" | "tmp">;

/** Run `codex sandbox linux …` in a fresh place that `prepare` may fill. */
function sandbox(
  subject: Subject,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  look: (place: Place) => unknown = () => undefined,
) {
  return inFreshPlace(async (place) => {
    const run = await runSubject(subject, { ...place, args: ["sandbox", "linux", ...args], env });
    return { ...run, seen: look(place) };
  });
}

const status = async (subject: Subject, ...args: string[]) => (await sandbox(subject, args)).code;

// Each leaves out what the programs say of themselves: where they were installed, and their folder in PATH.
const policies: readonly (readonly string[])[] = [
  [],
  ['inherit="all"'],
  ['inherit="core"'],
  ['inherit="none"'],
  ["ignore_default_excludes=true"],
  ['exclude=["foo*", "B?R"]'],
  ['exclude=["*"]', 'set={ONLY="this"}'],
  ['set={A_TOKEN="kept", FOO="changed"}'],
  ['include_only=["PA*", "ho?e"]'],
  ['include_only=["*o*"]', 'exclude=["FOO"]', 'set={GOO="1", BAZ="2"}'],
  ['inherit="core"', 'include_only=["USER", "home"]'],
  ['inherit="none"', 'set={PATH="/bin"}', 'include_only=["PATH"]'],
  ["experimental_use_profile=true", 'inherit="none"'],
];

// No LD_*: the original takes those away from itself, and so from its commands; ours gives them back.
const variables = {
  ...{ FOO: "1", foobar: "2", BAR: "3", BOR: "4", USER: "me", LOGNAME: "me", SHELL: "/bin/sh", LANG: "C" },
  ...{
    API_KEY: "5",
    monkey: "6",
    my_Secret: "7",
    TOKENS: "8",
    NODE_OPTIONS: "",
  },
};

const ofTheInstallation = /^(PATH=|HOME=|CODEX_HOME=|TMPDIR=)/;

async function environmentUnder(subject: Subject, policy: readonly string[]): Promise<string[]> {
  const overrides = policy.flatMap((one) => ["-c", `shell_environment_policy.${one}`]);
  const { code, stdout } = await sandbox(subject, [...overrides, "--", "/usr/bin/env"], variables);
  assert.equal(code, 0);
  // npm's wrapper of the original adds variables of its own.
  const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("CODEX_MANAGED_"));
  return lines.map((line) => (ofTheInstallation.test(line) ? line.replace(/=.*/, "") : line)).toSorted();
}

describe("environments", { skip: reference.skip }, () => {
  for (const policy of policies) {
    test(`commands see what they see in 0.50 with ${policy.join(", ") || "no policy"}`, async () => {
      const [own, original] = await Promise.all([
        environmentUnder(ours, policy),
        environmentUnder(reference, policy),
      ]);
      assert.deepEqual(own, original);
    });
  }
});

for (const subject of [ours, reference]) {
  describe(`codex sandbox linux: ${subject.name}`, { skip: subject.skip }, () => {
    const write = 'for path; do ( : >"$path" ) 2>/dev/null; done; true';

    test("without --full-auto a file of the working directory cannot be made", async () => {
      const { code, stderr, seen } = await sandbox(subject, ["--", "touch", "x"], {}, ({ cwd }) =>
        fs.existsSync(join(cwd, "x")),
      );
      assert.deepEqual([code, seen], [1, false]);
      assert.match(stderr, /cannot touch 'x'/);
    });

    test("with --full-auto the working directory and TMPDIR are writable, and nothing beside them", async () => {
      const leave = ["-c", "sandbox_workspace_write.exclude_slash_tmp=true", "--full-auto"];
      const script = [
        "--",
        "sh",
        "-c",
        `${write.replace("path;", 'path in here "$TMPDIR/there" "$HOME/outside";')}`,
      ];
      const { code, seen } = await sandbox(subject, [...leave, ...script], {}, ({ cwd, tmp, home }) =>
        [join(cwd, "here"), join(tmp, "there"), join(home, "outside")].map((path) => fs.existsSync(path)),
      );
      assert.deepEqual([code, seen], [0, [true, true, false]]);
    });

    test("configured roots are writable, and sandbox_mode by -c changes nothing", async () => {
      const look = ({ home }: Place) => fs.existsSync(join(home, "outside"));
      const touch = ["--", "sh", "-c", 'touch "$HOME/outside"'];
      const root = (home: string) => `sandbox_workspace_write.writable_roots=[${JSON.stringify(home)}]`;
      const seen = await inFreshPlace(async (place) => {
        const run = (args: readonly string[]) =>
          runSubject(subject, { ...place, args: ["sandbox", "linux", ...args, ...touch] });
        const without = [
          await run(["--full-auto", "-c", "sandbox_workspace_write.exclude_slash_tmp=true"]),
          look(place),
        ];
        const readOnly = [
          await run(["-c", root(place.home), "-c", "sandbox_mode=danger-full-access"]),
          look(place),
        ];
        const granted = [await run(["--full-auto", "-c", root(place.home)]), look(place)];
        return [without, readOnly, granted].map(([, exists]) => exists);
      });
      assert.deepEqual(seen, [false, false, true]);
    });

    test("no socket of the network can be made unless the configuration gives it", async () => {
      const make = [
        "--",
        "perl",
        "-e",
        "use Socket; exit(socket(my $s, AF_INET, SOCK_STREAM, 0) ? 0 : $! + 0)",
      ];
      const network = ["-c", "sandbox_workspace_write.network_access=true"];
      assert.deepEqual(
        [
          await status(subject, ...make),
          await status(subject, "--full-auto", ...make),
          await status(subject, "--full-auto", ...network, ...make),
          await status(subject, ...network, ...make),
        ],
        [1, 1, 0, 1],
      );
    });

    test("the exit status is the command's, 128 more than its signal, or 101 when it cannot be started", async () => {
      assert.deepEqual(
        [
          await status(subject, "--", "sh", "-c", "exit 7"),
          await status(subject, "--", "sh", "-c", "kill -TERM $$"),
          await status(subject, "--", "sh", "-c", "kill -KILL $$"),
          await status(subject, "--", "no-such-command"),
        ],
        [7, 143, 137, 101],
      );
    });

    test("options behind the command are the command's", async () => {
      const { stdout } = await sandbox(subject, ["printf", "%s.", "--full-auto", "-c", "x"]);
      assert.equal(stdout, "--full-auto.-c.x.");
    });

    test("aliases of before mean the same", async () => {
      await inFreshPlace(async (place) => {
        const run = await runSubject(subject, { ...place, args: ["debug", "landlock", "--", "pwd"] });
        assert.deepEqual([run.code, run.stdout], [0, `${place.cwd}\n`]);
      });
    });

    test("apply_patch stands first in PATH", async () => {
      const { stdout } = await sandbox(subject, [
        "--",
        "sh",
        "-c",
        "dirname $(command -v apply_patch); echo $PATH",
      ]);
      const [folder, path] = stdout.split("\n");
      assert.equal((path as string).split(":")[0], folder);
      assert.notEqual(folder, "");
    });

    test("the sandbox of macOS is not there: exit status 1", async () => {
      await inFreshPlace(async (place) => {
        assert.equal(
          (await runSubject(subject, { ...place, args: ["sandbox", "macos", "--", "true"] })).code,
          1,
        );
      });
    });
  });
}
