// The proxy's command line: help, defaults with units, and what values mean. Where one option ends
// and the next begins was decided by the launcher (native/launcher/options.c), which passes every
// option as one argument and keeps --port for itself.

import { Command, Option, type OptionValues } from "commander";
import type { HardeningLevel } from "../hardening/measures.ts";
import type { AccessOptions } from "./access/access.ts";
import { commandList } from "./command-list.ts";
import { StartError } from "./errors.ts";
import type { ForwardLimits } from "./forward.ts";
import { readWorkloadIdentity, type WorkloadIdentity } from "./oidc/workload-identity.ts";
import {
  hostNames,
  level,
  maxTimeoutMs,
  repeated,
  serverName,
  timeout,
  tlsVersion,
  uids,
  wholeNumber,
} from "./option-values.ts";
import { printOut } from "./terminal.ts";
import { parseAddedHeader, parseAuthHeader } from "./upstream/own-headers.ts";
import type { UpstreamOptions } from "./upstream/upstream.ts";
import { parseProxyUrl, parseUpstreamUrl } from "./upstream/url.ts";

export interface Options extends UpstreamOptions, ForwardLimits, AccessOptions {
  /** the listening TCP socket that the launcher opened or was passed, undefined where there is none */
  readonly listenFd: number | undefined;
  /** likewise, the unix socket for clients */
  readonly socketFd: number | undefined;
  /** its path, or `@name` of an abstract one */
  readonly socketName: string | undefined;
  /** sockets that a service manager keeps open beyond the end of this process */
  readonly isActivated: boolean;
  readonly serverInfo: string | undefined;
  /** the file that is to become server info, opened and locked by the launcher; undefined for none */
  readonly serverInfoFd: number | undefined;
  /** where the starter of a daemon waits to hear that it serves */
  readonly readyFd: number | undefined;
  readonly httpShutdown: boolean;
  /** what messages call the place of the key, where the launcher has put another on stdin */
  readonly keySource: string | undefined;
  /** undefined where the key itself is given */
  readonly workloadIdentity: WorkloadIdentity | undefined;
  /** longest time for the head of a request; 0 for no limit */
  readonly clientHeadersTimeoutMs: number;
  /** lower case, without port */
  readonly allowHosts: readonly string[];
  readonly drainTimeoutMs: number;
  /** where requests and answers are written down, undefined for nowhere */
  readonly dumpDir: string | undefined;
  /** its descriptor, opened by the launcher; undefined also where --check has made none */
  readonly dumpFd: number | undefined;
  /** root's and empty: to be given to the service user */
  readonly isNewDumpDir: boolean;
  readonly check: boolean;
  /** the socket to the janitor, undefined where there is none */
  readonly janitorFd: number | undefined;
  /** the listening admin socket, undefined where there is none */
  readonly adminFd: number | undefined;
  /** its path, or `@name` of an abstract one */
  readonly adminName: string | undefined;
  /** a socket to the service manager, connected */
  readonly notifyFd: number | undefined;
  /** within this time it wants a sign of life; undefined for none */
  readonly watchdogUsec: number | undefined;
  /** stderr, journal or a file; undefined for no audit log */
  readonly auditLog: string | undefined;
  /** of the file or the journal, opened by the launcher */
  readonly auditFd: number | undefined;
  readonly auditChain: boolean;
  /** set by the launcher when it was started by nohup(1) */
  readonly ignoreHangup: boolean;
  /** false where the build found no static C library */
  readonly hasStaticLauncher: boolean;
  /** false where others than root may write what runs */
  readonly hasTrustedFiles: boolean;
  /** NAME or UID, with :GROUP if need be */
  readonly user: string | undefined;
  readonly allowRoot: boolean;
  readonly requireHardening: HardeningLevel;
  readonly json: boolean;
  /** the environment names a forward proxy, and no option does */
  readonly ignoresProxyEnvironment: boolean;
}

const defaultUpstreamUrl = "https://api.openai.com/v1/responses";

// Codex posts images inline: 20 MiB bodies are seen, and a limit is against mistakes, not for them.
const defaultMaxBodyBytes = 512 * 1024 * 1024;

const defaultDrainTimeoutMs = 30_000;

// In milliseconds. A reasoning model may think for many minutes before its first byte and between two
// (upstreams send nothing meanwhile), so the limits on its answer are long and there is none in total.
const defaultLimits = {
  clientHeaders: 60_000,
  clientBodyIdle: 60_000,
  upstreamConnect: 10_000,
  upstreamTls: 10_000,
  upstreamHeaders: 900_000,
  streamIdle: 900_000,
} as const;

