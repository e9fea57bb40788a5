// Keeps a thread in its rollout file. The loop never waits: lines are written in the background, in order.
// What cannot be written stays in memory and is tried again with the next lines, so that a disk which is
// full for a while leaves no gap; the user is told once.

import { type Clock, systemClock } from "../clock.ts";
import { oneLine } from "../foreign-text.ts";
import { reasonOf } from "../system-error.ts";
import { SessionError } from "./errors.ts";
import { gitFacts } from "./git-facts.ts";
import type { RolloutEntry, SessionMeta } from "./rollout-entry.ts";
import { RolloutFile } from "./rollout-file.ts";
import { rolloutLine } from "./rollout-line.ts";
import { rolloutPath } from "./rollout-path.ts";
import { forgetful, type RecordedThread, type ThreadStore } from "./thread-store.ts";

export interface FileStore extends ThreadStore {
  /** where the thread is kept; undefined where it is not kept */
  readonly file: string | undefined;
}

/** What a store needs of the world. */
export interface StoreParts {
  /** told once, when something cannot be kept */
  warn(message: string): void;
  readonly clock?: Clock;
}

export interface CreateStoreRequest extends StoreParts {
  readonly codexHome: string;
  /** `git` is looked up while the turn runs, where it is not given */
  readonly meta: SessionMeta;
  /** nothing is kept */
  readonly isEphemeral?: boolean;
}

/** A store for a new thread. Its file appears with the first entry, behind its meta data. */
export async function createStore(request: CreateStoreRequest): Promise<FileStore> {
  const { codexHome, meta, isEphemeral = false, warn, clock = systemClock } = request;
  if (isEphemeral) return { ...forgetful, file: undefined };
  const createdAtMs = clock.now();
  const path = rolloutPath(codexHome, meta.id, new Date(meta.timestamp));
  const withGit = meta.git === undefined ? gitFacts(meta.cwd) : Promise.resolve(meta.git);
  const begin = async () => {
    const git = await withGit;
    const file = await RolloutFile.create(path, codexHome);
    const payload = git === undefined ? meta : { ...meta, git };
    try {
      await file.append(rolloutLine({ type: "session_meta", payload }, createdAtMs));
    } catch (error) {
      await file.remove();
      throw error;
    }
    return file;
  };
  return new BackgroundStore(path, begin, warn, clock);
}

/**
 * A store that goes on with a thread which was read from its file.
 *
 * @throws {SessionError} SESSION_IN_USE, SESSION_UNSAFE
 */
export async function reopenStore(recorded: RecordedThread, parts: StoreParts): Promise<FileStore> {
  const { file: path } = recorded;
  const reopen = () => RolloutFile.reopen(path, recorded);
  const first = await reopen().catch((error: unknown) => {
    if (error instanceof SessionError) throw error;
    return undefined; // tried again, and reported, when there is something to write
  });
  return new BackgroundStore(path, reopen, parts.warn, parts.clock ?? systemClock, first);
}

// What a turn brings is some megabytes at most; pictures are the exception.
const maxWaitingCharacters = 256 * 1024 * 1024;

class BackgroundStore implements FileStore {
  readonly file: string;
  readonly #begin: () => Promise<RolloutFile>;
  readonly #warn: (message: string) => void;
  readonly #clock: Clock;
  #opened: RolloutFile | undefined;
  #waiting: string[] = [];
  #waitingCharacters = 0;
  #work: Promise<void> | undefined;
  #hasWarned = false;
  #isOver = false;

  constructor(
    file: string,
    begin: () => Promise<RolloutFile>,
    warn: (message: string) => void,
    clock: Clock,
    opened?: RolloutFile,
  ) {
    this.file = file;
    this.#begin = begin;
    this.#warn = warn;
    this.#clock = clock;
    this.#opened = opened;
  }

  append(...entries: readonly RolloutEntry[]): void {
    if (this.#isOver) return;
    for (const entry of entries) {
      const line = rolloutLine(entry, this.#clock.now());
      this.#waiting.push(line);
      this.#waitingCharacters += line.length;
    }
    if (this.#waitingCharacters > maxWaitingCharacters) this.#giveUp();
    this.#startWork();
  }

  async flush(): Promise<void> {
    await this.#work;
    this.#startWork(); // what could not be written before
    await this.#work;
    await this.#opened?.sync().catch(() => {});
  }

  async close(): Promise<void> {
    await this.flush();
    this.#isOver = true;
    this.#waiting = [];
    await this.#opened?.close().catch(() => {});
    this.#opened = undefined;
  }

  #startWork(): void {
    if (this.#waiting.length === 0) return;
    this.#work ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      this.#opened ??= await this.#begin();
      while (this.#waiting.length > 0) {
        const count = this.#waiting.length;
        await this.#opened.append(this.#waiting.join(""));
        for (const line of this.#waiting.splice(0, count)) this.#waitingCharacters -= line.length;
      }
    } catch (error) {
      this.#report(error);
    }
    this.#work = undefined; // nothing can be appended between the last look at what waits and here
  }

  #report(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const reason = oneLine(error instanceof SessionError ? error.message : reasonOf(error));
    this.#warn(`this session cannot be recorded in ${this.file}: ${reason}`);
  }

  #giveUp(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#waitingCharacters = 0;
  }
}
