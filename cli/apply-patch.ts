// The program apply_patch: a patch as the one argument or on stdin, applied in the working directory. The
// launcher starts it by the names apply_patch and applypatch, and as `codex --codex-run-as-apply-patch PATCH`.

import { isUtf8 } from "node:buffer";
import { readSync, writeSync } from "node:fs";
import { applyPlan } from "../agent/apply-patch/apply.ts";
import { PatchError } from "../agent/apply-patch/errors.ts";
import { planPatch } from "../agent/apply-patch/plan.ts";
import { summarize } from "../agent/apply-patch/summary.ts";
import { reasonOf, systemCode } from "../agent/system-error.ts";
import { hasLostBytes } from "./raw-arguments.ts";

const runAsFlag = "--codex-run-as-apply-patch";
const usage = "Usage: apply_patch 'PATCH'\n       echo 'PATCH' | apply_patch";

/** What to print on stderr, and the exit status. */
class Refusal extends Error {
  readonly exitStatus: number;

  constructor(message: string, exitStatus: number) {
    super(message);
    this.exitStatus = exitStatus;
  }
}

function patchText(args: readonly string[]): string {
  const [first, second] = args;
  if (first === runAsFlag) return requireUtf8(second, runAsFlag);
  if (first === undefined) {
    const text = textOfStdin();
    if (text === "") throw new Refusal(usage, 2);
    return text;
  }
  if (second !== undefined) throw new Refusal("Error: apply_patch accepts exactly one argument.", 2);
  return requireUtf8(first, "apply_patch");
}

// Plain reads and writes: inside a sandbox Node cannot find out what a socket is, and process.stdout
// swallows what is written to one.
function textOfStdin(): string {
  try {
    const chunks: Buffer[] = [];
    for (;;) {
      const chunk = Buffer.allocUnsafe(65536);
      const length = waiting(() => readSync(0, chunk));
      if (length === 0) break;
      chunks.push(chunk.subarray(0, length));
    }
    const bytes = Buffer.concat(chunks);
    if (!isUtf8(bytes)) throw new Error("stream did not contain valid UTF-8");
    return bytes.toString();
  } catch (error) {
    throw new Refusal(`Error: Failed to read PATCH from stdin.\n${reasonOf(error)}`, 1);
  }
}

function print(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += waiting(() => writeSync(descriptor, bytes, at));
  } catch {
    // Nobody listens.
  }
}

/** A descriptor that another process made non-blocking is asked again until it is ready. */
function waiting(call: () => number): number {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (systemCode(error) !== "EAGAIN") throw error;
      Atomics.wait(never, 0, 0, 5);
    }
  }
}

function requireUtf8(argument: string | undefined, name: string): string {
  if (argument === undefined || hasLostBytes([argument])) {
    throw new Refusal(`Error: ${name} requires a UTF-8 PATCH argument.`, 1);
  }
  return argument;
}

async function run(args: readonly string[]): Promise<void> {
  const plan = await planPatch(patchText(args), process.cwd());
  if (plan.changes.length === 0) throw new Refusal("No files were modified.", 1);
  await applyPlan(plan);
  print(1, summarize(plan.changes));
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof PatchError || error instanceof Refusal;
  const text = isExpected ? error.message : `Error: ${reasonOf(error)}`;
  print(2, `${text}\n`);
  process.exitCode = isExpected ? error.exitStatus : 1;
}
