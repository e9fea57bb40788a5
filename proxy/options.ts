// The proxy's command line: help, defaults with units, and what values mean. Where one option ends
// and the next begins was decided by the launcher (native/launcher/options.c), which passes every
// option as one argument and keeps --port for itself.

import { Command, InvalidArgumentError } from "commander";
import { StartError } from "./errors.ts";
import { parseUpstreamUrl } from "./upstream-url.ts";

export interface Options {
  /** the listening socket that the launcher opened */
  readonly listenFd: number;
  readonly serverInfo: string | undefined;
  readonly httpShutdown: boolean;
  readonly upstreamUrl: URL;
  readonly upstreamCa: string | undefined;
  /** lower case, without port */
  readonly allowHosts: readonly string[];
  readonly maxBodyBytes: number;
  readonly drainTimeoutMs: number;
  readonly check: boolean;
  /** set by the launcher when it was started by nohup(1) */
  readonly ignoreHangup: boolean;
}

const defaultUpstreamUrl = "https://api.openai.com/v1/responses";

// Codex posts images inline: 20 MiB bodies are seen, and a limit is against mistakes, not for them.
const defaultMaxBodyBytes = 512 * 1024 * 1024;

const defaultDrainTimeoutMs = 30_000;

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("a whole number is wanted.");
  return Number(text);
}

function milliseconds(text: string): number {
  const value = wholeNumber(text);
  // setTimeout takes no more: 2^31 - 1, 24 days.
  if (value > 2_147_483_647) throw new InvalidArgumentError("at most 2147483647.");
  return value;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value.toLowerCase()];
}

const afterHelp = `
The API key is read from stdin, up to the first newline. Examples:
  codex-responses-api-proxy --http-shutdown --server-info /run/codex/info.json < key.txt
  read -rs KEY && codex-responses-api-proxy --port 8080 <<< "$KEY"

Exit status: 0 shut down, 1 key, file or network, 2 usage, 5 or 7 process protection,
8 memory cannot be locked, 9 traced or inspected, 10 launcher.`;

/** The option table, for parsing and for the help. */
export function makeCommand(version: string): Command {
  return new Command("codex-responses-api-proxy")
    .description(
      "Forwards POST /v1/responses to the upstream with the API key added, and nothing else.\n" +
        "Listens on 127.0.0.1, so that every user of this machine can use the model and none can see the key.",
    )
    .usage("[options] < FILE-WITH-THE-KEY")
    .option("--port <N>", "port on 127.0.0.1; 0 or absent takes a free one")
    .option("--server-info <FILE>", 'write {"port":N,"pid":N,…} to FILE once listening; removed at exit')
    .option("--http-shutdown", "GET /shutdown ends the proxy")
    .option("--upstream-url <URL>", "where requests go", defaultUpstreamUrl)
    .option("--upstream-ca <FILE>", "PEM certificates to trust for the upstream, besides the built-in ones")
    .option(
      "--allow-insecure-upstream",
      "allow http to hosts other than this one: the network can read the key",
    )
    .option("--allow-host <NAME>", "accept this name in the Host header too; repeatable", collect)
    .option("--max-body-bytes <N>", "largest request body", wholeNumber, defaultMaxBodyBytes)
    .option(
      "--drain-timeout-ms <N>",
      "how long open streams may go on at shutdown",
      milliseconds,
      defaultDrainTimeoutMs,
    )
    .option("--check", "start with a random key, print each protection and its state, and exit")
    .version(`codex-responses-api-proxy ${version}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", afterHelp);
}

/**
 * Read the canonical arguments of the launcher.
 *
 * @param args - what follows the entry file on Node's command line
 * @returns checked options; for `--help` and `--version` it prints and exits instead
 * @throws {StartError} PXY_START_USAGE for a bad value, PXY_START_UPSTREAM_URL for a bad URL
 */
export function parseOptions(args: readonly string[], version: string): Options {
  const command = makeCommand(version)
    .option("--listen-fd <N>", "", wholeNumber)
    .option("--ignore-hangup")
    .configureOutput({ writeErr: () => {} })
    .exitOverride((error) => {
      if (error.exitCode === 0) process.exit(0);
      throw new StartError("PXY_START_USAGE", error.message.replace(/^error: /, "").replace(/\.$/, ""));
    });
  for (const hidden of command.options) {
    if (hidden.long === "--listen-fd" || hidden.long === "--ignore-hangup") hidden.hideHelp();
  }
  const values = command.parse(args, { from: "user" }).opts();
  const upstreamUrl = parseUpstreamUrl(values.upstreamUrl, values.allowInsecureUpstream === true);
  return Object.freeze({
    listenFd: values.listenFd,
    serverInfo: values.serverInfo,
    httpShutdown: values.httpShutdown === true,
    upstreamUrl,
    upstreamCa: values.upstreamCa,
    allowHosts: values.allowHost ?? [],
    maxBodyBytes: values.maxBodyBytes,
    drainTimeoutMs: values.drainTimeoutMs,
    check: values.check === true,
    ignoreHangup: values.ignoreHangup === true,
  });
}
