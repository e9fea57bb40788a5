// The port of the callback server. It is fixed, because the issuer knows it; a login that was left open
// there is asked to give way, and where something else listens, the second registered port is taken.

import http, { type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { AuthError } from "./errors.ts";

export const defaultPort = 1455;
export const fallbackPort = 1457;

const host = "127.0.0.1";
const attempts = 10;
const pauseMs = 200;

/**
 * Listen on the first of `ports` that can be had.
 *
 * @returns the port
 * @throws {AuthError} AUTH_PORT_IN_USE
 */
export async function listenForCallback(
  server: Server,
  ports: readonly number[] = [defaultPort, fallbackPort],
): Promise<number> {
  for (const [index, port] of ports.entries()) {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const taken = await tryListen(server, port);
      if (taken !== undefined) return taken;
      if (attempt === 0 && index === 0) await cancelPrevious(port);
      await sleep(pauseMs);
    }
  }
  throw new AuthError("AUTH_PORT_IN_USE", `Port ${host}:${ports[0]} is already in use`);
}

function tryListen(server: Server, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off("listening", onListening);
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(new AuthError("AUTH_PORT_IN_USE", `Port ${host}:${port} cannot be used`, { cause: error }));
    };
    const onListening = () => {
      server.off("error", onError);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    };
    server.once("error", onError).once("listening", onListening);
    server.listen(port, host);
  });
}

// Whatever listens there may be anything: its answer is not looked at.
function cancelPrevious(port: number): Promise<void> {
  return new Promise((resolve) => {
    const request = http.get({ host, port, path: "/cancel", agent: false, timeout: 2000 });
    request.on("response", (response) => response.resume().once("close", resolve));
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve());
    request.on("close", () => resolve());
  });
}
