// Recognises commands that only apply a patch, so that they are shown, checked and run as patches. Whatever
// is not exactly one of the forms is left to be run as the command that it is.

import { basename } from "node:path";
import { implicitInvocation, PatchError } from "./errors.ts";
import { readPatchScript } from "./here-document.ts";
import { parsePatch } from "./parse.ts";
import type { Patch } from "./patch.ts";

/** What a command is, seen as a patch. */
export type PatchInvocation =
  | { readonly kind: "none" }
  /** `directory` is where the patch is to be applied, relative to where the command would run */
  | { readonly kind: "patch"; readonly patch: Patch; readonly directory: string | undefined }
  /** the command applies a patch, but a wrong one; or it is a patch where a command belongs */
  | { readonly kind: "invalid"; readonly error: PatchError };

const programs: readonly unknown[] = ["apply_patch", "applypatch"];
const shells: readonly string[] = ["bash", "zsh", "sh"];

/** @param argv - program and arguments as for execvp */
export function recognizeInvocation(argv: readonly string[]): PatchInvocation {
  const [program = "", patchOrFlag = ""] = argv;
  const script = shellScript(argv);
  const bare = argv.length === 1 ? program : script;
  if (bare !== undefined && "patch" in tryParse(bare))
    return { kind: "invalid", error: implicitInvocation() };
  if (argv.length === 2 && programs.includes(program)) return invocation(patchOrFlag, undefined);
  const read = script === undefined ? undefined : readPatchScript(script);
  return read === undefined ? { kind: "none" } : invocation(read.body, read.directory);
}

/** The script of `bash -lc SCRIPT` and its like. */
function shellScript(argv: readonly string[]): string | undefined {
  const [shell = "", flag, script] = argv;
  const isShell = argv.length === 3 && shells.includes(basename(shell)) && (flag === "-lc" || flag === "-c");
  return isShell ? script : undefined;
}

function invocation(text: string, directory: string | undefined): PatchInvocation {
  const parsed = tryParse(text);
  if ("error" in parsed) return { kind: "invalid", error: parsed.error };
  return { kind: "patch", patch: parsed.patch, directory };
}

function tryParse(text: string): { readonly patch: Patch } | { readonly error: PatchError } {
  try {
    return { patch: parsePatch(text) };
  } catch (error) {
    if (error instanceof PatchError) return { error };
    throw error;
  }
}
