// What a command in the sandbox tries in order to reach what is outside. Every attempt is made without the
// sandbox first and must succeed there, or it proves nothing; then inside, by each way of making the mounts
// and by none, as root and as a user without rights.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { waitFor } from "../../wait-for.ts";

const packageRoot = fileURLToPath(new URL("../../../../", import.meta.url));
const launcher = join(packageRoot, "native/build/codex-responses-api-proxy");
const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === "linux";
const unprivileged = 60001;

type Mounts = "own" | "bubblewrap" | "none";
type Who = "root" | "user";

/** The files of one attempt, made anew for it. */
interface Scene {
  readonly folder: string;
  /** where the command may write */
  readonly workspace: string;
  /** where it may not, though its user may */
  readonly outside: string;
  readonly victim: string;
  readonly port: number;
  readonly victimPid: number;
  readonly segment: number;
  /** a file with the name of a terminal outside */
  readonly terminal: string;
}

type Base = Pick<Scene, "port" | "victimPid" | "segment" | "terminal">;

interface Attempt {
  readonly name: string;
  readonly argv: (scene: Scene) => readonly string[];
  /** who can do it at all without the sandbox; both by default */
  readonly by?: Who;
  /** what only mounts hold back: with Landlock alone it succeeds */
  readonly needsMounts?: true;
  /** whether it is given the folder outside as descriptor 3 */
  readonly isGivenFolder?: true;
  /** a further look after the program has ended: whether it got out */
  readonly gotOut?: (scene: Scene) => boolean;
}

const wasCreated = (scene: Scene) => fs.existsSync(join(scene.outside, "new"));

