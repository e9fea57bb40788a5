// The port of the callback server. It is fixed, because the issuer knows it; a login that was left open
// there is asked to give way, and where something else listens, the second registered port is taken.
// `localhost`, to which the issuer redirects, is ::1 before 127.0.0.1 for a browser: both are held, or
// somebody else could answer there.

import http, { type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { AuthError } from "./errors.ts";

const defaultPort = 1455;
const fallbackPort = 1457;

/** The servers of one port: the one of IPv6 is not used where there is no IPv6. */
export interface LoopbackServers {
  readonly v4: Server;
  readonly v6: Server;
}

const hostV4 = "127.0.0.1";
const hostV6 = "::1";
const attempts = 10;
const pauseMs = 200;
const cancelMs = 2000;

/**
 * Listen on the first of `ports` that can be had.
 *
 * @returns the port
 * @throws {AuthError} AUTH_PORT_IN_USE
 */
export async function listenForCallback(
  servers: LoopbackServers,
  ports: readonly number[] = [defaultPort, fallbackPort],
): Promise<number> {
  for (const [index, port] of ports.entries()) {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const taken = await listenOnBoth(servers, port);
      if (taken !== undefined) return taken;
      if (attempt === 0 && index === 0) await cancelPrevious(port);
      await sleep(pauseMs);
    }
  }
  throw new AuthError("AUTH_PORT_IN_USE", `Port ${hostV4}:${ports[0]} is already in use`);
}

async function listenOnBoth({ v4, v6 }: LoopbackServers, port: number): Promise<number | undefined> {
  const first = await tryListen(v4, port, hostV4);
  if (typeof first === "string") {
    if (first === "EADDRINUSE") return undefined;
    throw new AuthError("AUTH_PORT_IN_USE", `Port ${hostV4}:${port} cannot be used (${first})`);
  }
  if ((await tryListen(v6, first, hostV6)) !== "EADDRINUSE") return first;
  await new Promise((resolve) => v4.close(resolve));
  return undefined;
}

/** @returns the port, or why there is none */
function tryListen(server: Server, port: number, host: string): Promise<number | string> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off("listening", onListening);
      resolve(error.code ?? "unknown error");
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

// Whatever listens there may be anything: its answer is not looked at, and not waited for longer than this.
function cancelPrevious(port: number): Promise<void> {
  return new Promise((resolve) => {
    const request = http.get({ host: hostV4, port, path: "/cancel", agent: false });
    const deadline = setTimeout(() => request.destroy(), cancelMs);
    request.on("response", (response) => response.resume());
    request.on("error", () => {});
    request.on("close", () => {
      clearTimeout(deadline);
      resolve();
    });
  });
}
