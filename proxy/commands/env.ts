// `env`: what to tell a client, for scripts and for people. Prints nothing for a proxy that does not run.

import { Command, Option } from "commander";
import { addClientOptions } from "./client-options.ts";
import {
  type ClientSettings,
  codexArguments,
  codexConfig,
  sdkVariables,
  shellQuoted,
} from "./client-settings.ts";
import { CommandError } from "./errors.ts";
import { authorityOf, findRunningProxy } from "./running-proxy.ts";
import { printOut } from "./terminal.ts";

interface EnvOptions {
  readonly serverInfo: string;
  readonly tokenEnv?: string;
  readonly shell?: true;
  readonly toml?: true;
  readonly json?: true;
}

const examples = `
One argument a line, none with a blank in it. Examples:
  codex $(codex-responses-api-proxy env --server-info FILE) exec "fix the failing test"
  eval "codex $(codex-responses-api-proxy env --server-info FILE --shell) exec 'fix the failing test'"
  codex-responses-api-proxy env --server-info FILE --toml >> ~/.codex/config.toml`;

export const command = addClientOptions(new Command("env"))
  .description("Print the arguments with which Codex uses the proxy of a server info file.")
  .addOption(new Option("--shell", "on one line, quoted for a shell").conflicts(["toml", "json"]))
  .addOption(new Option("--toml", "as lines for config.toml").conflicts(["json"]))
  .option("--json", "as JSON, with the variables that SDKs read")
  .addHelpText("after", examples)
  .action(env);

async function env(options: EnvOptions): Promise<void> {
  const info = await findRunningProxy(options.serverInfo);
  if (info.port === undefined) {
    throw new CommandError("CMD_NO_PORT", `the proxy listens on the unix socket ${info.socket} alone`);
  }
  const settings = { baseUrl: `http://${authorityOf(info)}/v1`, tokenVariable: options.tokenEnv };
  printOut(format(settings, options));
}

function format(settings: ClientSettings, options: EnvOptions): string {
  const args = codexArguments(settings);
  if (options.shell) return `${args.map(shellQuoted).join(" ")}\n`;
  if (options.toml) return codexConfig(settings);
  if (!options.json) return args.map((argument) => `${argument}\n`).join("");
  const { OPENAI_BASE_URL, OPENAI_API_KEY } = sdkVariables(settings, undefined);
  // With a client token the variable that holds it says what the key is.
  const variables =
    settings.tokenVariable === undefined ? { OPENAI_BASE_URL, OPENAI_API_KEY } : { OPENAI_BASE_URL };
  const { baseUrl, tokenVariable } = settings;
  return `${JSON.stringify({ base_url: baseUrl, token_variable: tokenVariable, codex_arguments: args, variables }, null, 2)}\n`;
}
