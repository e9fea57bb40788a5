// The rollout files below a CODEX_HOME, by name and by what the system knows of them; none is opened.
// Links are not followed here, and files of other users are not there.

import fs from "node:fs";
import { setImmediate as othersFirst } from "node:timers/promises";
import { archiveFolder, idOfRollout, sessionsFolder } from "./rollout-path.ts";
import { type HomeOwner, isOwn, ownerOf } from "./session-folder.ts";

/** Where a session is. */
export interface SessionPlace {
  readonly id: string;
  readonly path: string;
  /** below CODEX_HOME */
  readonly relativePath: string;
}

export interface SessionFile extends SessionPlace {
  readonly size: number;
  readonly modifiedAtMs: number;
}

/** @returns where all sessions are; none where there is no such folder */
export function sessionPlaces(codexHome: string, isArchived: boolean): readonly SessionPlace[] {
  if (isArchived) return rolloutsIn(codexHome, archiveFolder);
  const below = (folder: string, form: RegExp) =>
    namesIn(`${codexHome}/${folder}`)
      .filter((name) => form.test(name))
      .map((name) => `${folder}/${name}`);
  return below(sessionsFolder, /^\d{4}$/)
    .flatMap((year) => below(year, /^\d\d$/))
    .flatMap((month) => below(month, /^\d\d$/))
    .flatMap((day) => rolloutsIn(codexHome, day));
}

function rolloutsIn(codexHome: string, folder: string): readonly SessionPlace[] {
  const places: SessionPlace[] = [];
  for (const name of namesIn(`${codexHome}/${folder}`)) {
    const id = idOfRollout(name);
    if (id === undefined) continue;
    const relativePath = `${folder}/${name}`;
    places.push({ id, path: `${codexHome}/${relativePath}`, relativePath });
  }
  return places;
}

function namesIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

// System calls that wait for nothing, by the thousand: handing each to another thread takes ten times as long.
const filesAtOnce = 1_000;

/** All sessions with what the system knows of their files. */
export async function sessionFiles(codexHome: string, isArchived: boolean): Promise<readonly SessionFile[]> {
  const owner: HomeOwner | undefined = await ownerOf(codexHome).catch(() => undefined);
  const files: SessionFile[] = [];
  for (const [index, { id, path, relativePath }] of sessionPlaces(codexHome, isArchived).entries()) {
    if (index % filesAtOnce === filesAtOnce - 1) await othersFirst();
    const facts = fs.lstatSync(path, { throwIfNoEntry: false });
    if (facts === undefined || !facts.isFile() || !isOwn(facts, owner)) continue;
    files.push({ id, path, relativePath, size: facts.size, modifiedAtMs: facts.mtimeMs });
  }
  return files;
}
