// Hands a proxy a key over its admin socket byte by byte, well or badly: what `rotate` would never do.

import net from "node:net";

export interface HandOver {
  /** "replaced", or the code of the refusal; undefined where the connection ended without either */
  readonly outcome: string | undefined;
  readonly message: string;
}

export interface HandOverOptions {
  /** sent with the request's head, before the proxy has answered */
  readonly early?: string;
  /** end the connection after the bytes */
  readonly ends?: boolean;
  /** called when the proxy has said that the key may come; the bytes are sent when it resolves */
  readonly onInvited?: () => Promise<void> | void;
}

const head = "POST /rotate HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: codex-key\r\n\r\n";

/** Ask to rotate, send `bytes` on the answer 101, report what comes then. */
export function handOver(
  path: string,
  bytes: string | Buffer,
  options: HandOverOptions = {},
): Promise<HandOver> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path: path.replace(/^@/, "\0"), allowHalfOpen: true });
    let received = "";
    let isInvited = false;
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("data", async (chunk) => {
      received += chunk.toString("latin1");
      if (isInvited || !/^HTTP\/1.1 101 [\s\S]*\r\n\r\n/.test(received)) return;
      isInvited = true;
      received = "";
      await options.onInvited?.();
      if (options.ends) socket.end(bytes);
      else socket.write(bytes);
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      const line = received.trimEnd().split(/\r?\n/).at(-1) ?? "";
      const { status, error } = line.startsWith("{") ? JSON.parse(line) : {};
      resolve({ outcome: status ?? error?.code, message: error?.message ?? "" });
    });
    socket.write(head + (options.early ?? ""));
  });
}
