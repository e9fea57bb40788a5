// Writes dist/man/codex-responses-api-proxy.1, as part of the build.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeCommand } from "../proxy/options.ts";
import { version } from "../proxy/version.ts";
import { exitStatus } from "./exit-status.ts";
import { makeManPage } from "./man-page.ts";
import { manPageSections } from "./man-page-sections.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "man");
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, "codex-responses-api-proxy.1"),
  makeManPage(makeCommand(version), [], { version, exitStatus, sections: manPageSections }),
);
