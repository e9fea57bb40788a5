// Folders with AGENTS.md files in them, for tests.

import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { Config } from "../../../agent/config/config.ts";

/** A fresh folder with these files, by their relative paths; a name that ends with `/` is a folder. */
export function placeWith(context: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "codex-instructions-")));
  context.after(() => fs.rmSync(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(name.endsWith("/") ? join(root, name) : dirname(join(root, name)), { recursive: true });
    if (!name.endsWith("/")) fs.writeFileSync(join(root, name), content);
  }
  return root;
}

export type InstructionSettings = Pick<
  Config,
  "codexHome" | "cwd" | "projectDocMaxBytes" | "projectDocFallbackFilenames"
>;

export function settingsIn(root: string, changes: Partial<InstructionSettings> = {}): InstructionSettings {
  return {
    codexHome: join(root, "home"),
    cwd: join(root, "repo/sub"),
    projectDocMaxBytes: 32_768,
    projectDocFallbackFilenames: [],
    ...changes,
  };
}
