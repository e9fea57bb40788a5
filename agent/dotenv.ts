// $CODEX_HOME/.env: variables that the user keeps beside his configuration. None whose name starts with
// CODEX_ is taken from it, and none that the process was started with is changed.

import { join } from "node:path";
import { resolveCodexHome } from "./codex-home.ts";
import { readSourceFile } from "./config/source-file.ts";
import type { Environment } from "./environment.ts";

/**
 * @param environment - as the process was started with
 * @returns a new object with the variables of the file below those of the process
 * @throws ConfigError if the file is there and cannot be read as text, or CODEX_HOME is no folder
 */
export async function loadEnvironment(environment: Environment): Promise<Environment> {
  const source = await readSourceFile(join(await resolveCodexHome(environment), ".env"));
  if (source === undefined) return environment;
  const { parse } = await import("dotenv");
  const loaded: Record<string, string | undefined> = { ...environment };
  for (const [name, value] of Object.entries(parse(source.text.replace(/^\ufeff/, "")))) {
    if (/^CODEX_/i.test(name) || Object.hasOwn(environment, name)) continue;
    loaded[name] = value;
  }
  return loaded;
}
