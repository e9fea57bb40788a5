// `rotate`: hands a running proxy another key. It is read as the proxy reads its own, and goes from secret
// memory into the socket: no string and no buffer ever holds it. The launcher starts this as it starts the
// proxy.

import net, { type Socket } from "node:net";
import { Command } from "commander";
import { unixPeer } from "../../hardening/peer.ts";
import { readSecretFromStdin, type Secret } from "../../hardening/secret.ts";
import { sendSecret } from "../../hardening/secret-transfer.ts";
import { refuseWatchersHere } from "../../hardening/watchers.ts";
import { printOut } from "../terminal.ts";
import { type AdminSocketOptions, cannotConnect, findAdminSocket } from "./admin-socket.ts";
import { CommandError } from "./errors.ts";
import { refuseForeignListener } from "./trusted-listener.ts";

export const command = new Command("rotate")
  .description(
    "Give a running proxy another key, read from stdin. Requests from then on are sent with it,\n" +
      "open streams go on. For root and the user who started the proxy.",
  )
  .usage("[--server-info FILE | --admin-socket PATH] < FILE-WITH-THE-KEY")
  .option("--server-info <FILE>", "the file that the proxy was started with")
  .option("--admin-socket <PATH>", "its admin socket; @name for an abstract one")
  .addHelpText("after", "\nExit status: 0 the key is in use, 1 it is not, 2 usage, 3 the proxy does not run.")
  .action(rotate);

// Longer than the proxy waits for a key.
const answerTimeoutMs = 45_000;

const requestHead =
  "POST /rotate HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: codex-key\r\n\r\n";

async function rotate(options: AdminSocketOptions): Promise<void> {
  refuseWatchersHere();
  const { path, named } = await findAdminSocket(options);
  (await connect(path, named)).destroy(); // before somebody types a key in vain
  const secret = readSecretFromStdin();
  process.on("exit", () => secret.wipe());
  const socket = await connect(path, named);
  printOut(`${await handOver(socket, secret)}\n`);
}

function connect(path: string, named: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path: path.replace(/^@/, "\0") });
    socket.once("connect", () => {
      try {
        refuseForeignListener(named, unixPeer(socket));
        resolve(socket);
      } catch (error) {
        socket.destroy();
        reject(error);
      }
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      reject(cannotConnect(path, code));
    });
  });
}

/** @returns what the proxy says when it uses the key */
function handOver(socket: Socket, secret: Secret): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = "";
    let isSent = false;
    const fail = (message: string) => {
      socket.destroy();
      reject(new CommandError("CMD_REFUSED", `the key was not replaced: ${message}`));
    };
    socket.setTimeout(answerTimeoutMs, () => fail("the proxy does not answer"));
    socket.removeAllListeners("error");
    socket.on("error", ({ code }: NodeJS.ErrnoException) => fail(code ?? "the connection broke"));
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      const end = received.indexOf("\r\n\r\n");
      if (isSent || end < 0 || !received.startsWith("HTTP/1.1 101 ")) return;
      isSent = true;
      received = received.slice(end + 4);
      const failure = sendSecret(socket, secret);
      secret.wipe();
      if (failure !== undefined) fail(failure);
    });
    socket.on("close", () => {
      const { status, error } = parseReply(received);
      if (isSent && status === "replaced") resolve("the key was replaced");
      else fail(error?.message ?? "the connection was closed without an answer");
    });
    socket.write(requestHead);
  });
}

// The last line: a refusal before the key has a head of its own before it.
function parseReply(text: string): {
  readonly status?: string;
  readonly error?: { readonly message: string };
} {
  try {
    return JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
  } catch {
    return {};
  }
}
