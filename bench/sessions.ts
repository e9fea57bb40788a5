// What it costs to list ten thousand sessions: the first time, when every file is opened, and from then on.
// Each list is made by a process of its own, which says how long that took without its start.

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { rolloutLine } from "../agent/sessions/rollout-line.ts";
import { rolloutPath } from "../agent/sessions/rollout-path.ts";
import { timeOrderedUuid } from "../agent/thread/uuid.ts";

const sessionCount = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 10);
const home = fs.mkdtempSync(join(tmpdir(), "codex-sessions-"));
const threads = new URL("../agent/sessions/threads.js", import.meta.url).href;

function writeSession(number: number): void {
  const startMs = Date.UTC(2025, 0, 1) + number * 3_600_000;
  const id = timeOrderedUuid(startMs);
  const timestamp = new Date(startMs).toISOString();
  const file = rolloutPath(home, id, new Date(startMs));
  const words = `change number ${number} of the parser, and its tests`;
  const message = { type: "message", role: "user", content: [{ type: "input_text", text: words }] };
  const meta = {
    id,
    timestamp,
    cwd: `/work/${number % 20}`,
    originator: "codex_exec",
    cli_version: "0.50.0",
  };
  const answer = { type: "message", role: "assistant", content: [{ type: "output_text", text: filler }] };
  fs.mkdirSync(dirname(file), { recursive: true });
  fs.writeFileSync(
    file,
    [
      rolloutLine(
        { type: "session_meta", payload: { ...meta, instructions: null, source: "exec" } },
        startMs,
      ),
      rolloutLine({ type: "response_item", payload: message }, startMs),
      rolloutLine({ type: "event_msg", payload: { type: "user_message", message: words } }, startMs),
      rolloutLine({ type: "response_item", payload: answer }, startMs),
    ].join(""),
  );
  fs.utimesSync(file, startMs / 1000, startMs / 1000);
}
const filler = randomBytes(6 * 1024).toString("base64");

/** Milliseconds that one list takes. */
function list(): number {
  const script = `
    const { listThreads } = await import(${JSON.stringify(threads)});
    const begin = performance.now();
    const { threads: page } = await listThreads({ codexHome: ${JSON.stringify(home)} });
    const ms = performance.now() - begin;
    if (page.length !== 25) throw new Error("not a whole page");
    process.stdout.write(String(ms));`;
  return Number(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }));
}

for (let number = 0; number < sessionCount; number++) writeSession(number);
const format = (ms: number) => ms.toFixed(1).padStart(8);
process.stdout.write(`${sessionCount} sessions, milliseconds\n`);
process.stdout.write(`without a catalog      ${format(list())}\n`);
const times = Array.from({ length: rounds }, list).sort((one, other) => one - other);
const [least = 0, median = 0] = [times[0], times[Math.floor(times.length / 2)]];
process.stdout.write(`with it: least, median ${format(least)} ${format(median)}\n`);
fs.rmSync(home, { recursive: true });
