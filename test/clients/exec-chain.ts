// `codex exec` played against a script: one run or several in one home and folder, and what came of them in
// a form in which two programs can be compared. What is different in every run (ids, folders, times) is
// replaced by a word; what a program may word as it likes (instructions, descriptions of tools) is left out.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import type { Script, ScriptedRequest, Step } from "../mock/scripted-upstream.ts";
import { startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { inFreshPlace, type Run, runSubject, type Subject } from "./originals.ts";

type Json = Readonly<Record<string, unknown>>;

export interface ExecRun {
  /** behind `exec --json -c …`; a function is told the id of the thread of the run before */
  readonly args: readonly string[] | ((lastThreadId: string) => readonly string[]);
  readonly input?: string;
}

export interface Play {
  readonly script: readonly Step[] | Script;
  /** one or several, one after the other */
  readonly runs: readonly ExecRun[];
  /** of the working directory, before the first run */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** of CODEX_HOME */
  readonly homeFiles?: Readonly<Record<string, string>>;
  /** further members of the provider's table, each behind a comma */
  readonly provider?: string;
  readonly model?: string;
  /** whether `--json` is given; it is by default */
  readonly isJson?: boolean;
  /** whether the working directory is a repository; it is by default */
  readonly inGit?: boolean;
}

/** What a program did, in comparable form. */
export interface Played {
  readonly codes: readonly (number | null)[];
  /** of all runs */
  readonly lines: readonly Json[];
  readonly stdout: string;
  readonly stderr: string;
  /** bodies without instructions and with tools as `toolShapes` has them */
  readonly requests: readonly Json[];
  /** of the working directory afterwards, by their paths */
  readonly files: Readonly<Record<string, string>>;
  /** lines of the rollout files, each file's in order; types and payloads */
  readonly rollouts: readonly (readonly Json[])[];
}

/** Play it with one of the programs. */
export async function playExec(subject: Subject, play: Play): Promise<Played> {
  const upstream = await startScriptedUpstream(play.script);
  try {
    return await inFreshPlace(async (place) => {
      writeFiles(place.cwd, play.files);
      writeFiles(place.home, play.homeFiles);
      if (play.inGit !== false) spawnSync("git", ["init", "--quiet", "-b", "main", place.cwd]);
      const table = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"${play.provider ?? ""}}`;
      const settings = ["-c", `model_providers.mock=${table}`, "-c", "model_provider=mock"];
      const model = play.model === undefined ? [] : ["-m", play.model];
      const form = play.isJson === false ? [] : ["--json"];
      const done: Run[] = [];
      for (const { args, input } of play.runs) {
        const words = typeof args === "function" ? args(threadIdOf(done.at(-1))) : args;
        done.push(
          await runSubject(subject, {
            ...place,
            args: ["exec", ...form, ...settings, ...model, ...words],
            input,
            env: { TERM: "xterm", LANG: "C.UTF-8" },
          }),
        );
      }
      const clean = (text: string) => normalisedText(text, place);
      const stdout = clean(done.map((run) => run.stdout).join(""));
      return {
        codes: done.map(({ code }) => code),
        lines: play.isJson === false ? [] : jsonLines(stdout),
        stdout,
        stderr: clean(done.map((run) => run.stderr).join("")),
        requests: upstream.requests.map((request) => JSON.parse(clean(JSON.stringify(comparable(request))))),
        files: filesBelow(place.cwd),
        rollouts: rolloutFiles(place.home).map((file) =>
          jsonLines(clean(fs.readFileSync(file, "utf8"))).map(({ timestamp: _, ...entry }) => entry),
        ),
      };
    });
  } finally {
    await upstream.close();
  }
}

function writeFiles(folder: string, files: Play["files"] = {}): void {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(folder, name)), { recursive: true });
    fs.writeFileSync(join(folder, name), content);
  }
}

function threadIdOf(run: Run | undefined): string {
  const [line = "{}"] = run?.stdout.split("\n") ?? [];
  return String(JSON.parse(line).thread_id);
}

function jsonLines(text: string): readonly Json[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** Paths of the rollout files, oldest first. */
export function rolloutFiles(home: string): readonly string[] {
  const root = join(home, "sessions");
  if (!fs.existsSync(root)) return [];
  return (fs.readdirSync(root, { recursive: true }) as string[])
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .map((name) => join(root, name));
}

function filesBelow(folder: string): Readonly<Record<string, string>> {
  const names = (fs.readdirSync(folder, { recursive: true }) as string[]).sort();
  return Object.fromEntries(
    names
      .filter((name) => !name.startsWith(".git") && fs.statSync(join(folder, name)).isFile())
      .map((name) => [name, fs.readFileSync(join(folder, name), "utf8")]),
  );
}

/** A body without what each program words for itself. */
function comparable({ body }: ScriptedRequest): Json {
  const { instructions: _, tools, ...rest } = body;
  return { ...rest, tools: toolShapes(tools) };
}

/** Names and parameters of tools: everything but descriptions and the text of grammars. */
export function toolShapes(tools: unknown): unknown {
  if (Array.isArray(tools)) return tools.map(toolShapes);
  if (typeof tools !== "object" || tools === null) return tools;
  const members = Object.entries(tools).filter(
    ([name, value]) => !(typeof value === "string" && (name === "description" || name === "definition")),
  );
  return Object.fromEntries(members.map(([name, value]) => [name, toolShapes(value)]));
}

/** A text without what is different each time. */
export function normalisedText(
  text: string,
  { home, cwd, tmp }: { readonly home: string; readonly cwd: string; readonly tmp: string },
): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID")
    .replaceAll(cwd, "CWD")
    .replaceAll(home, "HOME")
    .replaceAll(tmp, "TMP")
    .replace(/^(OpenAI )?Codex v.*$/m, "Codex VERSION")
    .replace(/Wall time: [\d.]+ seconds/g, "Wall time: TIME seconds")
    .replace(/(\\?"(?:duration_seconds|wall_time_seconds)\\?":)[\d.]+/g, "$10")
    .replace(/(\\?"chunk_id\\?":\\?")[0-9a-f]{6}/g, "$1CHUNK")
    .replace(/ in [\d.]+m?s:/g, " in TIME:")
    .replace(/timed out after \d+ milliseconds/g, "timed out after TIME milliseconds");
}