const attempts: readonly Attempt[] = [
  { name: "create a file", argv: (s) => ["create", join(s.outside, "new")] },
  { name: "overwrite a file", argv: (s) => ["overwrite", s.victim] },
  { name: "truncate a file", argv: (s) => ["truncate", s.victim] },
  { name: "truncate a file by opening it to read", argv: (s) => ["open-truncating", s.victim] },
  { name: "move a file out", argv: (s) => ["rename", join(s.workspace, "own"), join(s.outside, "new")] },
  { name: "move a file in", argv: (s) => ["rename", s.victim, join(s.workspace, "taken")] },
  { name: "write through a hard link", argv: (s) => ["link-and-write", s.victim, join(s.workspace, "link")] },
  { name: "write through a link", argv: (s) => ["symlink-and-write", s.victim, join(s.workspace, "link")] },
  { name: "remove a file", argv: (s) => ["unlink", s.victim] },
  { name: "make a folder", argv: (s) => ["mkdir", join(s.outside, "new")] },
  { name: "change a mode", argv: (s) => ["chmod", s.victim], needsMounts: true },
  { name: "change times", argv: (s) => ["utime", s.victim], needsMounts: true },
  { name: "set an attribute", argv: (s) => ["xattr", s.victim], needsMounts: true },
  { name: "make a named pipe", argv: (s) => ["fifo", join(s.outside, "new")] },
  { name: "make a device", argv: (s) => ["device", join(s.workspace, "new")], by: "root" },
  { name: "open a disk for writing", argv: () => ["open-for-writing", "/dev/loop0"], by: "root" },
  { name: "write below /proc/self/root", argv: (s) => ["overwrite", `/proc/self/root${s.victim}`] },
  { name: "write below another's root", argv: (s) => ["overwrite", `/proc/${s.victimPid}/root${s.victim}`] },
  { name: "write below another's working folder", argv: (s) => ["create", `/proc/${s.victimPid}/cwd/new`] },
  { name: "open another's memory", argv: (s) => ["open-for-writing", `/proc/${s.victimPid}/mem`] },
  { name: "open another's descriptor", argv: (s) => ["open-for-reading", `/proc/${s.victimPid}/fd/0`] },
  { name: "read another's environment", argv: (s) => ["open-for-reading", `/proc/${s.victimPid}/environ`] },
  { name: "trace another process", argv: (s) => ["ptrace", String(s.victimPid)] },
  { name: "take another's descriptor", argv: (s) => ["take-descriptor", String(s.victimPid)] },
  { name: "signal another process", argv: (s) => ["signal", String(s.victimPid)] },
  {
    name: "change .git/config",
    argv: (s) => ["overwrite", join(s.workspace, ".git/config")],
    needsMounts: true,
  },
  {
    name: "add a hook",
    argv: (s) => ["create", join(s.workspace, ".git/hooks/pre-commit")],
    needsMounts: true,
  },
  {
    name: "move .git away",
    argv: (s) => ["rename", join(s.workspace, ".git"), join(s.workspace, "git")],
    needsMounts: true,
  },
  { name: "make .codex", argv: (s) => ["mkdir", join(s.workspace, ".codex")], needsMounts: true },
  { name: "put a file in .agents", argv: (s) => ["create", join(s.workspace, ".agents")], needsMounts: true },
  {
    name: "change the folder that a worktree's .git points to",
    argv: (s) => ["create", join(s.workspace, "main/.git/worktrees/tree/config.worktree")],
    needsMounts: true,
  },
  {
    name: "change the folder that worktrees share",
    argv: (s) => ["create", join(s.workspace, "main/.git/hooks/pre-commit")],
    needsMounts: true,
  },
  {
    name: "move a root's folder away, to make it anew with a .git of its own",
    argv: (s) => ["rename", join(s.workspace, "tree"), join(s.workspace, "moved")],
    needsMounts: true,
  },
  {
    name: "move the folder around what a worktree's .git points to",
    argv: (s) => ["rename", join(s.workspace, "main"), join(s.workspace, "moved")],
    needsMounts: true,
  },
  {
    name: "write by an inherited folder",
    argv: () => ["at-descriptor", "3", "new"],
    isGivenFolder: true,
  },
  { name: "connect by TCP", argv: (s) => ["tcp", String(s.port)] },
  { name: "send by UDP", argv: (s) => ["udp", String(s.port)] },
  { name: "open a raw socket", argv: () => ["raw"], by: "root" },
  { name: "open a packet socket", argv: () => ["packet"], by: "root" },
  { name: "ask the kernel by netlink", argv: () => ["netlink"] },
  { name: "connect to a socket in a folder", argv: (s) => ["unix", join(s.folder, "socket")] },
  { name: "connect to an abstract socket", argv: (s) => ["abstract", `codex-escape-${s.port}`] },
  { name: "send a datagram to a socket", argv: (s) => ["datagram", join(s.folder, "datagrams")] },
  {
    name: "send a datagram by a socket of another type",
    argv: (s) => ["datagram-by-raw-type", join(s.folder, "datagrams")],
  },
  { name: "open another terminal of the user", argv: (s) => ["open-terminal", s.terminal] },
  { name: "make a set-uid program", argv: (s) => ["set-uid-file", join(s.workspace, "new")] },
  { name: "make a program set-uid", argv: (s) => ["set-uid-mode", join(s.workspace, "new")] },
  {
    name: "make a set-uid program by openat2",
    argv: (s) => ["set-uid-by-openat2", join(s.workspace, "new")],
  },
  { name: "limit another process", argv: (s) => ["limit-another", String(s.victimPid)] },
  { name: "use another's message queue", argv: (s) => ["use-queue", `/codex-escape-${s.segment}`] },
  { name: "remove another's message queue", argv: (s) => ["remove-queue", `/codex-escape-${s.segment}`] },
  { name: "set up io_uring", argv: () => ["io_uring"] },
  { name: "mount", argv: (s) => ["mount", join(s.folder, "mounts")], by: "root" },
  { name: "unshare namespaces", argv: () => ["unshare"] },
  { name: "start a process in a user namespace", argv: () => ["clone-namespace"] },
  { name: "enter a namespace", argv: () => ["setns"], by: "root" },
  { name: "change the root", argv: (s) => ["chroot", s.outside], by: "root" },
  { name: "open a file by its handle", argv: (s) => ["by-handle", s.victim], by: "root" },
  { name: "put a key on the user's keyring", argv: () => ["keyring"] },
  { name: "make a userfaultfd", argv: () => ["userfaultfd"], by: "root" },
  { name: "type into the terminal", argv: () => ["keystroke"] },
  { name: "run a program from memory", argv: (s) => ["from-memory", join(s.outside, "new")] },
  {
    name: "write after the command has ended",
    argv: (s) => ["in-background", join(s.outside, "new")],
    gotOut: wasCreated,
  },
  {
    name: "become root by a set-uid program",
    argv: (s) => [join(s.folder, "set-uid"), "be-root"],
    by: "user",
  },
  { name: "write another's shared memory", argv: (s) => ["overwrite", `/dev/shm/codex-escape-${s.port}`] },
  {
    name: "use another's System V memory",
    argv: (s) => ["use-segment", String(s.segment)],
    needsMounts: true,
  },
];

