// Where rollout files are, and what their names say: sessions/YYYY/MM/DD/rollout-TIME-ID.jsonl below
// CODEX_HOME, in local time, as the original has it; archived ones lie side by side in archived_sessions.

import { basename, dirname, join } from "node:path";

export const sessionsFolder = "sessions";
export const archiveFolder = "archived_sessions";

const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const wholeUuid = new RegExp(`^${uuid}$`, "i");

/** Whether the text has the form of a session's id. */
export function isSessionId(text: string): boolean {
  return wholeUuid.test(text);
}

// rollout-2025-10-28T13-04-05-UUID.jsonl: all parts have their places, and there may be thousands of names.
const prefix = "rollout-";
const suffix = ".jsonl";
const idStart = prefix.length + "2025-10-28T13-04-05-".length;
const idEnd = idStart + 36;

/** @returns the id that the name of a rollout file holds, undefined for that of any other file */
export function idOfRollout(fileName: string): string | undefined {
  if (fileName.length !== idEnd + suffix.length) return undefined;
  if (!fileName.startsWith(prefix) || !fileName.endsWith(suffix)) return undefined;
  const id = fileName.slice(idStart, idEnd).toLowerCase();
  return isSessionId(id) ? id : undefined;
}

/** @returns the folder that a file of this name has while it is not archived, below CODEX_HOME */
export function dayFolderOf(rolloutName: string): string | undefined {
  const [, year, month, day] = /^rollout-(\d{4})-(\d\d)-(\d\d)T/.exec(rolloutName) ?? [];
  return year && month && day && join(sessionsFolder, year, month, day);
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
