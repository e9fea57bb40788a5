// Carries a plan out, all of it or nothing. New contents are written to files beside the targets first; then
// each takes its place by a rename. Whatever fails, the steps before it are undone, last one first. A process
// that is killed on the way leaves each file old or new, and files named .apply_patch-… that nothing reads.

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { dirname, join } from "node:path";
import { reasonOf, systemCode, systemError } from "../system-error.ts";
import { PatchError } from "./errors.ts";
import { machineFileSystem, type PatchFileSystem } from "./file-system.ts";
import { lookAt } from "./overlay.ts";
import type { PatchPlan, PlanStep } from "./plan.ts";
import { UndoLog } from "./undo-log.ts";

/**
 * Apply a plan.
 *
 * @throws {PatchError} PATCH_CHANGED when a file is no longer as it was planned, PATCH_WRITE,
 *   PATCH_PARENT or PATCH_DELETE when a step failed; nothing is changed then. PATCH_ROLLBACK
 *   names what could not be put back
 */
export async function applyPlan(plan: PatchPlan, fs: PatchFileSystem = machineFileSystem): Promise<void> {
  await requireUnchanged(plan, fs);
  const undo = new UndoLog();
  try {
    await carryOut(plan.steps, fs, undo);
  } catch (error) {
    const lost = await undo.rollBack();
    if (lost.length > 0) {
      const message = `${error instanceof Error ? error.message : String(error)}\nNot put back: ${lost.join("; ")}`;
      throw new PatchError("PATCH_ROLLBACK", message, message, error);
    }
    throw error;
  }
  await undo.commit();
}

/**
 * Make sure that every file is still as it was planned: a plan may be old by the time somebody has agreed to it.
 *
 * @throws {PatchError} PATCH_CHANGED
 */
export async function requireUnchanged(
  { steps }: PatchPlan,
  fs: PatchFileSystem = machineFileSystem,
): Promise<void> {
  for (const step of steps) await requireUnchangedStep(step, fs);
}

/** A step whose new content is on disk, under another name. */
interface Staged {
  readonly step: TextStep;
  /** undefined where the target's directory takes no new files: then the target itself is written */
  readonly temporary: string | undefined;
}

type TextStep = PlanStep & { after: { kind: "text" } };

async function carryOut(steps: readonly PlanStep[], fs: PatchFileSystem, undo: UndoLog): Promise<void> {
  const writes = steps.filter((step): step is TextStep => step.after.kind === "text");
  const removals = steps.filter((step) => step.after.kind === "absent");
  // A file whose name becomes a directory's has to go before anything can be put below it.
  const isInTheWay = (step: PlanStep): boolean =>
    writes.some((write) => write.path.startsWith(`${step.path}/`));
  for (const step of removals.filter(isInTheWay)) await remove(step, false, fs, undo);
  const staged: Staged[] = [];
  for (const step of writes) staged.push({ step, temporary: await stage(step, fs, undo) });
  const late = removals.filter((step) => !isInTheWay(step));
  // In place first: of all steps these can fail for want of space.
  staged.sort((left, right) => Number(left.temporary !== undefined) - Number(right.temporary !== undefined));
  for (const [index, { step, temporary }] of staged.entries()) {
    const isLast = late.length === 0 && index === staged.length - 1;
    if (temporary === undefined) await writeInPlace(step, fs, undo);
    else await replace(step, temporary, isLast, fs, undo);
  }
  for (const [index, step] of late.entries()) await remove(step, index === late.length - 1, fs, undo);
}

function writeError(step: PlanStep, error: unknown): PatchError {
  const message = `Failed to write file ${step.written}\n${reasonOf(error)}`;
  return new PatchError("PATCH_WRITE", message, message, error);
}

async function requireUnchangedStep(step: PlanStep, fs: PatchFileSystem): Promise<void> {
  const now = await lookAt(fs, step.path).catch(() => undefined);
  const { before } = step;
  if (now !== undefined && now.kind === before.kind) {
    if (!("identity" in now) || !("identity" in before)) return;
    const { dev, ino, size, mtimeNs } = before.identity;
    const { identity } = now;
    const isSame = identity.dev === dev && identity.ino === ino;
    if (isSame && identity.size === size && identity.mtimeNs === mtimeNs) return;
  }
  const message = `${step.written} was changed by somebody else meanwhile`;
  throw new PatchError("PATCH_CHANGED", message);
}

/** A name beside the target that nothing else uses. */
function besides(path: string): string {
  return join(dirname(path), `.apply_patch-${randomBytes(9).toString("base64url")}`);
}

// A directory that takes no new files: by its mode, by a sandbox or by its mount.
const closedDirectory: readonly unknown[] = ["EACCES", "EPERM", "EROFS"];
// A target that is a mount of its own cannot be renamed over.
const unmovableTarget: readonly unknown[] = ["EBUSY", "EXDEV"];