const oldTable: Attempt = { name: "use the 32-bit system calls", argv: () => ["old-table"] };

function makeScene(folder: string, who: Who, base: Base): Scene {
  const scene = {
    ...base,
    folder,
    workspace: join(folder, "workspace"),
    outside: join(folder, "outside"),
    victim: join(folder, "outside/victim"),
  };
  for (const path of [scene.workspace, join(scene.outside, "new"), scene.victim])
    fs.rmSync(path, { recursive: true, force: true });
  const folders = [".git/hooks", "main/.git/hooks", "main/.git/worktrees/tree", "tree"];
  for (const name of folders) fs.mkdirSync(join(scene.workspace, name), { recursive: true });
  fs.writeFileSync(join(scene.workspace, "own"), "own");
  fs.writeFileSync(join(scene.workspace, ".git/config"), "before");
  fs.writeFileSync(join(scene.workspace, "tree/.git"), "gitdir: ../main/.git/worktrees/tree\n");
  fs.writeFileSync(join(scene.workspace, "main/.git/worktrees/tree/commondir"), "../..\n");
  fs.writeFileSync(scene.victim, "before");
  if (isRoot && who === "user") {
    execFileSync("chown", ["-R", `${unprivileged}:${unprivileged}`, scene.workspace, scene.outside]);
  }
  return scene;
}

