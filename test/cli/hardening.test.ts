// The command line as others see it, and as its children do: nobody of the same user can look into it, and
// what it runs finds everything as the user has it. Plain Node is the control of every refusal.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { launcher, makeFolder, packageRoot, runCodex } from "./codex-process.ts";

const isLinux = process.platform === "linux";
const isRoot = process.geteuid?.() === 0;
// root may look into every process, so the one to look and the one to be looked at are another user's.
const user = 60_321;

let folder: string;
before(() => {
  folder = makeFolder();
  if (isRoot) fs.chownSync(folder, user, user);
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Runs a program as the user, with no capability. */
const asUser = (file: string, args: readonly string[]): readonly [string, readonly string[]] =>
  isRoot
    ? ["setpriv", ["--reuid", String(user), "--regid", String(user), "--clear-groups", "--", file, ...args]]
    : [file, args];

const environment = () => ({
  PATH: process.env.PATH,
  HOME: folder,
  CODEX_HOME: folder,
  MARK: "sk-mark-in-environment",
});

async function waitFor(child: ChildProcess, isReady: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !isReady(); i++) {
    assert.equal(child.exitCode, null, "it ended too early");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.ok(isReady());
}

/** A running process and the command by which it was started, both to be ended. */
interface Running {
  readonly pid: number;
  end(): Promise<void>;
}

// exec(1) keeps the pid through setpriv, the launcher and Node.
async function start(file: string, args: readonly string[], argv0?: string): Promise<Running> {
  const ready = join(folder, "a");
  const command =
    argv0 === undefined ? [file, ...args] : ["bash", "-c", 'exec -a "$0" "$@"', argv0, file, ...args];
  const [program, all] = asUser(command[0] as string, command.slice(1));
  const child = spawn(program, all, { env: environment(), cwd: "/", stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  await waitFor(child, () => /waiting|Reading/.test(stderr) || fs.existsSync(ready));
  return {
    pid: child.pid as number,
    end: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    },
  };
}

// `codex exec` waits for its prompt on stdin.
const startCodex = () => start(launcher, ["exec", "--skip-git-repo-check"], "codex");
const startControl = () =>
  start(process.execPath, ["-e", 'process.stderr.write("waiting\\n"); process.stdin.resume();']);

/** Whether another process of the same user can read a file of the process. */
function reads(pid: number, name: string): boolean {
  const [program, args] = asUser("dd", [`if=/proc/${pid}/${name}`, "of=/dev/null", "bs=1", "count=1"]);
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  // Memory at address 0 is mapped nowhere: that is an I/O error of a file that was opened.
  return status === 0 || /Input\/output error/.test(stderr);
}

function attaches(pid: number): boolean {
  const [program, args] = asUser("timeout", ["2", "strace", "-o", "/dev/null", "-p", String(pid)]);
  return /attached/.test(spawnSync(program, args, { encoding: "utf8" }).stderr);
}

describe("another process of the same user", { skip: !isLinux && "Linux only" }, () => {
  test("can read neither memory nor environment of codex, nor attach to it, as it can to plain Node", async () => {
    const seen: Record<string, unknown> = {};
    for (const [name, startIt] of [
      ["control", startControl],
      ["codex", startCodex],
    ] as const) {
      const running = await startIt();
      try {
        const { pid } = running;
        seen[name] = {
          mem: reads(pid, "mem"),
          environ: reads(pid, "environ"),
          maps: reads(pid, "maps"),
          attach: attaches(pid),
        };
      } finally {
        await running.end();
      }
    }
    assert.deepEqual(seen, {
      control: { mem: true, environ: true, maps: true, attach: true },
      codex: { mem: false, environ: false, maps: false, attach: false },
    });
  });

  test("gets no core file of codex, whatever the limit is, as it does of plain Node", async (t) => {
    const pattern = fs.readFileSync("/proc/sys/kernel/core_pattern", "utf8").trim();
    if (pattern.startsWith("|") || pattern.startsWith("/")) return t.skip(`core files go to ${pattern}`);
    const cores = () => fs.readdirSync(folder).filter((name) => name.startsWith("core"));
    const crash = async (file: string, args: readonly string[], argv0: string) => {
      const script = `cd "$1"; ulimit -c unlimited; shift; exec -a "$0" "$@"`;
      const [program, all] = asUser("bash", ["-c", script, argv0, folder, file, ...args]);
      const child = spawn(program, all, { env: environment(), stdio: ["pipe", "ignore", "pipe"] });
      let stderr = "";
      child.stderr.on("data", (text) => {
        stderr += text;
      });
      await waitFor(child, () => /waiting|Reading/.test(stderr));
      const closed = once(child, "close");
      child.kill("SIGSEGV");
      return closed;
    };
    await crash(
      process.execPath,
      ["-e", 'process.stderr.write("waiting\\n"); process.stdin.resume();'],
      "node",
    );
    assert.equal(cores().length, 1, "the control has left one");
    for (const name of cores()) fs.rmSync(join(folder, name));
    await crash(launcher, ["exec", "--skip-git-repo-check"], "codex");
    assert.deepEqual(cores(), []);
  });

  test("opens no inspector in codex by SIGUSR1, as it does in plain Node", async () => {
    const listens = async (startIt: () => Promise<Running>) => {
      const running = await startIt();
      try {
        process.kill(running.pid, "SIGUSR1");
        await new Promise((resolve) => setTimeout(resolve, 500));
        const sockets = fs
          .readdirSync(`/proc/${running.pid}/fd`)
          .map((fd) => fs.readlinkSync(`/proc/${running.pid}/fd/${fd}`))
          .filter((target) => target.startsWith("socket:"));
        const inodes = new Set(sockets.map((target) => /\d+/.exec(target)?.[0]));
        const table = fs.readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1);
        return table.some((line) => {
          const fields = line.trim().split(/\s+/);
          return fields[3] === "0A" && inodes.has(fields[9]);
        });
      } finally {
        await running.end();
      }
    };
    assert.deepEqual(
      { control: await listens(startControl), codex: await listens(startCodex) },
      {
        control: true,
        codex: false,
      },
    );
  });
});

test("nothing in the environment runs code in codex or makes it write files, as it does in plain Node", async () => {
  const script = join(folder, "evil.cjs");
  fs.writeFileSync(script, 'process.stderr.write("evil has run\\n");');
  const library = join(folder, "libevil.so");
  const source = join(folder, "evil.c");
  fs.writeFileSync(
    source,
    '#include <unistd.h>\n__attribute__((constructor)) static void run(void) { if (write(2, "evil has run\\n", 13)) {} }\n',
  );
  assert.equal(spawnSync("cc", ["-shared", "-fPIC", source, "-o", library]).status, 0);
  const coverage = join(folder, "coverage");
  const attacks: readonly Readonly<Record<string, string>>[] = [
    { NODE_OPTIONS: `--require=${script}` },
    { NODE_OPTIONS: "--inspect=127.0.0.1:0" },
    { LD_PRELOAD: library },
    { LD_AUDIT: library },
    { NODE_V8_COVERAGE: coverage },
  ];
  const touched = (stderr: string) =>
    /evil has run|Debugger listening/.test(stderr) || fs.existsSync(coverage);
  for (const attack of attacks) {
    fs.rmSync(coverage, { recursive: true, force: true });
    const env = { PATH: process.env.PATH, ...attack };
    const control = spawnSync(process.execPath, ["-e", "0"], { env, encoding: "utf8" });
    const isEffective = touched(control.stderr) || "LD_AUDIT" in attack;
    assert.ok(isEffective, `the control feels ${Object.keys(attack)}`);
    fs.rmSync(coverage, { recursive: true, force: true });
    const { code, stderr } = await runCodex({ args: ["--help"], environment: attack });
    assert.deepEqual({ code, stderr, isTouched: touched(stderr) }, { code: 0, stderr: "", isTouched: false });
  }
});

test("a hangup ends codex, but not under nohup, where it would end plain Node", {
  skip: !isLinux && "Linux only",
}, async () => {
  const nohup = (file: string, args: readonly string[], argv0: string) =>
    start("sh", ["-c", 'trap "" HUP; exec bash -c "$0" "$@"', 'exec -a "$0" "$@"', argv0, file, ...args]);
  const survives = async (startIt: () => Promise<Running>) => {
    const running = await startIt();
    try {
      process.kill(running.pid, "SIGHUP");
      await new Promise((resolve) => setTimeout(resolve, 300));
      return fs.readFileSync(`/proc/${running.pid}/stat`, "utf8").split(" ")[2] !== "Z";
    } catch {
      return false; // reaped already
    } finally {
      await running.end();
    }
  };
  const control = ["-e", 'process.stderr.write("waiting\\n"); process.stdin.resume();'];
  assert.deepEqual(
    {
      control: await survives(() => nohup(process.execPath, control, "node")),
      codex: await survives(startCodex),
      "codex under nohup": await survives(() => nohup(launcher, ["exec", "--skip-git-repo-check"], "codex")),
    },
    { control: false, codex: false, "codex under nohup": true },
  );
});

test("started by Node instead of its launcher, codex says so and does nothing", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot, "dist/cli/main.js"), "--version"],
    { encoding: "utf8", env: { PATH: process.env.PATH, CODEX_HOME: folder } },
  );
  assert.deepEqual(
    { status, stdout, stderr },
    {
      status: 1,
      stdout: "",
      stderr: "Error: the command line must be started by its own launcher\nhint: run codex\n",
    },
  );
});

