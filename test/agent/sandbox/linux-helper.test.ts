// What goes on working in the sandbox, by each way of making the mounts, and what the helper refuses.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const launcher = fileURLToPath(
  new URL("../../../../native/build/codex-responses-api-proxy", import.meta.url),
);
const skip = process.platform === "linux" ? false : "Linux only";
let folder = "";
let workspace = "";

interface Wishes {
  readonly policy?: Record<string, unknown>;
  readonly mounts?: string;
  readonly cwd?: string;
  readonly input?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

const writing = { mode: "workspace-write", exclude_slash_tmp: true, exclude_tmpdir_env_var: true };

function helperArguments(command: readonly string[], { policy, mounts }: Wishes): string[] {
  const json = JSON.stringify(policy ?? writing);
  return [
    "--sandbox-policy-cwd",
    workspace,
    "--sandbox-policy",
    json,
    "--mounts",
    mounts ?? "auto",
    "--",
    ...command,
  ];
}

function run(command: readonly string[], wishes: Wishes = {}) {
  return helper(helperArguments(command, wishes), wishes);
}

function helper(args: readonly string[], { cwd, input, environment }: Wishes = {}) {
  const { status, signal, stdout, stderr } = spawnSync(launcher, args, {
    argv0: "codex-linux-sandbox",
    cwd: cwd ?? workspace,
    input: input ?? "",
    env: environment ?? process.env,
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 1 << 28,
  });
  return { status, signal, stdout, stderr };
}

const quiet = (stdout: string) => ({ status: 0, signal: null, stdout, stderr: "" });

async function startAndSee(command: readonly string[], word: string, mounts: string): Promise<ChildProcess> {
  const child = spawn(launcher, helperArguments(command, { mounts }), {
    argv0: "codex-linux-sandbox",
    cwd: workspace,
  });
  await new Promise<void>((resolve) =>
    child.stdout.on("data", (data) => String(data).includes(word) && resolve()),
  );
  return child;
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(condition(), "what was waited for came");
}

const placeholders = () => fs.readdirSync(workspace).filter((name) => [".codex", ".agents"].includes(name));

/** A helper of this workspace that is nobody's child and leads a session: the one which removes. */
function isRemover(pid: string): boolean {
  try {
    const [parent, , session] = fs
      .readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) . /s, "")
      .split(" ")
      .slice(0, 3);
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return session === pid && Number(parent) !== process.pid && command.includes(workspace);
  } catch {
    return false;
  }
}

