// Requests over a unix socket, from this process or from one of another user.

import { spawn } from "node:child_process";
import net from "node:net";

export interface UnixAnswer {
  readonly status: number;
  readonly body: string;
}

/** Send bytes, collect what comes until the peer closes. */
export function sendUnix(path: string, bytes: string | Buffer, timeoutMs = 5000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    let text = "";
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.on("connect", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "ECONNRESET") reject(error);
    });
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

function readAnswer(text: string): UnixAnswer {
  const end = text.indexOf("\r\n\r\n");
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]), body: end < 0 ? "" : text.slice(end + 4) };
}

/** The bytes of a request after which the connection is closed. */
export function unixRequest(line: string, body = "", headers: readonly string[] = []): string {
  const length = line.startsWith("POST") ? [`Content-Length: ${Buffer.byteLength(body)}`] : [];
  return `${[`${line} HTTP/1.1`, "Connection: close", ...length, ...headers].join("\r\n")}\r\n\r\n${body}`;
}

/** Ask as the user that runs the tests. */
export async function askUnix(
  path: string,
  line: string,
  body = "",
  headers: readonly string[] = [],
): Promise<UnixAnswer> {
  return readAnswer(await sendUnix(path, unixRequest(line, body, headers)));
}

/** Ask as another user; needs root. */
export async function askUnixAs(uid: number, path: string, line: string, body = ""): Promise<UnixAnswer> {
  const script = `
    const socket = require("node:net").connect(process.argv[1]);
    socket.on("error", (error) => { console.log("refused " + error.code); process.exit(); });
    socket.write(Buffer.from(process.argv[2], "base64"));
    socket.pipe(process.stdout);`;
  const bytes = Buffer.from(unixRequest(line, body)).toString("base64");
  const user = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const child = spawn(user[0] as string, [...user.slice(1), process.execPath, "-e", script, path, bytes]);
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => child.once("close", resolve));
  return readAnswer(text);
}
