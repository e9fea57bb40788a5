// Where rollout files are, and what their names say: sessions/YYYY/MM/DD/rollout-TIME-ID.jsonl below
// CODEX_HOME, in local time, as the original has it; archived ones lie side by side in archived_sessions.

import { basename, dirname, join } from "node:path";

export const sessionsFolder = "sessions";
export const archiveFolder = "archived_sessions";

const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const name = new RegExp(
  `^rollout-(\\d{4})-(\\d\\d)-(\\d\\d)T(\\d\\d)-(\\d\\d)-(\\d\\d)-(${uuid})\\.jsonl$`,
  "i",
);
const wholeUuid = new RegExp(`^${uuid}$`, "i");

/** Whether the text has the form of a session's id. */
export function isSessionId(text: string): boolean {
  return wholeUuid.test(text);
}

/** What the name of a rollout file says. */
export interface RolloutName {
  readonly id: string;
  /** year, month and day, as the folders are called */
  readonly day: readonly [year: string, month: string, day: string];
}

/** @returns undefined for a file that is no rollout */
export function parseRolloutName(path: string): RolloutName | undefined {
  const [, year, month, day, , , , id] = name.exec(basename(path)) ?? [];
  if (year === undefined || month === undefined || day === undefined || id === undefined) return undefined;
  return { id: id.toLowerCase(), day: [year, month, day] };
}

/**
 * The path of a new session's file.
 *
 * @param startedAt - its time zone is the local one
 */
export function rolloutPath(codexHome: string, id: string, startedAt: Date): string {
  const [year, month, day, hour, minute, second] = [
    startedAt.getFullYear(),
    startedAt.getMonth() + 1,
    startedAt.getDate(),
    startedAt.getHours(),
    startedAt.getMinutes(),
    startedAt.getSeconds(),
  ].map((part) => String(part).padStart(2, "0")) as [string, string, string, string, string, string];
  const file = `rollout-${year}-${month}-${day}T${hour}-${minute}-${second}-${id}.jsonl`;
  return join(codexHome, sessionsFolder, year, month, day, file);
}

/** @returns the CODEX_HOME that a rollout file belongs to, by where it lies */
export function codexHomeOf(path: string): string | undefined {
  const folder = dirname(path);
  if (basename(folder) === archiveFolder) return dirname(folder);
  const sessions = dirname(dirname(dirname(folder)));
  return basename(sessions) === sessionsFolder ? dirname(sessions) : undefined;
}