describe("what a command that codex runs finds", { skip: !isLinux && "Linux only" }, () => {
  // A shell tells of its own process; Node would change what it inherits.
  const telling = `
    grep -E '^(Sig(Blk|Ign)|Umask|NoNewPrivs):' /proc/self/status | grep -v NoNewPrivs
    ulimit -c; ulimit -n; umask
    for fd in /proc/self/fd/*; do n=\${fd##*/}; [ "$n" -gt 2 ] && [ -e "$fd" ] && readlink "$fd" | grep -v '^/proc'; done
    env | sort | grep -E '^(LD_|NODE_|OPENSSL_|GLIBC_|MALLOC_|CODEX_LAUNCHER|PLAIN)'
    dd if=/proc/$$/environ of=/dev/null bs=1 count=1 2>/dev/null && echo readable
    exit 0`;
  const variables = {
    LD_PRELOAD: "",
    LD_LIBRARY_PATH: "/opt/own/lib",
    NODE_OPTIONS: "--max-old-space-size=99",
    NODE_EXTRA_CA_CERTS: "/own/ca.pem",
    OPENSSL_CONF: "/own/openssl.cnf",
    GLIBC_TUNABLES: "glibc.malloc.check=0",
    MALLOC_ARENA_MAX: "2",
    PLAIN: "value",
  };

  test("is what the user has: variables, limits, file mode mask, signals, and no descriptor of the program's", () => {
    const run = (command: string) => {
      const outer = `umask 027; ulimit -c 8; ulimit -Sn 500; exec ${command}`;
      const { status, stdout, stderr } = spawnSync("bash", ["-c", outer, "codex", launcher, telling], {
        encoding: "utf8",
        env: { PATH: "/usr/bin:/bin", HOME: folder, CODEX_HOME: folder, ...variables },
      });
      assert.equal(status, 0, stderr);
      return stdout;
    };
    const direct = run('sh -c "$2"');
    assert.match(direct, /^LD_LIBRARY_PATH=\/opt\/own\/lib$/m);
    const options =
      "-c sandbox_mode=danger-full-access -c shell_environment_policy.ignore_default_excludes=true";
    assert.equal(run(`-a codex "$1" sandbox ${options} -- sh -c "$2"`), direct);
  });
});
