// What code that has got into the running process can do: copies of the package whose entry obeys an
// attacker, once the real one inside it is up and locked.

import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { scanMemory } from "../../memory-scan.ts";
import { type Outcome, type Row, readOutcome, type Target } from "../outcome.ts";
import { copyPackage, type PackageCopy } from "../package-copy.ts";
import type { Order } from "../programs/inside.ts";
import { asVictim, isRoot, sleep, type Victim, type VictimOptions, type World, waitUntil } from "../world.ts";
import { noCoresHere, readRemains, withCores } from "./crashes.ts";

const insideProgram = fileURLToPath(new URL("../programs/inside.js", import.meta.url));

let copy: PackageCopy | undefined;

// One copy serves all rows: the order is read at the start of each victim, and they run one by one.
function infiltrate(target: Target, world: World, order: Pick<Order, "attack" | "argument">): VictimOptions {
  const middle = world.key.length / 2;
  const halves = [world.key.slice(0, middle), world.key.slice(middle)] as const;
  if (target === "control") {
    const folder = world.folder("control");
    fs.writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    installIn(folder, "inside.js", {
      ...order,
      entry: world.stringProxy,
      addon: addonIn(folder, world),
      halves,
    });
    return { control: join(folder, "inside.js") };
  }
  if (copy === undefined) {
    copy = copyPackage(join(world.root, "package"));
    fs.renameSync(copy.entry, join(dirname(copy.entry), "real-main.js"));
  }
  const folder = dirname(copy.entry);
  const entry = join(folder, "real-main.js");
  installIn(folder, "main.js", { ...order, entry, addon: addonIn(folder, world), halves });
  return { launcher: copy.launcher };
}

function installIn(folder: string, name: string, order: Order): void {
  const files = { [name]: fs.readFileSync(insideProgram), "order.json": JSON.stringify(order) };
  for (const [file, content] of Object.entries(files)) {
    fs.writeFileSync(join(folder, file), content);
    fs.chmodSync(join(folder, file), 0o644);
  }
}

function addonIn(folder: string, world: World): string {
  const file = join(folder, "inside.node");
  fs.copyFileSync(world.program("libinside"), file);
  fs.chmodSync(file, 0o755);
  return file;
}

async function order(
  target: Target,
  world: World,
  what: Pick<Order, "attack" | "argument">,
  options: VictimOptions = {},
): Promise<Victim> {
  const victim = await world.start(target, { ...options, ...infiltrate(target, world, what) });
  await world.use(victim);
  victim.kill("SIGUSR2");
  return victim;
}

async function attemptInside(
  target: Target,
  world: World,
  what: Pick<Order, "attack" | "argument">,
  options: VictimOptions = {},
): Promise<Outcome> {
  const victim = await order(target, world, what, options);
  const spoken = () => /attack: (.*)\n/.exec(victim.output.stderr)?.[1];
  await waitUntil(() => spoken() !== undefined, 5000);
  await world.end(victim);
  return readOutcome(spoken() ?? "");
}

type Argument = string | ((world: World, target: Target) => string | Promise<string>);

function row(attack: string, what: string, control: Outcome, proxy: Outcome, argument: Argument = ""): Row {
  return {
    attack,
    attacker: "inside",
    control,
    proxy,
    run: async (target, world) => {
      const value = typeof argument === "string" ? argument : await argument(world, target);
      return attemptInside(target, world, { attack: what, argument: value });
    },
  };
}

// Started by root, the proxy drops to the uid of the victims; the control stays what it was.
const startedByRoot = (target: Target): VictimOptions => ({
  as: [],
  args: target === "proxy" ? ["--user", "60001:60001"] : [],
});

function rootRow(attack: string, what: string, control: Outcome, proxy: Outcome, argument = ""): Row {
  const impossible: Outcome = "not possible here: needs a start by root";
  return {
    attack: `${attack}, having been started by root`,
    attacker: "inside",
    control,
    proxy,
    run: async (target, world) => {
      if (!isRoot) return impossible;
      return attemptInside(target, world, { attack: what, argument }, startedByRoot(target));
    },
  };
}

