// One process at a time, across processes: a lock file that names its holder. Node has no flock(2), and a
// lock that goes by its age is lost by a laptop that sleeps. So a holder of this machine is looked up by pid
// and start time; one that cannot be (another host, another container, a file that says nothing) keeps
// touching its lock, and has lost it when nothing was seen to change for a while: no clocks are compared.
//
// A dead holder's lock is never removed, which could remove that of the next: it is replaced, in one rename,
// by whoever holds its seat of succession. That is a second lock file, named after the dead holder, which is
// taken as exclusively as the lock itself, and passes on in the same way if its holder dies in turn.

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, rename, rm, unlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentError } from "./errors.ts";
import { isPidInUse, pidPlace, readProcessStat } from "./process-stat.ts";

const hints = {
  FILE_LOCKED: "another codex is at work: try again in a moment",
  FILE_LOCK_IN_THE_WAY: "remove it, when no codex is running",
  FILE_LOCK_IMPOSSIBLE: undefined,
} as const;

/** The lock is not to be had; `cause` says why, where the system said no. */
export class FileLockError extends AgentError {
  override readonly name = "FileLockError";
  declare readonly code: keyof typeof hints;

  constructor(code: keyof typeof hints, message: string, cause?: unknown) {
    super(message, { code, hint: hints[code], cause });
  }
}

export interface FileLockPatience {
  /** how long to wait for a holder that lives; whether one does that cannot be looked up is found out first */
  readonly waitMs?: number;
  /** how long a holder that cannot be looked up may leave its lock untouched; it touches it five times */
  readonly silenceMs?: number;
}

/**
 * Run `action` while no other process runs one under the same lock. The lock has a name of its own: where
 * the original has a lock file too, that one is not understood and must not be named here.
 *
 * @param path - of the lock file; its folder exists and can be written to
 * @throws {FileLockError} FILE_LOCKED after the wait
 */
export async function withFileLock<T>(
  path: string,
  action: () => Promise<T>,
  { waitMs = 60_000, silenceMs = 10_000 }: FileLockPatience = {},
): Promise<T> {
  const own = await lockFor(path, waitMs, silenceMs);
  const heartbeat = setInterval(() => void touch(path, own), silenceMs / 5).unref();
  try {
    return await action();
  } finally {
    clearInterval(heartbeat);
    if ((await readLock(path))?.holder?.nonce === own.nonce) await unlink(path).catch(() => {});
  }
}

interface Holder {
  readonly pid: number;
  readonly startedAt: string;
  /** pids mean something only inside it */
  readonly place: string;
  readonly nonce: string;
}

/** A lock file as it was seen. */
interface SeenLock {
  readonly holder: Holder | undefined;
  /** changes whenever the file is another or was touched */
  readonly mark: string;
}

const pollMs = 25;
const maxBytes = 4096;
const maxSuccession = 50;
/** Of holders that cannot be looked up, one after the other, and of none that is alive. */
const maxSilences = 4;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

