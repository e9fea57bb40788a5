// Clients of other users: each a process of its own that sends the bytes of a request and prints what
// came back.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { rawPost } from "../../raw-http.ts";

export interface ClientAnswer {
  readonly status: number;
  /** the answer's head and body, as latin1 */
  readonly text: string;
  /** of an error of the proxy itself */
  readonly error: { readonly message: string; readonly code: string } | undefined;
}

export interface ClientOptions {
  /** the bytes to send */
  readonly bytes?: string;
  /** where to connect; an object as net.connect takes it */
  readonly to: { readonly port: number; readonly localPort?: number | undefined } | { readonly path: string };
  /** runs before the connection is made, and once it is made */
  readonly before?: string;
  readonly connected?: string;
  /** a program and its arguments that start it, such as unshare */
  readonly through?: readonly string[];
  /** close the sending half behind the bytes */
  readonly halfCloses?: boolean;
}

/** Run a client as this user, and wait for the end of its answer. */
export async function askAs(uid: number, options: ClientOptions): Promise<ClientAnswer> {
  const bytes = options.bytes ?? rawPost({ headers: ["Connection: close"] });
  const to = "path" in options.to ? options.to : { host: "127.0.0.1", ...options.to };
  const script = `
    const bytes = Buffer.from(process.argv[1], "base64");
    ${options.before ?? ""}
    const socket = require("node:net").connect(${JSON.stringify({ ...to, allowHalfOpen: true })}, () => {
      ${options.connected ?? ""}
      ${options.halfCloses ? "socket.end(bytes)" : "socket.write(bytes)"};
    });
    socket.on("error", () => {});
    socket.on("data", (chunk) => process.stdout.write(chunk));
    socket.on("end", () => process.exit());
    socket.on("close", () => process.exit());`;
  const user = uid === 0 ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const command = [...user, ...(options.through ?? []), process.execPath, "-e", script];
  const child = spawn(command[0] as string, [...command.slice(1), Buffer.from(bytes).toString("base64")]);
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  await once(child, "close");
  clearTimeout(timer);
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
    text,
    error: body.startsWith('{"error"') ? JSON.parse(body).error : undefined,
  };
}