describe("escapes from the sandbox", { skip: isLinux ? false : "Linux only" }, () => {
  let folder = "";
  let helper = "";
  const closers: (() => void)[] = [];
  const bases = new Map<Who, Base>();
  const identity = (who: Who) => (isRoot && who === "user" ? { uid: unprivileged, gid: unprivileged } : {});

  before(async () => {
    folder = fs.mkdtempSync("/var/tmp/codex-escapes-");
    fs.chmodSync(folder, 0o755);
    helper = join(folder, "codex-linux-sandbox");
    fs.copyFileSync(launcher, helper);
    fs.mkdirSync(join(folder, "outside"));
    fs.chmodSync(join(folder, "outside"), 0o777);
    fs.mkdirSync(join(folder, "mounts"));
    closers.push(() => spawnSync("umount", [join(folder, "mounts")]));
    const source = join(packageRoot, "test/agent/sandbox/programs/escape.c");
    execFileSync(process.env.CC || "cc", [
      "-O1",
      "-w",
      source,
      "-o",
      join(folder, "escape"),
      "-lutil",
      "-lrt",
    ]);
    fs.copyFileSync(join(folder, "escape"), join(folder, "set-uid"));
    fs.chmodSync(join(folder, "set-uid"), 0o4755);
    const listen = async (where: net.ListenOptions) => {
      const server = net.createServer((socket) => socket.destroy()).listen(where);
      await new Promise((resolve) => server.once("listening", resolve));
      closers.push(() => server.close());
      return server;
    };
    const port = ((await listen({ port: 0, host: "127.0.0.1" })).address() as net.AddressInfo).port;
    await listen({ path: join(folder, "socket"), writableAll: true, readableAll: true });
    const receiver = spawn(join(folder, "escape"), ["receive", join(folder, "datagrams")], {
      stdio: "ignore",
    });
    closers.push(() => receiver.kill("SIGKILL"));
    const abstract = spawn(join(folder, "escape"), ["listen-abstract", `codex-escape-${port}`], {
      stdio: "ignore",
    });
    closers.push(() => abstract.kill("SIGKILL"));
    fs.writeFileSync(`/dev/shm/codex-escape-${port}`, "before");
    fs.chmodSync(`/dev/shm/codex-escape-${port}`, 0o666);
    closers.push(() => fs.rmSync(`/dev/shm/codex-escape-${port}`));
    for (const who of ["root", "user"] as const) {
      const victim = spawn("sleep", ["600"], {
        ...identity(who),
        cwd: join(folder, "outside"),
        stdio: ["ignore", "ignore", "ignore"],
      });
      closers.push(() => victim.kill("SIGKILL"));
      const segment = 20000 + (port % 20000) * 2 + (who === "root" ? 0 : 1);
      spawnSync(join(folder, "escape"), ["make-segment", String(segment)], identity(who));
      closers.push(() => spawnSync(join(folder, "escape"), ["remove-segment", String(segment)]));
      closers.push(() => spawnSync(join(folder, "escape"), ["remove-queue", `/codex-escape-${segment}`]));
      const terminal = join(folder, "outside", `terminal-${who}`);
      const holder = spawn(join(folder, "escape"), ["hold-terminal", terminal], {
        ...identity(who),
        stdio: "ignore",
      });
      closers.push(() => holder.kill("SIGKILL"));
      await waitFor(() => fs.existsSync(terminal) && fs.statSync(terminal).size > 0, "a terminal");
      bases.set(who, { port, victimPid: victim.pid ?? 0, segment, terminal });
    }
  });
  after(() => {
    for (const close of closers) close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** Whether it got out; undefined when the attempt could not be made. */
  function run(
    attempt: Attempt,
    who: Who,
    mounts: Mounts | "no sandbox",
  ): { out: boolean | undefined; said: string } {
    const scene = makeScene(folder, who, bases.get(who) as Scene);
    spawnSync(join(folder, "escape"), ["make-queue", `/codex-escape-${scene.segment}`], identity(who));
    const argv = attempt.argv(scene);
    const command = argv[0]?.startsWith("/") ? argv : [join(folder, "escape"), ...argv];
    const policy = JSON.stringify({
      mode: "workspace-write",
      writable_roots: [join(scene.workspace, "tree")],
      exclude_slash_tmp: true,
      exclude_tmpdir_env_var: true,
    });
    const sandbox = [
      "--sandbox-policy-cwd",
      scene.workspace,
      "--sandbox-policy",
      policy,
      "--mounts",
      mounts,
      "--",
    ];
    const [file, ...args] = mounts === "no sandbox" ? command : [helper, ...sandbox, ...command];
    const given = attempt.isGivenFolder ? fs.openSync(scene.outside, fs.constants.O_DIRECTORY) : undefined;
    const result = spawnSync(file ?? "", args, {
      stdio: ["ignore", "pipe", "pipe", ...(given === undefined ? [] : [given])],
      ...identity(who),
      cwd: scene.workspace,
      encoding: "utf8",
      timeout: 20_000,
    });
    if (given !== undefined) fs.closeSync(given);
    if (attempt.gotOut) {
      spawnSync("sleep", ["0.6"]);
      return { out: attempt.gotOut(scene), said: result.stderr };
    }
    const out = result.status === 0 ? true : result.status === 1 ? false : undefined;
    return { out, said: `${result.status} ${result.signal ?? ""} ${result.stdout}${result.stderr}` };
  }

  const all = process.arch === "x64" ? [...attempts, oldTable] : attempts;
  for (const who of isRoot ? (["root", "user"] as const) : (["user"] as const)) {
    for (const attempt of all) {
      if (attempt.by !== undefined && attempt.by !== who) continue;
      test(`${attempt.name}, as ${who}: done without the sandbox, refused inside`, (t) => {
        const control = run(attempt, who, "no sandbox");
        if (control.out !== true)
          return t.skip(`not possible here even without the sandbox: ${control.said.trim()}`);
        const held = {
          own: run(attempt, who, "own"),
          bubblewrap: run(attempt, who, "bubblewrap"),
          none: run(attempt, who, "none"),
        };
        const got = { own: held.own.out, bubblewrap: held.bubblewrap.out, none: held.none.out };
        const expected = { own: false, bubblewrap: false, none: attempt.needsMounts === true };
        assert.deepEqual(got, expected, JSON.stringify(held));
      });
    }
  }
});
