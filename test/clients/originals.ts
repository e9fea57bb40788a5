// The original `codex` programs from npm beside ours: a table of cases is run against each of them, in a
// fresh home and folder every time, so that what is claimed of ours is seen to hold of the original too.
// Where npm cannot be reached the originals are skipped, loudly; ours never is. CODEX_TEST_ORIGINALS names
// a node_modules folder that has them already, as codex50 and codexnew.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { launcher } from "../proxy-process.ts";
import { installClient, skipUnless } from "./install.ts";

export type SubjectName = "ours" | "0.50" | "newest";

/** A program that answers to `codex`. */
export interface Subject {
  readonly name: SubjectName;
  /** program and first arguments; undefined where it cannot be had */
  readonly command: readonly string[];
  /** false, or why it cannot run here */
  readonly skip: string | false;
}

/** What one run gets; everything else of the environment is empty. */
export interface RunRequest {
  readonly args: readonly string[];
  /** CODEX_HOME, and HOME */
  readonly home: string;
  readonly cwd: string;
  /** TMPDIR; the newest makes no use of a home that lies below it */
  readonly tmp: string;
  readonly input?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs?: number;
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is expected of a run; what is not named may be anything. */
export interface Expectation {
  readonly code?: number;
  /** the whole text, or a pattern in it */
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
  /** files of CODEX_HOME afterwards; undefined: not there */
  readonly files?: Readonly<Record<string, string | undefined>>;
}

export interface Case {
  /** a full sentence that the case proves */
  readonly title: string;
  readonly args: readonly string[];
  readonly config?: string;
  /** further files of CODEX_HOME */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** whether the working directory is a git repository; not by default */
  readonly inGit?: boolean;
  readonly expect: Expectation;
  /** where a program is known to differ: what it does instead, or "not compared" and why */
  readonly differs?: Readonly<Partial<Record<SubjectName, Expectation | string>>>;
}

function original(name: SubjectName, alias: string, spec: string): Subject {
  const given = process.env.CODEX_TEST_ORIGINALS;
  const client = given === undefined ? installClient(spec) : undefined;
  if (client !== undefined && "missing" in client) return { name, command: [], skip: skipUnless(client) };
  const script =
    client === undefined
      ? join(given as string, alias, "bin/codex.js")
      : join(client.folder, "node_modules/@openai/codex/bin/codex.js");
  const runs = spawnSync(process.execPath, [script, "--version"], { timeout: 60_000 }).status === 0;
  if (runs) return { name, command: [process.execPath, script], skip: false };
  return { name, command: [], skip: skipUnless({ missing: `${spec} does not run on this machine` }) };
}

/** A folder with a link of the name `codex`, as npm makes it. */
function linkOurs(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-bin-"));
  fs.chmodSync(folder, 0o755);
  fs.symlinkSync(launcher, join(folder, "codex"));
  process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
  return join(folder, "codex");
}

export const ours: Subject = { name: "ours", command: [linkOurs()], skip: false };
/** 0.50.0, the reference. */
export const reference: Subject = original("0.50", "codex50", "@openai/codex@0.50.0");
/** The newest release. */
export const newest: Subject = original("newest", "codexnew", "@openai/codex");
export const subjects: readonly Subject[] = [ours, reference, newest];

/** Run one of the programs to its end. */
export async function runSubject(subject: Subject, request: RunRequest): Promise<Run> {
  const [file, ...first] = subject.command;
  const child = spawn(file as string, [...first, ...request.args], {
    cwd: request.cwd,
    stdio: "pipe",
    env: {
      PATH: process.env.PATH,
      HOME: request.home,
      CODEX_HOME: request.home,
      TMPDIR: request.tmp,
      ...request.env,
    },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  child.stdin.on("error", () => {}); // it may leave before it has read everything
  child.stdin.end(request.input ?? "");
  const timer = setTimeout(() => child.kill("SIGKILL"), request.timeoutMs ?? 60_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { code, stdout, stderr };
}

/** A home, a working directory and a folder for temporary files of their own, gone when the work is done. */
export async function inFreshPlace<Result>(
  work: (place: Pick<RunRequest, "home" | "cwd" | "tmp">) => Promise<Result>,
): Promise<Result> {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "codex-side-by-side-")));
  const place = { home: join(root, "home"), cwd: join(root, "work"), tmp: join(root, "tmp") };
  for (const folder of Object.values(place)) fs.mkdirSync(folder, { mode: 0o700 });
  try {
    return await work(place);
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** Register every case for every program that can run here. */
export function sideBySide(name: string, cases: readonly Case[]): void {
  for (const subject of subjects) {
    describe(`${name}: ${subject.name}`, { skip: subject.skip }, () => {
      for (const one of cases) {
        const difference = one.differs?.[subject.name];
        const skip = typeof difference === "string" ? `not compared: ${difference}` : false;
        const expected = typeof difference === "object" ? difference : one.expect;
        test(one.title, { skip }, () => runCase(subject, one, expected));
      }
    });
  }
}

async function runCase(subject: Subject, one: Case, expected: Expectation): Promise<void> {
  await inFreshPlace(async (place) => {
    const { home, cwd } = place;
    const files = { ...(one.config === undefined ? {} : { "config.toml": one.config }), ...one.files };
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(dirname(join(home, name)), { recursive: true });
      fs.writeFileSync(join(home, name), text, { mode: 0o600 });
    }
    if (one.inGit === true) assert.equal(spawnSync("git", ["init", "--quiet", cwd]).status, 0);
    const run = await runSubject(subject, { ...place, args: one.args, input: one.input, env: one.env });
    compare(run, expected, home);
  });
}

/** Whole texts are compared together, so that a failure shows all that was said; patterns after them. */
function compare(run: Run, expected: Expectation, home: string): void {
  const seen: Record<string, unknown> = {};
  const wanted: Record<string, unknown> = {};
  if (expected.code !== undefined) {
    seen.code = run.code;
    wanted.code = expected.code;
  }
  for (const stream of ["stdout", "stderr"] as const) {
    const want = expected[stream];
    if (typeof want !== "string") continue;
    seen[stream] = run[stream];
    wanted[stream] = want;
  }
  if (expected.files !== undefined) {
    const names = Object.keys(expected.files);
    seen.files = Object.fromEntries(names.map((name) => [name, textOf(join(home, name))]));
    wanted.files = { ...expected.files };
  }
  assert.deepEqual(seen, wanted, `exit ${run.code}\nstdout:\n${run.stdout}\nstderr:\n${run.stderr}`);
  for (const stream of ["stdout", "stderr"] as const) {
    const want = expected[stream];
    if (want instanceof RegExp) assert.match(run[stream], want);
  }
}

function textOf(path: string): string | undefined {
  return fs.existsSync(path) ? fs.readFileSync(path, "utf8") : undefined;
}