async function lockFor(path: string, waitMs: number, silenceMs: number): Promise<Holder> {
  const holder = { ...thisProcess(), nonce: randomBytes(8).toString("hex") };
  try {
    await take(path, holder, waitMs, silenceMs);
    return holder;
  } catch (error) {
    if (error instanceof FileLockError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new FileLockError("FILE_LOCK_IMPOSSIBLE", `cannot make the lock ${path} (${reason})`, error);
  }
}

async function create(path: string, holder: Holder): Promise<void> {
  const file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o644);
  try {
    // Another user who may write here (root, with this user's home) can see that the holder is alive.
    await file.chmod(0o644).catch(() => {});
    await file.writeFile(JSON.stringify(holder));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function take(path: string, own: Holder, waitMs: number, silenceMs: number): Promise<void> {
  const until = performance.now() + waitMs;
  const watch = new Watch(own.place, silenceMs);
  for (;;) {
    const seen = await readLock(path);
    if (seen === undefined ? await tryTake(path, own) : await trySucceed(path, seen, own, watch)) return;
    const now = performance.now();
    // A holder of an earlier boot, or of a container that is gone, would otherwise never be waited for long enough.
    if (now >= until && (watch.hasSeenLife || now >= until + maxSilences * silenceMs)) {
      throw new FileLockError("FILE_LOCKED", `the lock ${path} is held by another process`);
    }
    await sleep(pollMs + Math.random() * pollMs);
  }
}

// The name appears with its contents, by link(2): nobody reads half a holder.
async function tryTake(path: string, own: Holder): Promise<boolean> {
  const temporary = `${path}.${own.nonce}`;
  try {
    await create(temporary, own);
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST") return false;
    if (code === undefined || !["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(code)) throw error;
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
  // A file system without hard links. Whoever reads half a holder knows none, and waits.
  try {
    await create(path, own);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Replace the lock of a holder that is dead, if it is ours to replace. */
async function trySucceed(path: string, first: SeenLock, own: Holder, watch: Watch): Promise<boolean> {
  const passed: string[] = [];
  let seat = path;
  for (let seen: SeenLock | undefined = first; seen !== undefined; seen = await readLock(seat)) {
    if (passed.length > maxSuccession || !watch.isAbandoned(seat, seen)) return false;
    passed.push(seat);
    seat = `${path}.after-${seen.holder?.nonce ?? `unknown-${passed.length}`}`;
  }
  if (!(await tryTake(seat, own))) return false;
  // Whoever read the lock long ago may find the seat free again, when the succession is over.
  if ((await readLock(path))?.mark !== first.mark) {
    await unlink(seat).catch(() => {});
    return false;
  }
  try {
    await rename(seat, path);
  } catch (cause) {
    await unlink(seat).catch(() => {});
    const reason = (cause as NodeJS.ErrnoException).code;
    const message = `what stands in the place of the lock ${path} cannot be replaced (${reason})`;
    throw new FileLockError("FILE_LOCK_IN_THE_WAY", message, cause);
  }
  for (const empty of passed.slice(1)) await unlink(empty).catch(() => {});
  return true;
}

/** Who is gone: looked up where that can be, and otherwise watched for as long as it takes. */
class Watch {
  readonly #place: string;
  readonly #silenceMs: number;
  readonly #since = new Map<string, { readonly mark: string; readonly ms: number }>();
  #hasSeenLife = false;

  constructor(place: string, silenceMs: number) {
    this.#place = place;
    this.#silenceMs = silenceMs;
  }

  /** Whether somebody is known to be alive who holds the lock, or is about to. */
  get hasSeenLife(): boolean {
    return this.#hasSeenLife;
  }

  isAbandoned(path: string, { holder, mark }: SeenLock): boolean {
    const life = holder?.place === this.#place ? lifeOf(holder) : "unknown";
    if (life === "goes on") this.#hasSeenLife = true;
    if (life !== "unknown") return life === "over";
    const before = this.#since.get(path);
    if (before !== undefined && before.mark !== mark) this.#hasSeenLife = true;
    if (before?.mark === mark) return performance.now() - before.ms >= this.#silenceMs;
    this.#since.set(path, { mark, ms: performance.now() });
    return false;
  }
}

function lifeOf({ pid, startedAt }: Holder): "goes on" | "over" | "unknown" {
  const found = readProcessStat(pid);
  if (found !== undefined) return !found.isDead && found.startTicks === startedAt ? "goes on" : "over";
  // Without a start time it may be another process that has the pid by now.
  return isPidInUse(pid) ? "unknown" : "over";
}

// The lock may be anything that somebody has put there: a FIFO does not make us wait, and nothing is followed.
async function readLock(path: string): Promise<SeenLock | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    const facts = await lstat(path).catch(() => undefined);
    return facts && { holder: undefined, mark: `${facts.ino} ${facts.mtimeMs}` };
  }
  try {
    // Opening, and not stat by name, is what makes NFS look at the file anew.
    const facts = await file.stat();
    const text = facts.isFile() && facts.size <= maxBytes ? await file.readFile("utf8") : "";
    const holder = holderFrom(text);
    return { holder, mark: `${facts.ino} ${facts.mtimeMs} ${holder?.nonce}` };
  } catch {
    return { holder: undefined, mark: "" };
  } finally {
    await file.close();
  }
}

function holderFrom(text: string): Holder | undefined {
  let value: Partial<Record<keyof Holder, unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { pid, startedAt, place, nonce } = value ?? {};
  // The nonce becomes part of a name.
  if (typeof nonce !== "string" || !/^[0-9a-f]{16}$/.test(nonce)) return undefined;
  if (!Number.isInteger(pid) || typeof startedAt !== "string" || typeof place !== "string") return undefined;
  return { pid: pid as number, startedAt, place, nonce };
}

/** Other hosts see that somebody is there; the time itself tells them nothing. */
async function touch(path: string, { nonce }: Holder): Promise<void> {
  try {
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const now = new Date();
      if (holderFrom(await file.readFile("utf8"))?.nonce === nonce) await file.utimes(now, now);
    } finally {
      await file.close();
    }
  } catch {
    // It is gone, or out of reach for the moment.
  }
}

function thisProcess(): Omit<Holder, "nonce"> {
  const startedAt = readProcessStat(process.pid)?.startTicks ?? "";
  return { pid: process.pid, startedAt, place: pidPlace() };
}
