// Reads everything that a patch needs and works out everything that it does, section by section, without
// writing. A patch of which any part cannot be applied gives an error here and nothing else.

import { constants } from "node:buffer";
import { resolve } from "node:path";
import { reasonOf, systemCode, systemError } from "../system-error.ts";
import { editText } from "./edit.ts";
import { PatchError } from "./errors.ts";
import { machineFileSystem, type ReadingFileSystem } from "./file-system.ts";
import { type Found, type Outcome, Overlay } from "./overlay.ts";
import { parsePatch } from "./parse.ts";
import type { Patch, Section } from "./patch.ts";
import { unifiedDiff } from "./unified-diff.ts";

/** A file as a patch names it and as the system finds it. */
export interface PatchPath {
  /** as the patch has it */
  readonly written: string;
  /** from the working directory, `.` and `..` taken out */
  readonly absolute: string;
  /** the directory entry that is written or removed, behind every symbolic link on the way */
  readonly real: string;
}

/** What one section does. Contents are undefined where there is no file, or none that is text. */
export interface FileChange {
  readonly kind: "add" | "update" | "delete";
  readonly path: PatchPath;
  readonly moveTo?: PatchPath;
  readonly oldContent: string | undefined;
  readonly newContent: string | undefined;
  /** what the file added, or the destination of the move, replaces */
  readonly overwritten?: string | undefined;
  /** for display: one line of context, no file headers; worked out when it is asked for */
  readonly unifiedDiff: string;
}

/** What becomes of one directory entry, all sections together. */
export interface PlanStep {
  readonly path: string;
  /** as the last section that decided it has the path */
  readonly written: string;
  readonly before: Found;
  readonly after: Exclude<Outcome, { kind: "directory" }> | { readonly kind: "absent" };
}

/** Everything that applying a patch will do. */
export interface PatchPlan {
  readonly patch: Patch;
  readonly cwd: string;
  /** one for each section, in the order of the patch */
  readonly changes: readonly FileChange[];
  /** one for each directory entry that will differ */
  readonly steps: readonly PlanStep[];
  /** every absolute path that the patch writes or removes, and the real one where links lead elsewhere */
  readonly touchedPaths: readonly string[];
}

/**
 * Work out what a patch does, and that it can be done.
 *
 * @param patch - the text, or what parsePatch made of it
 * @param cwd - absolute; where relative paths of the patch start
 * @throws {PatchError} for the first section that cannot be applied
 */
export async function planPatch(
  patch: string | Patch,
  cwd: string,
  fs: ReadingFileSystem = machineFileSystem,
): Promise<PatchPlan> {
  const parsed = typeof patch === "string" ? parsePatch(patch) : patch;
  const planner = new Planner(cwd, fs);
  const changes: FileChange[] = [];
  for (const section of parsed.sections) changes.push(await planner.plan(section));
  const paths = changes.flatMap(({ path, moveTo }) => (moveTo === undefined ? [path] : [path, moveTo]));
  const touchedPaths = [...new Set(paths.flatMap(({ absolute, real }) => [absolute, real]))];
  return { patch: parsed, cwd, changes, steps: await planner.steps(), touchedPaths };
}

class Planner {
  readonly #cwd: string;
  readonly #fs: ReadingFileSystem;
  readonly #overlay: Overlay;
  readonly #written = new Map<string, string>();

  constructor(cwd: string, fs: ReadingFileSystem) {
    this.#cwd = cwd;
    this.#fs = fs;
    this.#overlay = new Overlay(fs);
  }

  plan(section: Section): Promise<FileChange> {
    switch (section.kind) {
      case "add":
        return this.#planAdd(section);
      case "delete":
        return this.#planDelete(section);
      case "update":
        return this.#planUpdate(section);
    }
  }

