// `exec`: runs a client against the proxy without any key in its environment, after having said by what
// it could get at the proxy's all the same.

import { basename } from "node:path";
import { Command } from "commander";
import { defaultHost } from "../loopback.ts";
import { addClientOptions } from "./client-options.ts";
import { codexArguments, sdkVariables } from "./client-settings.ts";
import { withoutKeys } from "./key-like.ts";
import { becomeChild } from "./run-child.ts";
import { findRunningProxy, toSocketPath } from "./running-proxy.ts";
import { sayPlain, sayWarning } from "./terminal.ts";
import { findHolders, findWaysToTheKey } from "./ways-to-the-key.ts";

interface ExecOptions {
  readonly serverInfo: string;
  readonly tokenEnv?: string;
  readonly keep?: readonly string[];
}

const afterHelp = `
A command called codex gets the arguments that env prints, before its own. Every command gets
OPENAI_BASE_URL, and a placeholder as OPENAI_API_KEY, as SDKs insist on one; the proxy replaces it.
Where the proxy listens on a unix socket alone, it is reached by a port of 127.0.0.1 that is there for
this command and lets nobody else through. Exit code and signals are those of the command.
  codex-responses-api-proxy exec --server-info FILE -- codex exec "fix the failing test"`;

export const command = addClientOptions(new Command("exec"))
  .description("Run a client against the proxy, with every variable that looks like a key taken from it.")
  .option(
    "--keep <NAME>",
    "leave this variable, whatever it looks like; repeatable",
    (name, names: string[] = []) => [...names, name],
  )
  .argument("<COMMAND...>", "the client and its arguments")
  .passThroughOptions()
  .addHelpText("after", afterHelp)
  .action(exec);

async function exec([program = "", ...args]: readonly string[], options: ExecOptions): Promise<never> {
  const info = await findRunningProxy(options.serverInfo);
  const { tokenEnv } = options;
  const kept = new Set([...(options.keep ?? []), ...(tokenEnv === undefined ? [] : [tokenEnv])]);
  const environment = { ...process.env };
  const { rest, removed } = withoutKeys(environment, kept);
  const token = tokenEnv === undefined ? undefined : environment[tokenEnv];
  for (const way of findWaysToTheKey(info, options.serverInfo))
    sayWarning(`the key is not safe from it: ${way}`);
  if (removed.length > 0) sayPlain(`removed from its environment: ${removed.join(", ")}`);
  const values = removed.map((name) => environment[name] ?? "");
  for (const holder of findHolders(values))
    sayWarning(`it can read them all the same, in the environment of ${holder}`);

  // From here on this process, too, can be looked into by nobody of its user, and its environment is empty.
  await import("../../hardening/pre-main.ts");
  const port = info.port ?? (await openBridgeTo(info.socket ?? ""));
  const { host = defaultHost } = info.port === undefined ? {} : info;
  const settings = { baseUrl: `http://${host}:${port}/v1`, tokenVariable: tokenEnv };
  const isCodex = /^codex(\.js)?$/.test(basename(program));
  return becomeChild(program, isCodex ? [...codexArguments(settings), ...args] : args, {
    ...rest,
    ...sdkVariables(settings, token),
    ...pastForwardProxies(rest, host.replace(/^\[|\]$/g, "")),
  });
}

async function openBridgeTo(socket: string): Promise<number> {
  const { openBridge } = await import("./bridge.ts"); // loads the addon
  return openBridge(toSocketPath(socket));
}

// A client that uses the environment's forward proxy for everything would ask it for this machine too.
function pastForwardProxies(environment: NodeJS.ProcessEnv, host: string): NodeJS.ProcessEnv {
  const namesProxy = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].some((name) => environment[name]);
  if (!namesProxy) return {};
  const extended = (name: string) => [environment[name], host].filter(Boolean).join(",");
  return { no_proxy: extended("no_proxy"), NO_PROXY: extended("NO_PROXY") };
}
