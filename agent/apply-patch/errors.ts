// Every way in which a patch can fail. The first of the two texts is what the apply_patch program prints,
// with paths as the patch has them; the second is for a check before anything runs, with absolute paths.

import { AgentError } from "../errors.ts";

export type PatchErrorCode =
  | "PATCH_SYNTAX"
  | "PATCH_IMPLICIT"
  | "PATCH_CONTEXT"
  | "PATCH_LINES"
  | "PATCH_READ"
  | "PATCH_PARENT"
  | "PATCH_WRITE"
  | "PATCH_DELETE"
  | "PATCH_CHANGED"
  | "PATCH_ROLLBACK";

/** A patch that was not applied. Unless the code is PATCH_ROLLBACK, no file was changed. */
export class PatchError extends AgentError {
  override readonly name = "PatchError";
  declare readonly code: PatchErrorCode;
  /** what follows `apply_patch verification failed: ` */
  readonly verification: string;

  constructor(code: PatchErrorCode, message: string, verification = message, cause?: unknown) {
    super(message, { code, cause });
    this.verification = verification;
  }
}

/** @param rule - which of the two outer lines is wrong */
export function invalidPatch(rule: string): PatchError {
  return new PatchError("PATCH_SYNTAX", `Invalid patch: ${rule}`, `invalid patch: ${rule}`);
}

/** @param lineNumber - counted from 1, `*** Begin Patch` being line 1 */
export function invalidHunk(lineNumber: number, rule: string): PatchError {
  return new PatchError(
    "PATCH_SYNTAX",
    `Invalid patch hunk on line ${lineNumber}: ${rule}`,
    `invalid hunk at line ${lineNumber}, ${rule}`,
  );
}

/** For a patch where a command belongs. */
export function implicitInvocation(): PatchError {
  return new PatchError(
    "PATCH_IMPLICIT",
    'patch detected without explicit call to apply_patch. Rerun as ["apply_patch", "<patch>"]',
  );
}
