// Writes dist/man/codex-responses-api-proxy.1, as part of the build.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandFiles } from "../proxy/commands/command-files.ts";
import { makeCommand } from "../proxy/options.ts";
import { version } from "../proxy/version.ts";
import { exitStatus } from "./exit-status.ts";
import { makeManPage } from "./man-page.ts";
import { manPageSections } from "./man-page-sections.ts";

const commands = await Promise.all(Object.values(commandFiles).map(async (load) => (await load()).command));

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "man");
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, "codex-responses-api-proxy.1"),
  makeManPage(makeCommand(version), commands, { version, exitStatus, sections: manPageSections }),
);
