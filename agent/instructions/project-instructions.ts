// What people have written down for agents: AGENTS.md files, a personal one and those from the root of the
// repository down to the working directory. Read once, when a thread begins; nothing in their place can
// stop a thread.

import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { gitRoot } from "../git-root.ts";
import { readDocument } from "./document.ts";

/** A personal file is not metered, but a mistake need not cost a whole context window. */
const maxPersonalBytes = 1024 * 1024;

const names = ["AGENTS.override.md", "AGENTS.md"] as const;

export interface ProjectInstructions {
  /** undefined where there are none */
  readonly text: string | undefined;
  /** absolute paths of those that are part of it, in their order */
  readonly files: readonly string[];
  /** what was left out, and why */
  readonly warnings: readonly string[];
}

type Settings = Pick<Config, "codexHome" | "cwd" | "projectDocMaxBytes" | "projectDocFallbackFilenames">;

interface Part {
  readonly file: string;
  readonly text: string;
}

/** Read them for a thread that works in `config.cwd`. Never rejects. */
export async function projectInstructions(config: Settings): Promise<ProjectInstructions> {
  const warnings: string[] = [];
  const [personal, project] = await Promise.all([
    personalPart(config, warnings),
    projectParts(config, warnings),
  ]);
  const texts = [
    ...(personal === undefined ? [] : [personal.text]),
    ...(project.length === 0 ? [] : [project.map(({ text }) => text).join("\n\n")]),
  ];
  return {
    text: texts.length === 0 ? undefined : texts.join("\n\n--- project-doc ---\n\n"),
    files: [...(personal === undefined ? [] : [personal]), ...project].map(({ file }) => file),
    warnings,
  };
}

async function personalPart({ codexHome }: Settings, warnings: string[]): Promise<Part | undefined> {
  for (const name of names) {
    const file = join(codexHome, name);
    const document = await readDocument(file, maxPersonalBytes);
    if (document.kind === "unusable") warnings.push(`${file} is not used: ${document.reason}`);
    if (document.kind !== "text" || document.text.trim() === "") continue;
    if (document.isCut) warnings.push(cutWarning(file, maxPersonalBytes, "which is the most for one file"));
    return { file, text: document.text.trim() };
  }
  return undefined;
}

async function projectParts(config: Settings, warnings: string[]): Promise<readonly Part[]> {
  const parts: Part[] = [];
  let leftBytes = config.projectDocMaxBytes;
  if (leftBytes <= 0) return parts;
  for (const folder of await foldersOf(config.cwd)) {
    const file = await firstFile(folder, [...names, ...config.projectDocFallbackFilenames]);
    if (file === undefined) continue;
    if (leftBytes === 0) {
      warnings.push(`${file} is not used: project_doc_max_bytes (${config.projectDocMaxBytes}) is used up`);
      continue;
    }
    const document = await readDocument(file, leftBytes);
    if (document.kind === "unusable") warnings.push(`${file} is not used: ${document.reason}`);
    if (document.kind !== "text") continue;
    if (document.isCut) {
      const limit = `what project_doc_max_bytes (${config.projectDocMaxBytes}) leaves for it`;
      warnings.push(cutWarning(file, leftBytes, limit));
    }
    leftBytes -= document.isCut ? leftBytes : document.bytes;
    if (document.text.trim() !== "") parts.push({ file, text: document.text });
  }
  return parts;
}

function cutWarning(file: string, bytes: number, reason: string): string {
  return `${file} is cut after ${bytes} bytes, ${reason}`;
}

// From the root of the repository to the working directory; outside of one, only the latter.
async function foldersOf(cwd: string): Promise<readonly string[]> {
  const root = (await gitRoot(cwd)) ?? cwd;
  const folders = [cwd];
  for (let at = cwd; at !== root; at = dirname(at)) folders.unshift(dirname(at));
  return folders;
}

async function firstFile(folder: string, candidates: readonly string[]): Promise<string | undefined> {
  for (const name of candidates) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() === true) return path;
  }
  return undefined;
}