async function stage(step: TextStep, fs: PatchFileSystem, undo: UndoLog): Promise<string | undefined> {
  await makeParents(step, fs, undo);
  const { before, after, path } = step;
  const temporary = besides(path);
  const mode = before.kind === "file" ? before.mode : after.mode;
  try {
    // A rename asks nothing of the file it replaces: a file that may not be written is refused here.
    if (before.kind === "file") await fs.access(path, constants.W_OK);
    const file = await fs.open(temporary, "wx", mode === undefined ? 0o666 : 0o600).catch((error) => {
      if (before.kind === "file" && closedDirectory.includes(systemCode(error))) return undefined;
      throw error;
    });
    if (file === undefined) return undefined;
    undo.temporary(() => fs.unlink(temporary));
    try {
      await file.writeFile(after.text);
      if (before.kind === "file") {
        const stats = await file.stat();
        if (stats.uid !== before.uid || stats.gid !== before.gid) await file.chown(before.uid, before.gid);
      }
      if (mode !== undefined) await file.chmod(mode);
    } catch (error) {
      if (before.kind === "file" && systemCode(error) === "EPERM") return undefined;
      throw error;
    } finally {
      await file.close();
    }
    return temporary;
  } catch (error) {
    throw writeError(step, error);
  }
}

async function makeParents(step: PlanStep, fs: PatchFileSystem, undo: UndoLog): Promise<void> {
  const missing: string[] = [];
  try {
    for (let parent = dirname(step.path); ; parent = dirname(parent)) {
      if ((await lookAt(fs, parent)).kind !== "absent") break;
      missing.push(parent);
    }
    for (const parent of missing.reverse()) {
      await fs.mkdir(parent);
      undo.add(parent, () => fs.rmdir(parent));
    }
  } catch (error) {
    const message = `Failed to create parent directories for ${step.written}\n${reasonOf(error)}`;
    throw new PatchError("PATCH_PARENT", message, message, error);
  }
}

/** @param isLast - nothing that could fail comes after it, so nothing has to be kept for putting it back */
async function replace(
  step: TextStep,
  temporary: string,
  isLast: boolean,
  fs: PatchFileSystem,
  undo: UndoLog,
): Promise<void> {
  const { before, path } = step;
  try {
    const backup = isLast || before.kind === "absent" ? undefined : await keepAside(step, fs, undo);
    await fs.rename(temporary, path);
    if (backup !== undefined) undo.add(path, () => fs.rename(backup, path));
    else if (before.kind === "absent") undo.add(path, () => fs.unlink(path));
  } catch (error) {
    const isUnmovable = before.kind === "file" && unmovableTarget.includes(systemCode(error));
    if (!isUnmovable) throw writeError(step, error);
    await writeInPlace(step, fs, undo);
  }
}

/** A second name for the file that is about to be replaced, or a copy where there can be none. */
async function keepAside(step: PlanStep, fs: PatchFileSystem, undo: UndoLog): Promise<string> {
  const { before, path } = step;
  const backup = besides(path);
  undo.backup(() => fs.unlink(backup));
  if (before.kind === "link") {
    await fs.symlink(before.target, backup);
    return backup;
  }
  await fs.link(path, backup).catch(async () => {
    await fs.copyFile(path, backup, constants.COPYFILE_EXCL);
    if (before.kind !== "file") return;
    await fs.chown(backup, before.uid, before.gid).catch(() => undefined);
    await fs.chmod(backup, before.mode);
  });
  return backup;
}

async function remove(step: PlanStep, isLast: boolean, fs: PatchFileSystem, undo: UndoLog): Promise<void> {
  const { path } = step;
  try {
    if (isLast) {
      await fs.unlink(path);
      return;
    }
    const backup = besides(path);
    undo.backup(() => fs.unlink(backup));
    await fs.rename(path, backup);
    undo.add(path, () => fs.rename(backup, path));
    // Unlike unlink, rename takes directories too.
    if ((await fs.lstat(backup)).isDirectory()) throw systemError("EISDIR");
  } catch (error) {
    const message = `Failed to delete file ${step.written}\n${reasonOf(error)}`;
    throw new PatchError("PATCH_DELETE", message, message, error);
  }
}

async function writeInPlace(step: TextStep, fs: PatchFileSystem, undo: UndoLog): Promise<void> {
  try {
    const old = await fs.readFile(step.path);
    undo.add(step.path, () => overwrite(step.path, old, fs));
    await overwrite(step.path, Buffer.from(step.after.text), fs);
  } catch (error) {
    throw writeError(step, error);
  }
}

/** Write over what is there and cut off the rest at the end: the old content always fits again. */
async function overwrite(path: string, content: Uint8Array, fs: PatchFileSystem): Promise<void> {
  const file = await fs.open(path, "r+");
  try {
    for (let at = 0; at < content.length; ) {
      at += (await file.write(content, at, content.length - at, at)).bytesWritten;
    }
    await file.truncate(content.length);
  } finally {
    await file.close();
  }
}
