// The `codex` command. In this version it has one subcommand, which the native launcher starts
// itself: `codex responses-api-proxy` never gets here, everything else does.

import { createRequire } from "node:module";
import { Command } from "commander";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

const program = new Command("codex")
  .description("Codex command line, client side")
  .version(`codex ${version}`, "-V, --version", "print the version")
  .helpOption("-h, --help", "print this help")
  .configureOutput({
    outputError: (text, write) => write(text.replace(/^error: (.*?)\.?\n/, "codex: error: $1\n")),
  })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command("responses-api-proxy")
  .description("run the auth proxy: see codex responses-api-proxy --help")
  .allowUnknownOption();

program.parse();