/** Run something with a bystander of the same uid at hand, who is ended afterwards. */
function bystanderRow(attack: string, what: string): Row {
  return {
    attack,
    attacker: "inside",
    control: "gets process",
    proxy: "denied",
    run: async (target, world) => {
      const bystander = spawn("env", [...asVictim, "sleep", "20"], { stdio: "ignore" });
      await sleep(100);
      try {
        return await attemptInside(target, world, { attack: what, argument: String(bystander.pid) });
      } finally {
        bystander.kill("SIGKILL");
      }
    },
  };
}

/** Run something with a server at hand that takes connections. */
function serverRow(attack: string, what: string, listenOn: (target: Target) => net.ListenOptions): Row {
  return {
    attack,
    attacker: "inside",
    control: "gets process",
    proxy: "denied",
    run: async (target, world) => {
      const server = net.createServer((socket) => socket.destroy());
      const where = listenOn(target);
      server.listen(where);
      await once(server, "listening");
      const argument =
        where.path === undefined ? String((server.address() as net.AddressInfo).port) : where.path.slice(1);
      try {
        return await attemptInside(target, world, { attack: what, argument });
      } finally {
        server.close();
      }
    },
  };
}

/** Run something in a victim that writes dumps, and server info beside them. */
function dumpRow(
  attack: string,
  what: string,
  proxy: Outcome,
  fileOf: (folder: string, oldDump: string) => string,
): Row {
  return {
    attack: `${attack}, where --dump-dir is given`,
    attacker: "inside",
    control: "gets process",
    proxy,
    run: async (target, world) => {
      const folder = world.folder(target);
      fs.chmodSync(folder, 0o1777);
      const dumps = join(folder, "dumps");
      const oldDump = join(dumps, "old.json");
      fs.mkdirSync(dumps);
      fs.writeFileSync(oldDump, "{}");
      fs.chmodSync(dumps, 0o700);
      if (isRoot) for (const path of [dumps, oldDump]) fs.chownSync(path, 60001, 60001);
      const args = ["--dump-dir", dumps, "--server-info", join(folder, "info.json")];
      return attemptInside(target, world, { attack: what, argument: fileOf(folder, oldDump) }, { args });
    },
  };
}

/** A death of the process from within, with core files allowed; what it leaves is read. */
function deathRow(attack: string, what: string, control: Outcome, limits: readonly string[] = []): Row {
  const needsCore = control === "gets key" && !["throw", "reject"].includes(what);
  return {
    attack,
    attacker: "inside",
    control,
    proxy: "denied",
    run: async (target, world) => {
      const impossible = needsCore ? noCoresHere() : undefined;
      if (impossible !== undefined) return impossible;
      const outermost = [...withCores, ...limits];
      const victim = await order(target, world, { attack: what, argument: "" }, { outermost });
      let hasSurvived = false;
      const timer = setTimeout(() => {
        hasSurvived = true;
        victim.kill("SIGKILL");
      }, 15_000);
      await victim.ended;
      clearTimeout(timer);
      if (hasSurvived) throw new Error("it did not die");
      const outcome = readRemains(victim.folder);
      if (target === "control") fs.rmSync(victim.folder, { recursive: true });
      return victim.output.stderr.includes(world.key) ? "gets key" : outcome;
    },
  };
}

async function copyByFork(target: Target, world: World): Promise<Outcome> {
  const victim = await order(target, world, { attack: "forkCopy", argument: "" });
  await waitUntil(() => /attack: .*\n/.test(victim.output.stderr), 5000);
  const children = fs.readFileSync(`/proc/${victim.pid}/task/${victim.pid}/children`, "utf8").trim();
  const copies = children.split(" ").filter((pid) => pid !== "");
  const found = copies.some((pid) => scanMemory(Number(pid), world.key).copies > 0);
  await world.end(victim);
  for (const pid of copies) process.kill(Number(pid), "SIGKILL");
  if (found) return "gets key";
  return copies.length > 0 ? "gets process" : "denied";
}

// There may be no swap here; what the kernel says of the pages decides what it would do with them.
async function findUnlockedKey(target: Target, world: World): Promise<Outcome> {
  const { pid } = await world.standing(target);
  const mappings = fs.readFileSync(`/proc/${pid}/smaps`, "utf8").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  const locked = mappings.filter((mapping) => /^VmFlags:.* lo/m.test(mapping));
  if (locked.length > 0 && scanMemory(pid, world.key).copies === 0) return "denied";
  const copies = scanMemory(pid, world.key).copies;
  return copies > locked.length ? "gets key" : "denied";
}

