// `token`: makes client tokens, and has a running proxy read their file again. A token is shown once;
// what is kept of it is its hash.

import fs from "node:fs";
import http from "node:http";
import { Command } from "commander";
import { unixPeer } from "../../hardening/peer.ts";
import {
  type ClientToken,
  ClientTokenFileError,
  digestOf,
  formatClientToken,
  isTokenName,
  makeClientToken,
  maxUid,
  parseClientTokens,
  parseTime,
} from "../access/client-token.ts";
import { readClientTokens, readOwnFile } from "../access/token-file.ts";
import { wholeNumber } from "../option-values.ts";
import { printOut, sayPlain } from "../terminal.ts";
import { type AdminSocketOptions, cannotConnect, findAdminSocket } from "./admin-socket.ts";
import { CommandError } from "./errors.ts";
import { toSocketPath } from "./running-proxy.ts";
import { refuseForeignListener } from "./trusted-listener.ts";

const answerTimeoutMs = 10_000;

const makeCommand = new Command("new")
  .description(
    "Make a token: printed once on stdout. The line for the file of --client-tokens goes to stderr.",
  )
  .argument("<NAME>", "what the log calls it")
  .option("--uid <N>", "the only user who may send it", wholeNumber("--uid", maxUid))
  .option(
    "--expires <TIME>",
    "2027-01-31T12:00:00Z, 2027-01-31 (its first moment, UTC), or 90d, 12h from now",
    lifetime,
  )
  .option("--file <FILE>", "append the line to FILE, which is made if need be")
  .action(makeToken);

const reloadCommand = new Command("reload")
  .description(
    "Have a running proxy use what the file holds now. For root and the user who started the proxy.",
  )
  .requiredOption("--client-tokens <FILE>", "the file")
  .option("--server-info <FILE>", "the file that the proxy was started with")
  .option("--admin-socket <PATH>", "its admin socket; @name for an abstract one")
  .action(reloadTokens);

export const command = new Command("token")
  .description("Tokens for --client-tokens: who sends one may use the proxy.")
  .addCommand(makeCommand)
  .addCommand(reloadCommand)
  .helpCommand(false)
  .action(() => {
    throw new CommandError("CMD_USAGE", "say what: token new NAME, or token reload");
  });

interface NewOptions {
  readonly uid?: number;
  readonly expires?: number;
  readonly file?: string;
}

function makeToken(name: string, { uid, expires, file }: NewOptions): void {
  if (!isTokenName(name)) {
    throw new CommandError(
      "CMD_USAGE",
      "a token's name is 1 to 64 letters, digits or . _ @ -, and begins with a letter or digit",
    );
  }
  const token = makeClientToken();
  const line = formatClientToken({
    name,
    digest: digestOf(token),
    ...(uid !== undefined && { uid }),
    ...(expires !== undefined && { expiresAtMs: expires }),
  });
  if (file !== undefined) append(file, line);
  printOut(`${token}\n`);
  if (file === undefined) sayPlain(line);
}

// In one write behind everything that is there, so that two at a time lose nothing.
function append(file: string, line: string): void {
  const { O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK } = fs.constants;
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
    const before = readOwnFile(file, process.geteuid?.());
    const addition = `${before === "" || before.endsWith("\n") ? "" : "\n"}${line}\n`;
    refuseUnreadable(before + addition);
    fs.writeSync(fd, addition);
  } catch (cause) {
    const { code, exitCode } = cause as { code?: string; exitCode?: number };
    if (exitCode !== undefined) throw cause;
    throw new CommandError("CMD_TOKEN_FILE", `cannot write ${file}: ${code ?? "unknown"}`, { cause });
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function refuseUnreadable(text: string): readonly ClientToken[] {
  try {
    return parseClientTokens(text);
  } catch (cause) {
    if (!(cause instanceof ClientTokenFileError)) throw cause;
    throw new CommandError("CMD_TOKEN_FILE", `the file would not be right, ${cause.message}`, { cause });
  }
}

/** Unix time in milliseconds, later than now. */
function lifetime(text: string): number {
  const [, amount, unit] = /^(\d{1,5})([dh])$/.exec(text) ?? [];
  const fromNow =
    amount === undefined ? undefined : Date.now() + Number(amount) * (unit === "d" ? 86_400_000 : 3_600_000);
  const time = fromNow === undefined ? parseTime(text) : Math.ceil(fromNow / 1000) * 1000;
  if (time !== undefined && time > Date.now()) return time;
  throw new CommandError(
    "CMD_USAGE",
    "invalid value for --expires: give a time to come, like 2027-01-31T12:00:00Z, 2027-01-31, 90d or 12h",
  );
}

async function reloadTokens(options: AdminSocketOptions & { readonly clientTokens: string }): Promise<void> {
  const { clientTokens: file } = options;
  const euid = process.geteuid?.();
  readClientTokens(file, euid); // what is wrong is said here, with its line
  const { path, named } = await findAdminSocket(options);
  const { tokens } = await send(path, named, readOwnFile(file, euid));
  printOut(`${tokens} client ${tokens === 1 ? "token is" : "tokens are"} in use\n`);
}

function send(path: string, named: string, content: string): Promise<{ readonly tokens?: number }> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      socketPath: toSocketPath(path),
      method: "POST",
      path: "/client-tokens",
      headers: { "content-length": Buffer.byteLength(content) },
      timeout: answerTimeoutMs,
      agent: false,
    });
    request.on("socket", (socket) => {
      socket.once("connect", () => {
        try {
          refuseForeignListener(named, unixPeer(socket));
          request.end(content);
        } catch (error) {
          request.destroy(error as Error);
        }
      });
    });
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        const answer = parse(text);
        if (response.statusCode === 200) resolve(answer);
        else
          reject(new CommandError("CMD_TOKENS_REFUSED", answer.error?.message ?? "the proxy gave no reason"));
      });
      response.on("error", reject);
    });
    request.on("timeout", () =>
      request.destroy(new CommandError("CMD_UNREACHABLE", `nobody answers on ${path}`)),
    );
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (error instanceof CommandError) reject(error);
      else reject(cannotConnect(path, error.code));
    });
  });
}

function parse(text: string): { readonly tokens?: number; readonly error?: { readonly message: string } } {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
