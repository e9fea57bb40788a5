// One process at a time, across processes: a lock file that names its holder. The lock of a holder that has
// died is broken at once. Node has no flock(2), and locks that go by a file's age are lost by a laptop that
// sleeps; so the holder is looked up by pid and start time, and only where that cannot be (another host,
// another container) age decides.

import { randomBytes } from "node:crypto";
import { link, readFile, readlink, stat, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AuthError } from "./errors.ts";

interface Holder {
  readonly pid: number;
  readonly startedAt: string;
  /** pids mean something only inside it */
  readonly place: string;
  readonly nonce: string;
}

const pollMs = 25;
/** a holder whose life cannot be looked up is given this long */
const unknownHolderMs = 60_000;

/**
 * Run `action` while no other process runs one under the same lock.
 *
 * @param path - of the lock file; its folder must exist
 * @param waitMs - how long to wait for a holder that lives
 * @throws {AuthError} AUTH_LOCKED
 */
export async function withProcessLock<T>(
  path: string,
  action: () => Promise<T>,
  waitMs = 60_000,
): Promise<T> {
  const own: Holder = { ...(await thisProcess()), nonce: randomBytes(8).toString("hex") };
  const until = Date.now() + waitMs;
  while (!(await tryTake(path, own))) {
    if (await isAbandoned(path)) {
      await breakLock(path, own);
    } else if (Date.now() >= until) {
      throw new AuthError("AUTH_LOCKED", `the lock ${path} is held by another process`);
    } else {
      await sleep(pollMs + Math.random() * pollMs);
    }
  }
  try {
    return await action();
  } finally {
    if ((await readHolder(path))?.nonce === own.nonce) await unlink(path).catch(() => {});
  }
}

// The name appears with its contents, by link(2): nobody reads half a holder.
async function tryTake(path: string, own: Holder): Promise<boolean> {
  const temporary = `${path}.${own.nonce}`;
  await writeFile(temporary, JSON.stringify(own), { mode: 0o600, flag: "wx" });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

// Two that find the same dead holder must not both remove the file: the second would remove the lock of
// the one that came after. So the removal is itself under a lock, held for two system calls.
async function breakLock(path: string, own: Holder): Promise<void> {
  const breaker = `${path}.break`;
  if (!(await tryTake(breaker, own))) {
    if (await isAbandoned(breaker)) await unlink(breaker).catch(() => {});
    await sleep(pollMs);
    return;
  }
  try {
    if (await isAbandoned(path)) await unlink(path).catch(() => {});
  } finally {
    await unlink(breaker).catch(() => {});
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  if (holder === undefined) return await isOlderThan(path, unknownHolderMs);
  if (holder.place !== (await thisProcess()).place) return await isOlderThan(path, unknownHolderMs);
  return !(await isAlive(holder));
}

async function isAlive(holder: Holder): Promise<boolean> {
  const found = await processAt(holder.pid);
  if (found !== undefined) return !found.isDead && found.startedAt === holder.startedAt;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    const holder = value as Holder;
    return typeof holder?.pid === "number" && typeof holder.place === "string" ? holder : undefined;
  } catch {
    return undefined;
  }
}

async function isOlderThan(path: string, ageMs: number): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > ageMs;
}

async function thisProcess(): Promise<Omit<Holder, "nonce">> {
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  return {
    pid: process.pid,
    startedAt: (await processAt(process.pid))?.startedAt ?? "",
    place: [hostname(), boot.trim(), namespace].join(" "),
  };
}

// Field 22 of /proc/PID/stat, the start, is another for a pid that was given out again; field 3 tells who
// has died and waits for his parent. The name before them may hold anything.
async function processAt(pid: number): Promise<{ startedAt: string; isDead: boolean } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined) return undefined;
  return { startedAt: fields[19] ?? "", isDead: ["Z", "X"].includes(fields[0] ?? "") };
}