export const insideRows: readonly Row[] = [
  row("fork", "fork", "gets process", "denied"),
  row("exec of a shell", "exec", "gets process", "denied"),
  row("bind", "bind", "gets process", "denied"),
  row("listen without bind", "listen", "gets process", "denied"),
  serverRow("connect to another port", "connect", () => ({ port: 0, host: "127.0.0.1" })),
  serverRow("connect to another port by Multipath TCP", "connectMultipath", () => ({
    port: 0,
    host: "127.0.0.1",
  })),
  serverRow("connect to another port by TCP Fast Open", "connectFast", () => ({
    port: 0,
    host: "127.0.0.1",
  })),
  serverRow("connect to an abstract socket", "connectAbstract", (target) => ({
    path: `\0codex-attack-${process.pid}-${target}`,
  })),
  row(
    "read a file of its uid outside of what it needs",
    "read",
    "gets process",
    "denied",
    (world, target) => {
      const file = join(world.folder(target), "notes");
      fs.writeFileSync(file, "private");
      fs.chmodSync(file, 0o644);
      return file;
    },
  ),
  row("write a new file", "write", "gets process", "denied", (world, target) =>
    join(world.folder(target), "new"),
  ),
  row("remove a file", "unlink", "gets process", "denied", (world, target) => {
    const file = join(world.folder(target), "victim");
    fs.writeFileSync(file, "");
    return file;
  }),
  dumpRow("write a new file elsewhere", "create", "denied", (folder) => join(folder, "new")),
  dumpRow("write to an earlier dump", "overwrite", "denied", (_, oldDump) => oldDump),
  dumpRow("read an earlier dump", "read", "denied", (_, oldDump) => oldDump),
  dumpRow("remove an earlier dump", "unlink", "denied", (_, oldDump) => oldDump),
  dumpRow("write a program among the dumps", "createProgram", "denied", (folder) =>
    join(folder, "dumps/new"),
  ),
  // What the option is for. It also shows that the rows above are not denied for another reason.
  dumpRow("write a new file among the dumps", "create", "gets process", (folder) =>
    join(folder, "dumps/new"),
  ),
  // Not closed: DNS needs it.
  row("a UDP datagram to another port", "sendUdp", "gets process", "gets process", "9"),
  row("dumpable back", "dumpable", "gets process", "denied"),
  row("memfd_create", "memfd", "gets process", "denied"),
  row("perf_event_open", "perf", "gets process", "denied"),
  row("a user namespace of its own", "newNamespace", "gets process", "denied"),
  row("keyctl", "keyctl", "gets process", "denied"),
  bystanderRow("ptrace another process of its uid", "ptrace"),
  bystanderRow("process_vm_readv of another process of its uid", "readOther"),
  bystanderRow("a signal to another process of its uid", "kill"),
  rootRow("read /etc/shadow", "read", "gets process", "denied", "/etc/shadow"),
  rootRow("setuid back", "setuid", "gets process", "denied"),
  rootRow("bpf", "bpf", "gets process", "denied"),
  deathRow("uncaught exception that quotes the key", "throw", "gets key"),
  deathRow("unhandled rejection that quotes the key", "reject", "gets key"),
  deathRow("stack overflow in JavaScript, ulimit -c unlimited", "recurse", "denied"),
  deathRow("stack overflow in native code, ulimit -c unlimited", "overflow", "gets key"),
  deathRow("null pointer in native code, ulimit -c unlimited", "segfault", "gets key"),
  deathRow("out-of-memory abort, ulimit -c unlimited", "outOfMemory", "gets key", [
    "prlimit",
    "--data=1000000000",
  ]),
];

export const rootOnLeftovers: readonly Row[] = [
  {
    attack: "a copy of the process by fork",
    attacker: "passive root",
    control: "gets key",
    proxy: "denied",
    run: copyByFork,
  },
  {
    attack: "swap: whether the key's pages may be swapped out, read from smaps",
    attacker: "passive root",
    control: "gets key",
    proxy: "denied",
    run: findUnlockedKey,
  },
];
