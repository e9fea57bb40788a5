// The file of a session while it is written: only ever appended to, by one process at a time. A line is in
// the file as a whole or not at all: what a full disk has cut off is taken back at once, and what a killed
// process has left half is cut off by the next one that goes on.

import { constants } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileLockError, type FileLockPatience, withFileLock } from "../file-lock.ts";
import { SessionError } from "./errors.ts";
import { ensureSessionFolder, giveToOwner, openSessionFile } from "./session-folder.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR, O_WRONLY } = constants;

export class RolloutFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #release: () => Promise<void>;

  private constructor(path: string, file: FileHandle, release: () => Promise<void>) {
    this.#path = path;
    this.#file = file;
    this.#release = release;
  }

  /**
   * A new file, with the folders that it needs.
   *
   * @throws {SessionError} SESSION_UNSAFE, SESSION_IN_USE
   * @throws {Error} of the system
   */
  static async create(path: string, codexHome: string): Promise<RolloutFile> {
    const owner = await ensureSessionFolder(codexHome, dirname(path));
    return await locked(path, async (release) => {
      const file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_APPEND, 0o600);
      await giveToOwner(file, owner);
      return new RolloutFile(path, file, release);
    });
  }

  /**
   * A file that was read, to go on with.
   *
   * @param seen - how long it was when it was read, and how much of that were whole lines
   * @throws {SessionError} SESSION_UNSAFE, SESSION_IN_USE
   * @throws {Error} of the system
   */
  static async reopen(
    path: string,
    seen: { readonly size: number; readonly wholeSize: number },
  ): Promise<RolloutFile> {
    return await locked(path, async (release) => {
      const { file, facts } = await openSessionFile(path, O_RDWR | O_APPEND);
      try {
        if (facts.size !== seen.size) {
          throw new SessionError("SESSION_IN_USE", `another process has changed ${path} just now`);
        }
        await file.chmod(0o600).catch(() => {}); // those of the original can be read by everybody
        const rollout = new RolloutFile(path, file, release);
        if (seen.wholeSize < seen.size) await file.truncate(seen.wholeSize);
        if (!(await rollout.#endsWithLine(seen.wholeSize))) await rollout.append("\n");
        return rollout;
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  /** Append whole lines. Where that fails, the file is as it was. */
  async append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines);
    let written = 0;
    try {
      while (written < bytes.length) written += (await this.#file.write(bytes, written)).bytesWritten;
    } catch (error) {
      if (written > 0) await this.#takeBack(written);
      throw error;
    }
  }

  /** Resolves when the disk has it all. */
  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#release();
  }

  /** For a file that could not be begun: close it and leave nothing. */
  async remove(): Promise<void> {
    await unlink(this.#path).catch(() => {});
    await this.close();
  }

  async #takeBack(byteCount: number): Promise<void> {
    const { size } = await this.#file.stat();
    await this.#file.truncate(size - byteCount).catch(() => {});
  }

  async #endsWithLine(size: number): Promise<boolean> {
    if (size === 0) return true;
    const { buffer } = await this.#file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === 0x0a;
  }
}

/** @returns where the lock of a session's file is */
export function lockPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.lock`);
}

const shortWait: FileLockPatience = { waitMs: 1_000 };

/** Keep the lock of a file for as long as what `begin` returns needs it. */
async function locked<T>(path: string, begin: (release: () => Promise<void>) => Promise<T>): Promise<T> {
  const release = await holdLock(path);
  try {
    return await begin(release);
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * Take the lock of a session's file.
 *
 * @returns lets go of it
 * @throws {SessionError} SESSION_IN_USE
 * @throws {Error} of the system, where the folder cannot be written to
 */
export function holdLock(path: string): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const held: Promise<void> = withFileLock(
      lockPath(path),
      () =>
        new Promise<void>((end) => {
          resolve(() => {
            end();
            return held;
          });
        }),
      shortWait,
    );
    held.catch((error: unknown) => {
      const code = error instanceof FileLockError ? error.code : undefined;
      if (code === "FILE_LOCKED") {
        reject(new SessionError("SESSION_IN_USE", `another codex is at work on the session ${path}`, error));
      } else reject(code === "FILE_LOCK_IMPOSSIBLE" ? (error as FileLockError).cause : error);
    });
  });
}