  async steps(): Promise<PlanStep[]> {
    const steps: PlanStep[] = [];
    for (const [path, outcome] of this.#overlay.outcomes) {
      const before = await this.#overlay.found(path);
      // Directories are made when something is put into them; here only what they replace counts.
      const after = outcome.kind === "directory" ? ({ kind: "absent" } as const) : outcome;
      if (before.kind === "directory" || (after.kind === "absent" && before.kind === "absent")) continue;
      steps.push({ path, written: this.#written.get(path) ?? path, before, after });
    }
    return steps;
  }

  async #planAdd(section: Section & { kind: "add" }): Promise<FileChange> {
    const { path, overwritten } = await this.#write(section.path, section.content, undefined);
    return change("add", path, overwritten, section.content, { overwritten });
  }

  async #planDelete(section: Section & { kind: "delete" }): Promise<FileChange> {
    try {
      const path = await this.#path(section.path, false);
      const kind = (await this.#overlay.current(path.real)).kind;
      if (kind === "absent") throw systemError("ENOENT");
      if (kind === "directory" || endsAsDirectory(section.path)) throw systemError("EISDIR");
      const oldContent = await this.#textOrUndefined(path.real);
      await this.#set(path, { kind: "absent" });
      return change("delete", path, oldContent, undefined);
    } catch (error) {
      throw new PatchError(
        "PATCH_DELETE",
        `Failed to delete file ${section.path}`,
        `Failed to read ${resolve(this.#cwd, section.path)}: ${reasonOf(error)}`,
        error,
      );
    }
  }

  async #planUpdate(section: Section & { kind: "update" }): Promise<FileChange> {
    const names = { written: section.path, absolute: resolve(this.#cwd, section.path) };
    let read: { content: string; mode: number | undefined; target: PatchPath };
    try {
      read = await this.#read(section.path);
    } catch (error) {
      const failed = "Failed to read file to update";
      const reason = reasonOf(error);
      throw new PatchError(
        "PATCH_READ",
        `${failed} ${names.written}: ${reason}`,
        `${failed} ${names.absolute}: ${reason}`,
        error,
      );
    }
    const { content, mode, target } = read;
    const edited = editText(content, section.chunks, names);
    if (section.moveTo === undefined) {
      await this.#set(target, { kind: "text", text: edited, mode });
      return change("update", target, content, edited);
    }
    const { path: moveTo, overwritten } = await this.#write(section.moveTo, edited, mode);
    const source = await this.#path(section.path, false);
    const destination = await this.#path(section.moveTo, false);
    // A file that is moved onto itself, or onto a link to itself, stays.
    if (source.real === moveTo.real || source.real === destination.real) {
      return change("update", target, content, edited);
    }
    await this.#set(source, { kind: "absent" });
    return change("update", source, content, edited, { moveTo, overwritten });
  }

  async #path(written: string, followsLast: boolean): Promise<PatchPath> {
    const real = await this.#overlay.follow(this.#cwd, written, followsLast);
    return { written, absolute: resolve(this.#cwd, written), real };
  }

  async #set(path: PatchPath, outcome: Outcome): Promise<void> {
    this.#written.set(path.real, path.written);
    await this.#overlay.set(path.real, outcome);
  }

  /** Plan a file with this content, whatever file or link is there. */
  async #write(
    written: string,
    text: string,
    mode: number | undefined,
  ): Promise<{ path: PatchPath; overwritten: string | undefined }> {
    try {
      const path = await this.#path(written, true);
      const there = await this.#overlay.current(path.real);
      if (there.kind === "directory" || endsAsDirectory(written)) throw systemError("EISDIR");
      if (there.kind === "other") throw new Error("not a regular file");
      const overwritten = await this.#textOrUndefined(path.real);
      const ownMode = there.kind === "file" || there.kind === "text" ? there.mode : mode;
      await this.#set(path, { kind: "text", text, mode: ownMode });
      return { path, overwritten };
    } catch (error) {
      const isParent = systemCode(error) === "ENOTDIR";
      const failed = isParent ? "Failed to create parent directories for" : "Failed to write file";
      throw new PatchError(
        isParent ? "PATCH_PARENT" : "PATCH_WRITE",
        `${failed} ${written}`,
        `${failed} ${resolve(this.#cwd, written)}: ${reasonOf(error)}`,
        error,
      );
    }
  }

  async #read(written: string): Promise<{ content: string; mode: number | undefined; target: PatchPath }> {
    const target = await this.#path(written, true);
    const there = await this.#overlay.current(target.real);
    if (there.kind === "absent") throw systemError("ENOENT");
    if (there.kind === "directory") throw systemError("EISDIR");
    if (endsAsDirectory(written)) throw systemError("ENOTDIR");
    if (there.kind === "text") return { content: there.text, mode: there.mode, target };
    if (there.kind !== "file") throw new Error("not a regular file");
    return { content: await this.#readText(target.real, there), mode: there.mode, target };
  }

  async #readText(path: string, file: Found & { kind: "file" }): Promise<string> {
    if (file.identity.size > constants.MAX_STRING_LENGTH) throw new Error("file is too large to be edited");
    const bytes = await this.#fs.readFile(path);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw new Error("stream did not contain valid UTF-8", { cause });
    }
  }

  async #textOrUndefined(path: string): Promise<string | undefined> {
    const there = await this.#overlay.current(path);
    if (there.kind === "text") return there.text;
    if (there.kind !== "file") return undefined;
    return this.#readText(path, there).catch(() => undefined);
  }
}

function endsAsDirectory(written: string): boolean {
  return /(^|\/)\.{0,2}$/.test(written);
}

function change(
  kind: FileChange["kind"],
  path: PatchPath,
  oldContent: string | undefined,
  newContent: string | undefined,
  more: { readonly moveTo?: PatchPath; readonly overwritten?: string | undefined } = {},
): FileChange {
  let diff: string | undefined;
  return {
    kind,
    path,
    ...more,
    oldContent,
    newContent,
    get unifiedDiff() {
      diff ??= unifiedDiff(oldContent ?? "", newContent ?? "", 1);
      return diff;
    },
  };
}
