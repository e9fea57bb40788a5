// A thread of many turns as a rollout file of 0.50.0's form, which every program reads.

import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";

/**
 * Write one.
 *
 * @returns its id
 */
export function writeThread({
  home,
  cwd,
  turns,
}: {
  readonly home: string;
  readonly cwd: string;
  readonly turns: number;
}): string {
  const now = new Date();
  const id = uuidOf(now.getTime());
  const stamp = now.toISOString();
  const folder = join(home, "sessions", ...stamp.slice(0, 10).split("-"));
  fs.mkdirSync(folder, { recursive: true });
  const line = (type: string, payload: unknown) => `${JSON.stringify({ timestamp: stamp, type, payload })}\n`;
  const message = (role: string, type: string, text: string) =>
    line("response_item", { type: "message", role, content: [{ type, text }] });
  const head =
    line("session_meta", {
      id,
      timestamp: stamp,
      cwd,
      originator: "codex_exec",
      cli_version: "0.50.0",
      instructions: null,
      source: "exec",
      git: {},
    }) + message("user", "input_text", `<environment_context>\n  <cwd>${cwd}</cwd>\n</environment_context>`);
  const lines = Array.from({ length: turns }, (_, turn) => {
    const [question, answer] = [
      `Question ${turn}: why is that?`,
      `Answer ${turn}: because of this. `.repeat(4),
    ];
    return (
      message("user", "input_text", question) +
      line("event_msg", { type: "user_message", message: question, images: [] }) +
      line("event_msg", { type: "agent_message", message: answer }) +
      message("assistant", "output_text", answer)
    );
  });
  const name = `rollout-${stamp.slice(0, 19).replaceAll(":", "-")}-${id}.jsonl`;
  fs.writeFileSync(join(folder, name), head + lines.join(""), { mode: 0o600 });
  return id;
}

/** UUID of version 7. */
function uuidOf(timeMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(timeMs, 0, 6);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