before(() => {
  folder = fs.mkdtempSync("/var/tmp/codex-sandbox-");
  workspace = join(folder, "work space\nü");
  fs.mkdirSync(join(workspace, "sub"), { recursive: true });
  spawnSync("git", ["init", "-q", workspace]);
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

for (const mounts of ["own", "bubblewrap", "none"]) {
  describe(`in a sandbox with mounts: ${mounts}`, { skip }, () => {
    const sh = (script: string, wishes: Wishes = {}) => run(["sh", "-c", script], { mounts, ...wishes });

    test("the command gets its stdin, keeps its working folder and gives back its output", () => {
      assert.deepEqual(
        sh("cat; pwd -P", { input: "in\n", cwd: join(workspace, "sub") }),
        quiet(`in\n${workspace}/sub\n`),
      );
    });

    test("exit statuses are the command's", () => {
      const statuses = [0, 7, 126, 127].map((status) => sh(`exit ${status}`).status);
      assert.deepEqual(statuses, [0, 7, 126, 127]);
    });

    test("a command ended by a signal is seen to be", () => {
      const ends = ["TERM", "KILL"].map((name) => {
        const { status, signal } = sh(`kill -${name} $$`);
        return signal ?? status;
      });
      assert.deepEqual(ends, mounts === "bubblewrap" ? [143, 137] : ["SIGTERM", "SIGKILL"]);
    });

    test("it can write in its roots, also by a link to one, and nowhere else", () => {
      fs.mkdirSync(join(folder, "real"), { recursive: true });
      fs.rmSync(join(folder, "link"), { force: true });
      fs.symlinkSync("real", join(folder, "link"));
      const policy = { ...writing, writable_roots: [join(folder, "link"), join(folder, "missing")] };
      const result = sh(
        "echo 1 >own && echo 2 >../link/there && cat own ../real/there; touch ../not && echo out",
        { policy },
      );
      assert.deepEqual([result.stdout, result.status], ["1\n2\n", 1]);
    });

    test("read-only writes nothing but devices", () => {
      const result = sh("echo x >/dev/null && echo null; touch file || echo kept", {
        policy: { type: "read-only" },
      });
      assert.equal(result.stdout, "null\nkept\n");
    });

    test("pipes, subshells, git and node work", () => {
      const script = `(echo a; echo b) | wc -l; git status --short >/dev/null && echo git
        ${JSON.stringify(process.execPath)} -e 'console.log(require("child_process").execSync("echo node")+"")'`;
      const { status, stdout } = sh(script);
      assert.deepEqual([status, stdout.split(/\s+/)], [0, ["2", "git", "node", ""]]);
    });

    test("a command makes a terminal where it has a /dev/pts of its own", () => {
      const args = helperArguments(["script", "-qec", "test -t 1 && echo terminal", "/dev/null"], { mounts });
      // In a session of its own, since the terminal of who runs this would be in use too.
      const { status, stdout } = spawnSync(
        "setsid",
        ["--wait", "bash", "-c", `exec -a codex-linux-sandbox "$@"`, "bash", launcher, ...args],
        { cwd: workspace, encoding: "utf8" },
      );
      assert.deepEqual([status, stdout.trim()], mounts === "none" ? [1, ""] : [0, "terminal"]);
    });

    test("a link in a folder where commands write leads to no root: one of them may have put it there", () => {
      const [planted, treasure] = [join(workspace, "planted"), join(folder, "treasure")];
      fs.mkdirSync(treasure, { recursive: true });
      fs.symlinkSync(treasure, planted);
      const asRoot = { policy: { ...writing, writable_roots: [planted] } };
      const asTemporary = {
        policy: { mode: "workspace-write", exclude_slash_tmp: true },
        environment: { ...process.env, TMPDIR: planted },
      };
      const said = [asRoot, asTemporary].map((wishes) => sh("touch planted/x || echo kept", wishes).stdout);
      fs.unlinkSync(planted);
      assert.deepEqual([said, fs.readdirSync(treasure)], [["kept\n", "kept\n"], []]);
    });

    test("a TMPDIR that holds the user's home is no root", () => {
      const policy = { mode: "workspace-write", exclude_slash_tmp: true };
      const home = join(folder, "houses/home");
      fs.mkdirSync(home, { recursive: true });
      const said = (TMPDIR: string) =>
        sh('touch "$TMPDIR/x" && rm "$TMPDIR/x" && echo wrote || echo kept', {
          policy,
          environment: { ...process.env, TMPDIR, HOME: home },
        }).stdout;
      fs.mkdirSync(join(home, "tmp"), { recursive: true });
      assert.deepEqual(["/", join(folder, "houses"), home, join(home, "tmp")].map(said), [
        "kept\n",
        "kept\n",
        "kept\n",
        "wrote\n",
      ]);
    });

    test("a helper whose command stops, stops, and both go on together", async () => {
      const child = await startAndSee(["sh", "-c", "echo on; kill -STOP $$; exit 6"], "on", mounts);
      const stateOf = () => fs.readFileSync(`/proc/${child.pid}/stat`, "latin1").replace(/^.*\) /s, "")[0];
      await until(() => stateOf() === "T");
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGCONT");
      assert.equal(await ended, 6);
    });

    test("a signal for the helper reaches the command, which may end as it likes", async () => {
      const script = "trap 'exit 9' TERM; echo started; while :; do sleep 0.05; done";
      const child = await startAndSee(["sh", "-c", script], "started", mounts);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      assert.equal(await ended, 9);
    });

    test("a socket for datagrams is not taken for a stream to write to", () => {
      const program = `import os, socket, sys
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
os.dup2(theirs.fileno(), 0)
os.execv(sys.argv[1], ["codex-linux-sandbox", *sys.argv[2:]])`;
      const args = helperArguments(["echo", "ran"], { mounts });
      const { status, stdout } = spawnSync("python3", ["-c", program, launcher, ...args], {
        encoding: "utf8",
      });
      assert.deepEqual([status, stdout], [1, ""]);
    });

    test("a thousand processes at once and fifty megabytes of output pass", () => {
      const script =
        "i=0; while [ $i -lt 1000 ]; do sleep 1 & i=$((i+1)); done; wait; head -c 50000000 /dev/zero";
      const { status, stdout } = sh(script);
      assert.deepEqual([status, stdout.length], [0, 50_000_000]);
    });

    test("a working folder that was removed is no obstacle", () => {
      const script = `mkdir gone && cd gone && rmdir ../gone && exec -a codex-linux-sandbox "$@"`;
      const args = helperArguments(["sh", "-c", "echo ran"], { mounts });
      const result = spawnSync("bash", ["-c", script, "bash", launcher, ...args], {
        cwd: workspace,
        encoding: "utf8",
      });
      assert.deepEqual([result.status, result.stdout], [0, "ran\n"]);
    });

    test("a sandbox in the sandbox runs, confined by both", () => {
      const inner = helperArguments(["sh", "-c", "touch inner && echo ran; touch ../out || echo kept"], {});
      const script = `exec -a codex-linux-sandbox "$@"`;
      const result = run(["bash", "-c", script, "bash", launcher, ...inner], { mounts });
      assert.equal(result.stdout, "ran\nkept\n");
    });

    test("what it leaves running does not keep its caller, and stays confined", async () => {
      const late = `(sleep 0.3; touch ../late; touch late) >/dev/null 2>&1 </dev/null &`;
      assert.equal(sh(late).status, 0);
      if (mounts !== "bubblewrap") await until(() => fs.existsSync(join(workspace, "late")));
      assert.equal(fs.existsSync(join(folder, "late")), false);
      fs.rmSync(join(workspace, "late"), { force: true });
      await until(() => placeholders().length === 0);
    });
  });
}

for (const mounts of ["own", "bubblewrap"]) {
  describe(`what is protected by mounts: ${mounts}`, { skip }, () => {
    test("names that do not exist yet cannot be made, and nothing of that is left on the disk", () => {
      const result = run(
        ["sh", "-c", "mkdir .codex || touch .agents/x || mv .codex c || rmdir .codex || echo kept"],
        { mounts },
      );
      assert.deepEqual([result.stdout, placeholders()], ["kept\n", []]);
    });

    for (const [way, lay] of [
      ["links", (root: string) => fs.symlinkSync("deep/er/gone", join(root, ".codex"))],
      [
        "links to links",
        (root: string) => {
          fs.symlinkSync("sub/../link", join(root, ".codex"));
          fs.symlinkSync(join(root, "deep//er"), join(root, "link"));
        },
      ],
      ["the file .git", (root: string) => fs.writeFileSync(join(root, ".git"), "gitdir: deep/er\n")],
      [
        "the commondir of .git",
        (root: string) => {
          fs.mkdirSync(join(root, ".git"));
          fs.writeFileSync(join(root, ".git/commondir"), "../deep/er\n");
        },
      ],
    ] as const) {
      test(`what is not there yet cannot be made where ${way} already leads to it`, () => {
        const root = fs.mkdtempSync(join(folder, "ahead-"));
        fs.mkdirSync(join(root, "sub"));
        lay(root);
        const policy = { ...writing, writable_roots: [root] };
        fs.writeFileSync(join(root, "file"), "");
        // bubblewrap refuses to run anything where a link leads through a file
        fs.symlinkSync(mounts === "own" ? "file/x" : "sub/other", join(root, ".agents"));
        const before = fs.readdirSync(root);
        const script =
          `mkdir -p deep/er/gone && echo made; ${mounts === "own" ? "rm file && echo removed; " : ""}` +
          "mkdir sub/other .agents/x && echo made; mv deep d && echo moved; touch x && echo wrote";
        const { stdout } = run(["sh", "-c", script], { policy, cwd: root, mounts });
        assert.deepEqual([stdout, fs.readdirSync(root)], ["wrote\n", [...before, "x"].sort()]);
      });
    }

    test("a helper killed with its whole group leaves nothing on the disk either", async () => {
      const child = await startAndSee(["sh", "-c", "echo started; sleep 60"], "started", mounts);
      assert.deepEqual(placeholders(), [".agents", ".codex"]);
      child.kill("SIGKILL");
      await until(() => placeholders().length === 0);
    });

    test("a helper that is killed as soon as something was made leaves nothing", async () => {
      for (let round = 0; round < 20; round += 1) {
        const child = spawn(launcher, helperArguments(["sleep", "60"], { mounts }), {
          argv0: "codex-linux-sandbox",
          cwd: workspace,
          stdio: "ignore",
        });
        while (placeholders().length === 0) await new Promise((resolve) => setImmediate(resolve));
        child.kill("SIGKILL");
        await until(() => placeholders().length === 0);
      }
    });

    test("what is left by a remover that was killed goes at the end of its sandbox, or with the next", async () => {
      const child = await startAndSee(["sh", "-c", "echo started; read line"], "started", mounts);
      const removers = fs.readdirSync("/proc").filter((pid) => isRemover(pid));
      for (const pid of removers) process.kill(Number(pid), "SIGKILL");
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.stdin?.end("go\n");
      await ended;
      assert.deepEqual([removers.length, placeholders()], [1, []]);
      fs.mkdirSync(join(workspace, ".codex"));
      fs.chmodSync(join(workspace, ".codex"), 0o1555);
      assert.equal(run(["true"], { mounts }).status, 0);
      assert.deepEqual(placeholders(), []);
    });

    test("a folder that only looks like a placeholder, locked by another program, keeps nobody waiting", async () => {
      const place = join(workspace, ".agents");
      fs.mkdirSync(place);
      fs.chmodSync(place, 0o1555);
      const holder = spawn("flock", [place, "sleep", "60"], { stdio: "ignore" });
      await until(() => spawnSync("flock", ["-n", place, "true"]).status === 1);
      const result = run(["sh", "-c", "touch .agents/x || echo kept"], { mounts });
      holder.kill();
      assert.deepEqual([result.stdout, placeholders()], ["kept\n", [".agents"]]);
      fs.rmdirSync(place);
    });

    test("a second sandbox in the same folder stays protected when the first ends", async () => {
      const second = await startAndSee(
        ["sh", "-c", "echo started; read line; mkdir .codex/x"],
        "started",
        mounts,
      );
      assert.equal(run(["true"], { mounts }).status, 0);
      assert.deepEqual(placeholders(), [".agents", ".codex"]);
      const ended = new Promise((resolve) => second.once("exit", resolve));
      second.stdin?.end("go\n");
      assert.equal(await ended, 1);
      assert.deepEqual(placeholders(), []);
    });

    test("paths that the caller names are read-only too", () => {
      const policy = { ...writing, read_only_subpaths: [join(workspace, "sub")] };
      assert.equal(run(["sh", "-c", "touch sub/x || echo kept"], { mounts, policy }).stdout, "kept\n");
    });
  });
}

test("with / as a root everything but the protected is writable; a bwrap that lies in a root is not trusted", {
  skip,
}, () => {
  const policy = { ...writing, writable_roots: ["/"] };
  const script = "touch ../anywhere && echo wrote; touch .git/config || echo kept";
  assert.equal(run(["sh", "-c", script], { mounts: "own", policy }).stdout, "wrote\nkept\n");
  assert.equal(run(["true"], { mounts: "bubblewrap", policy }).status, 1);
});

test("a .git that is a link stays the link that it is, and what it leads to is read-only", { skip }, () => {
  const root = join(folder, "linked");
  fs.mkdirSync(join(root, "store"), { recursive: true });
  fs.symlinkSync("store", join(root, ".git"));
  const policy = { ...writing, writable_roots: [root] };
  const script = "touch .git/x || touch store/x || rm .git || ln -sfn /tmp .git || mv store s || echo kept";
  assert.equal(run(["sh", "-c", script], { policy, cwd: root, mounts: "own" }).stdout, "kept\n");
});

test("a bwrap on the user's PATH is not run", { skip }, () => {
  const planted = join(folder, "planted");
  fs.mkdirSync(planted);
  fs.writeFileSync(join(planted, "bwrap"), `#!/bin/sh\ntouch '${folder}/planted-ran'\n`, { mode: 0o755 });
  const environment = { ...process.env, PATH: `${planted}:${process.env.PATH}` };
  assert.equal(run(["true"], { mounts: "bubblewrap", environment }).status, 0);
  assert.equal(fs.existsSync(join(folder, "planted-ran")), false);
});

test("network access opens internet sockets and keeps packets, and without mounts sockets in folders, away", {
  skip,
}, () => {
  const program = `import socket as s
for family, kind in (s.AF_INET, s.SOCK_STREAM), (s.AF_INET6, s.SOCK_DGRAM), (s.AF_PACKET, s.SOCK_RAW), (s.AF_UNIX, s.SOCK_STREAM):
  try: s.socket(family, kind); print("yes")
  except PermissionError: print("no")`;
  const policy = { ...writing, network_access: true };
  const seen = ["own", "none"].map((mounts) =>
    run(["python3", "-c", program], { mounts, policy }).stdout.split("\n"),
  );
  assert.deepEqual(seen, [
    ["yes", "yes", "no", "yes", ""],
    ["yes", "yes", "no", "no", ""],
  ]);
});

test("what cannot be started is said as the original says it", { skip }, () => {
  const seen = [[], ["not-there"], ["/etc/passwd"]].map((command) => {
    const { status, stderr } = run(command);
    return [status, stderr.split("\n")[0]?.replace("codex-linux-sandbox: error: ", "")];
  });
  assert.deepEqual(seen, [
    [101, "No command specified to execute."],
    [101, "Failed to execvp not-there: No such file or directory (os error 2)"],
    [101, "Failed to execvp /etc/passwd: Permission denied (os error 13)"],
  ]);
});

test("a policy that is not understood to its last letter runs nothing", { skip }, () => {
  const policies = [
    "",
    "{}",
    "[]",
    '{"mode":"read-only"',
    '{"mode":"read-only"} x',
    '{"mode":"read-only","mode":"danger-full-access"}',
    '{"mode":"read-only","type":"danger-full-access"}',
    '{"mode":"anything"}',
    '{"mode":"read-only","later":true}',
    '{"mode":"read-only","writable_roots":["/"]}',
    '{"mode":"workspace-write","network_access":"no"}',
    '{"mode":"workspace-write","writable_roots":["/tmp\\u0000x"]}',
    '{"mode":"workspace-write","writable_roots":["\\ud800"]}',
    '{"mode":"workspace-write","writable_roots":[""]}',
    '{"mode":"workspace-write","writable_roots":["/a",]}',
    '{"mode":"workspace-write","writable_roots":"/"}',
    "{'mode':'read-only'}",
  ];
  const seen = policies.map((policy) => {
    const args = ["--sandbox-policy-cwd", workspace, "--sandbox-policy", policy, "--", "echo", "ran"];
    const { status, stdout, stderr } = helper(args);
    return { status, stdout, isNamed: stderr.includes("invalid value for --sandbox-policy") };
  });
  assert.deepEqual(
    seen,
    policies.map(() => ({ status: 2, stdout: "", isNamed: true })),
  );
});

test("a read-only subpath that could not be kept is refused", { skip }, () => {
  const paths = ["relative", "/", `${workspace}/sub/`, `${workspace}/sub/..`, `/${"a/".repeat(3000)}b`];
  const statuses = paths.map(
    (path) => run(["true"], { policy: { ...writing, read_only_subpaths: [path] } }).status,
  );
  assert.deepEqual(
    statuses,
    paths.map(() => 2),
  );
});

test("wrong arguments are a usage error", { skip }, () => {
  const lines = [[], ["--sandbox-policy-cwd"], ["--other"], ["--sandbox-policy-cwd", "/", "--", "true"]];
  assert.deepEqual(
    lines.map((line) => helper(line).status),
    [2, 2, 2, 2],
  );
});

test("an open folder on stdin, which would lead past the mounts, is refused", { skip }, () => {
  const script = 'exec -a codex-linux-sandbox "$@" </etc';
  const args = helperArguments(["echo", "ran"], {});
  const { status, stdout } = spawnSync("bash", ["-c", script, "bash", launcher, ...args], {
    encoding: "utf8",
  });
  assert.deepEqual([status, stdout], [1, ""]);
});

test("full access is the command and nothing else", { skip }, () => {
  const result = run(["sh", "-c", "touch ../free && echo $0"], { policy: { mode: "danger-full-access" } });
  assert.deepEqual(result, quiet("sh\n"));
});

test("the report says what holds here, each as a number or a truth", { skip }, () => {
  const report = JSON.parse(helper(["--report"]).stdout);
  const types = Object.fromEntries(Object.entries(report).map(([name, value]) => [name, typeof value]));
  assert.deepEqual(types, {
    landlockAbi: "number",
    seccomp: "boolean",
    bubblewrap: "boolean",
    userNamespaces: "boolean",
    pidNamespaces: "boolean",
    protectsSubpaths: "boolean",
    confinesWrites: "boolean",
  });
});
