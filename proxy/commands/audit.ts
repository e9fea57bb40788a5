// `audit verify`: whether an audit log with a hash chain is as the proxy wrote it.

import { Command } from "commander";
import { type Verification, verifyChain } from "../audit/verify-chain.ts";
import { printOut } from "../terminal.ts";
import { readAdmin } from "./admin-request.ts";
import { type AdminSocketOptions, findAdminSocket } from "./admin-socket.ts";
import { CommandError } from "./errors.ts";

const verify = new Command("verify")
  .description(
    "Find every change, move, insertion, removal and cut in a log of --audit-log with --audit-chain.",
  )
  .argument("<FILE...>", "the log; with rotated files the oldest first")
  .option("--head <HASH>", "a record that must be there: what the proxy said last on stderr")
  .option("--admin-socket <PATH>", "ask the running proxy for its last record")
  .option("--server-info <FILE>", "likewise, by the admin socket that it names")
  .option("--after <HASH>", "the record before the first one, where older files are gone")
  .option("--accept-kills", "a start without an end before it is no finding")
  .addHelpText("after", "\nExit status: 0 nothing was found, 1 something was, or a file cannot be read.")
  .action(verifyFiles);

export const command = new Command("audit").description("Work with audit logs.").addCommand(verify);

interface VerifyCommandOptions extends AdminSocketOptions {
  readonly head?: string;
  readonly after?: string;
  readonly acceptKills?: true;
}

async function verifyFiles(files: readonly string[], options: VerifyCommandOptions): Promise<void> {
  for (const name of ["head", "after"] as const) {
    if (options[name] !== undefined && !/^[0-9a-f]{64}$/.test(options[name])) {
      throw new CommandError("CMD_USAGE", `invalid value for --${name}: give a SHA-256 of 64 digits`);
    }
  }
  const isAsked = options.adminSocket !== undefined || options.serverInfo !== undefined;
  if (isAsked && options.head !== undefined) {
    throw new CommandError("CMD_USAGE", "--head and the running proxy exclude each other");
  }
  // Before the files are read: what is written meanwhile only follows.
  const head = isAsked ? await readHead((await findAdminSocket(options)).path) : options.head;
  let result: Verification;
  try {
    result = verifyChain(files, { head, after: options.after, acceptsKills: options.acceptKills === true });
  } catch (cause) {
    const { code, path } = cause as NodeJS.ErrnoException;
    throw new CommandError("CMD_AUDIT_FILE", `cannot read ${path ?? "the log"}: ${code}`, { cause });
  }
  for (const { file, line, message } of result.findings) printOut(`${file}:${line}: ${message}\n`);
  if (result.findings.length > 0)
    throw new CommandError("CMD_AUDIT_CHANGED", "the log is not as it was written");
  const { records, requests } = result;
  printOut(
    `intact: ${records} records of ${requests} requests, head ${result.head?.seq} ${result.head?.hash}\n`,
  );
}

async function readHead(socket: string): Promise<string> {
  const { hash } = (await readAdmin(socket, "/audit-head")) as { hash?: unknown };
  if (typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash)) return hash;
  throw new CommandError("CMD_UNREACHABLE", `${socket} does not answer with the head of a chain`);
}