// What the launcher adds for Node; a user who gives them is told that they are unknown.
const launcherOptions = new Set([
  "--listen-fd",
  "--socket-fd",
  "--socket-name",
  "--activated",
  "--admin-name",
  "--notify-fd",
  "--watchdog-usec",
  "--key-source",
  "--janitor-fd",
  "--dump-fd",
  "--server-info-fd",
  "--ready-fd",
  "--admin-fd",
  "--audit-fd",
  "--new-dump-dir",
  "--ignore-hangup",
  "--dynamic-launcher",
  "--untrusted-files",
  "--proxy-environment",
]);

const commandLines = Object.entries(commandList)
  .map(([name, line]) => `  ${name.padEnd(8)}  ${line}\n`)
  .join("");

const afterHelp = `
Commands: codex-responses-api-proxy COMMAND [--help]
${commandLines}
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
    .option(
      "--socket <PATH>",
      "listen on this unix socket, or @NAME for an abstract one; without --port, on it alone",
    )
    .option("--socket-mode <MODE>", "its mode, in octal; default: 0660")
    .option("--socket-owner <NAME>", "its owner, a user's name or number; default: who starts the proxy")
    .option("--socket-group <NAME>", "its group, whose members may connect")
    .option("--admin-socket <PATH>", "serve /healthz, /readyz, /stop and the like on this unix socket")
    .option("--admin-socket-mode <MODE>", "its mode, in octal; default: 0600")
    .option("--admin-socket-group <NAME>", "its group")
    .option("--server-info <FILE>", 'write {"port":N,"pid":N,…} to FILE once listening; removed at exit')
    .option("--http-shutdown", "GET /shutdown ends the proxy")
    .option("--upstream-url <URL>", "where requests go", defaultUpstreamUrl)
    .option("--upstream-ca <FILE>", "PEM certificates to trust for the upstream, besides the built-in ones")
    .option(
      "--allow-insecure-upstream",
      "allow http to hosts other than this one: the network can read the key",
    )
    .addOption(
      new Option(
        "--upstream-auth <HOW>",
        "how the key is sent: bearer, or header:NAME for a header of its own (Azure: header:api-key)",
      )
        .argParser(parseAuthHeader)
        .default("authorization", "bearer"),
    )
    .option(
      "--upstream-header <HEADER>",
      "send this header, 'Name: value', with every request, in place of the client's; repeatable",
      parseAddedHeader,
    )
    .option("--upstream-client-cert <FILE>", "PEM certificate to show to an upstream that asks for one")
    .option("--upstream-client-key <FILE>", "its key, PEM without a passphrase")
    .option(
      "--upstream-proxy <URL>",
      "reach the upstream through this forward proxy (CONNECT)",
      parseProxyUrl,
    )
    .option("--upstream-sni <NAME>", "name to ask for in TLS and to find in the certificate", serverName)
    .addOption(
      new Option("--upstream-tls-min-version <V>", "oldest TLS version to speak: 1.2 or 1.3")
        .argParser(tlsVersion)
        .default("TLSv1.2", "1.2"),
    )
    .option("--allow-host <NAME>", "accept this name in the Host header too; repeatable", hostNames)
    .option("--allow-user <NAME>", "let this user in, NAME or UID, and no others; repeatable", repeated)
    .option("--allow-group <NAME>", "let members of this group in, NAME or GID; repeatable", repeated)
    .option("--allow-uid <N>", "let this uid in; repeatable", uids)
    .option("--client-tokens <FILE>", "let in who sends a token of FILE (see: token new)")
    .option("--key-fd <N>", "read the key from this open descriptor instead of stdin")
    .option("--key-credential <NAME>", "read it from this file in $CREDENTIALS_DIRECTORY, systemd.exec(5)")
    .option("--key-command <CMD>", "read it from what this shell command prints, run before the lock-down")
    .option("--github-oidc", "in a GitHub job: stdin holds the request token, the key is fetched and renewed")
    .option("--oidc-audience <TEXT>", "with --github-oidc: the audience that GitHub's token is for")
    .option("--identity-provider-id <ID>", "with --github-oidc: the identity provider set up at OpenAI")
    .option("--service-account-id <ID>", "with --github-oidc: the service account to act for")
    .option("--github-oidc-request-url <URL>", "with --github-oidc: $ACTIONS_ID_TOKEN_REQUEST_URL")
    .option(
      "--max-body-bytes <N>",
      "largest request body; 0 refuses every body",
      wholeNumber("--max-body-bytes"),
      defaultMaxBodyBytes,
    )
    .option(
      "--drain-timeout-ms <N>",
      "how long open streams may go on at shutdown",
      wholeNumber("--drain-timeout-ms", maxTimeoutMs),
      defaultDrainTimeoutMs,
    )
    .option(
      "--client-headers-timeout-ms <N>",
      "longest time for the head of a request; 0: no limit",
      timeout("--client-headers-timeout-ms"),
      defaultLimits.clientHeaders,
    )
    .option(
      "--client-body-idle-timeout-ms <N>",
      "longest time without a byte of a request's body; 0: no limit",
      timeout("--client-body-idle-timeout-ms"),
      defaultLimits.clientBodyIdle,
    )
    .option(
      "--upstream-connect-timeout-ms <N>",
      "longest time for a TCP connection to the upstream; 0: no limit",
      timeout("--upstream-connect-timeout-ms"),
      defaultLimits.upstreamConnect,
    )
    .option(
      "--upstream-tls-timeout-ms <N>",
      "longest time for the TLS handshake; 0: no limit",
      timeout("--upstream-tls-timeout-ms"),
      defaultLimits.upstreamTls,
    )
    .option(
      "--upstream-headers-timeout-ms <N>",
      "longest time from the end of a request to the head of its answer; 0: no limit",
      timeout("--upstream-headers-timeout-ms"),
      defaultLimits.upstreamHeaders,
    )
    .option(
      "--stream-idle-timeout-ms <N>",
      "longest time in which no byte of an answer moves; 0: no limit",
      timeout("--stream-idle-timeout-ms"),
      defaultLimits.streamIdle,
    )
    .option(
      "--dump-dir <DIR>",
      "write each request and its answer into files in DIR, prompts and answers in the clear, the key left out",
    )
    .option("--daemon", "go on in the background once it serves; needs --log-file and --server-info")
    .option("--log-file <FILE>", "with --daemon: what would go to stderr is added to FILE")
    .option(
      "--audit-log <WHERE>",
      "write one line of JSON for each request to stderr, journal or a file; no bodies, no key",
    )
    .option("--audit-chain", "with --audit-log: number and hash its records, for audit verify")
    .option("--user <NAME>", "started by root, serve as this user: NAME or UID, with :GROUP if need be")
    .option("--allow-root", "started by root, stay root")
    .option(
      "--require-hardening <LEVEL>",
      "which protections must be on: all, secrecy or none",
      level,
      "secrecy",
    )
    .option("--check", "start with a random key, print each protection and its state, and exit")
    .option("--json", "with --check: print it as JSON")
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
    .option("--listen-fd <N>", "", wholeNumber("--listen-fd"))
    .option("--key-source <TEXT>")
    .option("--janitor-fd <N>", "", wholeNumber("--janitor-fd"))
    .option("--dump-fd <N>", "", wholeNumber("--dump-fd"))
    .option("--server-info-fd <N>", "", wholeNumber("--server-info-fd"))
    .option("--ready-fd <N>", "", wholeNumber("--ready-fd"))
    .option("--admin-fd <N>", "", wholeNumber("--admin-fd"))
    .option("--admin-name <NAME>")
    .option("--socket-fd <N>", "", wholeNumber("--socket-fd"))
    .option("--socket-name <NAME>")
    .option("--activated")
    .option("--notify-fd <N>", "", wholeNumber("--notify-fd"))
    .option("--watchdog-usec <N>", "", wholeNumber("--watchdog-usec"))
    .option("--audit-fd <N>", "", wholeNumber("--audit-fd"))
    .option("--new-dump-dir")
    .option("--ignore-hangup")
    .option("--dynamic-launcher")
    .option("--untrusted-files")
    .option("--proxy-environment")
    .configureOutput({ writeErr: () => {}, writeOut: printOut })
    .exitOverride((error) => {
      if (error.exitCode === 0) process.exit(0);
      throw new StartError("PXY_START_USAGE", error.message.replace(/^error: /, "").replace(/\.$/, ""));
    });
  for (const hidden of command.options) {
    if (launcherOptions.has(hidden.long ?? "")) hidden.hideHelp();
  }
  const values = command.parse(args, { from: "user" }).opts();
  const upstreamUrl = parseUpstreamUrl(values.upstreamUrl, values.allowInsecureUpstream === true);
  refuseCombinations(command, upstreamUrl);
  return Object.freeze({
    listenFd: values.listenFd,
    socketFd: values.socketFd,
    socketName: values.socketName,
    isActivated: values.activated === true,
    keySource: values.keySource,
    serverInfo: values.serverInfo,
    serverInfoFd: values.serverInfoFd,
    readyFd: values.readyFd,
    httpShutdown: values.httpShutdown === true,
    upstreamUrl,
    workloadIdentity: readWorkloadIdentity(values, upstreamUrl.href === defaultUpstreamUrl),
    upstreamCa: values.upstreamCa,
    upstreamAuthHeader: values.upstreamAuth,
    upstreamHeaders: values.upstreamHeader ?? [],
    upstreamClientCert: values.upstreamClientCert,
    upstreamClientKey: values.upstreamClientKey,
    upstreamProxy: values.upstreamProxy,
    upstreamServerName: values.upstreamSni,
    upstreamTlsMinVersion: values.upstreamTlsMinVersion,
    clientHeadersTimeoutMs: values.clientHeadersTimeoutMs,
    clientBodyIdleTimeoutMs: values.clientBodyIdleTimeoutMs,
    upstreamConnectTimeoutMs: values.upstreamConnectTimeoutMs,
    upstreamTlsTimeoutMs: values.upstreamTlsTimeoutMs,
    upstreamHeadersTimeoutMs: values.upstreamHeadersTimeoutMs,
    streamIdleTimeoutMs: values.streamIdleTimeoutMs,
    ignoresProxyEnvironment: values.proxyEnvironment === true && values.upstreamProxy === undefined,
    allowHosts: values.allowHost ?? [],
    allowUsers: values.allowUser ?? [],
    allowGroups: values.allowGroup ?? [],
    allowUids: values.allowUid ?? [],
    clientTokens: values.clientTokens,
    needsPeer: needsPeer(values),
    maxBodyBytes: values.maxBodyBytes,
    drainTimeoutMs: values.drainTimeoutMs,
    dumpDir: values.dumpDir,
    dumpFd: values.dumpFd,
    isNewDumpDir: values.newDumpDir === true,
    check: values.check === true,
    janitorFd: values.janitorFd,
    adminFd: values.adminFd,
    adminName: values.adminName,
    notifyFd: values.notifyFd,
    watchdogUsec: values.watchdogUsec,
    auditLog: values.auditLog,
    auditFd: values.auditFd,
    auditChain: values.auditChain === true,
    ignoreHangup: values.ignoreHangup === true,
    hasTrustedFiles: values.untrustedFiles !== true,
    user: values.user,
    allowRoot: values.allowRoot === true,
    requireHardening: values.requireHardening,
    json: values.json === true,
    hasStaticLauncher: values.dynamicLauncher !== true,
  });
}

// Asking costs each new connection a question to the kernel.
function needsPeer(values: OptionValues): boolean {
  const askers = ["allowUser", "allowGroup", "allowUid", "clientTokens", "auditLog", "adminFd"];
  return askers.some((name) => values[name] !== undefined);
}

// An option that would do nothing is more likely a mistake than a wish.
function refuseCombinations(command: Command, upstreamUrl: URL): void {
  const values = command.opts();
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === "cli";
  const refuse = (message: string): never => {
    throw new StartError("PXY_START_USAGE", message);
  };
  if (values.upstreamHeader?.some((name: string) => name.toLowerCase() === values.upstreamAuth)) {
    refuse("--upstream-header names the header that carries the key");
  }
  if (isGiven("auditChain") && !isGiven("auditLog")) refuse("--audit-chain belongs to --audit-log");
  if (isGiven("json") && !isGiven("check")) refuse("--json belongs to --check");
  if (isGiven("user") && isGiven("allowRoot")) refuse("--user and --allow-root exclude each other");
  if (upstreamUrl.protocol === "https:") return;
  if (isGiven("upstreamSni")) refuse("--upstream-sni is for https, and --upstream-url is http");
  if (isGiven("upstreamTlsMinVersion") && values.upstreamProxy?.protocol !== "https:") {
    refuse("--upstream-tls-min-version is for https, and --upstream-url is http");
  }
}
