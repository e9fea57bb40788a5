// The proxy that a user named: where it is now, and whether it is that proxy. Looked at before the first
// request, on each connection before anything is sent over it, and again when one fails, so that neither a
// stale file nor a dead proxy's port leads to whoever has it now.

import fs from "node:fs";
import net from "node:net";
import type { Environment } from "../environment.ts";
import { isLoopbackHost } from "../http/loopback.ts";
import { keepsAbstractNames } from "./abstract-names.ts";
import { ProxyEndpointError } from "./errors.ts";
import { listenersOf } from "./listener.ts";
import { weaknessOfWay } from "./path-trust.ts";
import { type ProxyReference, parseProxyReference } from "./reference.ts";
import { howToStart, readServerInfo } from "./server-info.ts";

const connectTimeoutMs = 2_000;

/** Where to connect. */
export interface ProxyAddress {
  /** ends with /v1 */
  readonly baseUrl: string;
  /** as the kernel takes it: a path, or a NUL byte and an abstract name */
  readonly socketPath?: string;
  /** for people */
  readonly label: string;
}

/** A proxy that was there when it was last looked at. */
export interface ProxyEndpoint {
  readonly address: ProxyAddress;
  /** from CODEX_PROXY_TOKEN: what a proxy with --client-tokens wants to see */
  readonly clientToken?: string;
  /**
   * Make sure, on a new connection and before anything is sent, that it has led to this proxy.
   *
   * @throws {ProxyEndpointError} where the proxy has ended, moved, or its place is another user's now
   */
  requireSame(): void;
  /**
   * Look again, after a connection has failed.
   *
   * @returns an endpoint of the same reference; its address is another one where the proxy was restarted
   * @throws {ProxyEndpointError} that says what is wrong with it now
   */
  lookAgain(): Promise<ProxyEndpoint>;
}

/** The variable that holds a client token. */
export const tokenVariable = "CODEX_PROXY_TOKEN";

/**
 * Find the proxy of a reference and make sure, within two seconds, that it takes connections.
 *
 * @param reference - a server info file, http(s)://HOST:PORT[/v1], unix:/PATH or unix:@NAME
 * @throws {ProxyEndpointError} with a hint how to get it running
 */
export async function resolveProxy(reference: string, environment: Environment): Promise<ProxyEndpoint> {
  const parsed = parseProxyReference(reference);
  const address = addressOf(parsed);
  const clientToken = clientTokenOf(environment, address);
  const failure = await tryToConnect(address);
  if (failure !== undefined) throw unreachable(parsed, address, failure);
  return {
    address,
    ...(clientToken !== undefined && { clientToken }),
    requireSame: () => {
      const now = addressOf(parsed);
      if (now.baseUrl === address.baseUrl && now.socketPath === address.socketPath) return;
      throw notRunning(parsed, address);
    },
    lookAgain: () => resolveProxy(reference, environment),
  };
}

function addressOf(reference: ProxyReference): ProxyAddress {
  if (reference.kind === "url") return { baseUrl: reference.baseUrl, label: new URL(reference.baseUrl).host };
  if (reference.kind === "socket") return socketAddress(reference.socket, undefined);
  const info = readServerInfo(reference.file);
  if (info.port === undefined) return socketAddress(info.socket as string, info.userIds);
  const authority = `${net.isIPv6(info.host) ? `[${info.host}]` : info.host}:${info.port}`;
  const address = { baseUrl: `http://${authority}/v1`, label: authority };
  const owners = listenersOf(info.host, info.port);
  const foreign = owners?.find((uid) => !info.userIds.includes(uid));
  if (foreign !== undefined) {
    throw new ProxyEndpointError(
      "PROXY_UNTRUSTED",
      `${authority} belongs to uid ${foreign}, not to the proxy of ${reference.file}`,
      { hint: howToStart(reference.file) },
    );
  }
  // A proxy that ends has given its port away before its last stream is over. In another namespace it may
  // be reached by a way that leaves no listener here.
  if (owners?.length === 0 && info.isAlive) throw notRunning(reference, address);
  return address;
}

function notRunning(reference: ProxyReference, { label }: ProxyAddress): ProxyEndpointError {
  return new ProxyEndpointError("PROXY_NOT_RUNNING", `no proxy listens on ${label}`, {
    hint: hintFor(reference),
  });
}

function socketAddress(socket: string, userIds: readonly number[] | undefined): ProxyAddress {
  const label = `unix:${socket}`;
  // An abstract name has neither owner nor mode: the process that server info names is all there is.
  if (!socket.startsWith("@")) refuseSocketOfOthers(socket, userIds);
  else if (!keepsAbstractNames()) {
    throw new ProxyEndpointError(
      "PROXY_UNREACHABLE",
      `${label} cannot be reached with Node ${process.versions.node}, which changes abstract names`,
      { hint: "run it with a newer Node, or ask for a proxy with --port or --socket PATH" },
    );
  }
  return { baseUrl: "http://localhost/v1", socketPath: socket.replace(/^@/, "\0"), label };
}

function refuseSocketOfOthers(path: string, userIds: readonly number[] | undefined): void {
  let reason: string | undefined;
  try {
    const status = fs.statSync(path);
    if (!status.isSocket()) throw new ProxyEndpointError("PROXY_REFERENCE", `${path} is not a socket`);
    const isKnown = userIds === undefined || userIds.includes(status.uid);
    reason = isKnown ? weaknessOfWay(path, status.uid) : `it belongs to uid ${status.uid}`;
  } catch (cause) {
    if (cause instanceof ProxyEndpointError) throw cause;
    return; // the attempt to connect says what is wrong
  }
  if (reason === undefined) return;
  throw new ProxyEndpointError("PROXY_UNTRUSTED", `the socket ${path} may be an impostor's: ${reason}`);
}

function clientTokenOf(environment: Environment, { baseUrl, socketPath }: ProxyAddress): string | undefined {
  const token = environment[tokenVariable]?.trim();
  if (token === undefined || token === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new ProxyEndpointError("PROXY_TOKEN", `${tokenVariable} holds what no client token has`);
  }
  const { protocol, hostname } = new URL(baseUrl);
  if (socketPath === undefined && protocol === "http:" && !isLoopbackHost(hostname)) {
    throw new ProxyEndpointError(
      "PROXY_TOKEN",
      `the token of ${tokenVariable} is not sent to ${hostname} without TLS`,
      { hint: "use https, or a proxy of this machine" },
    );
  }
  return token;
}

function unreachable(reference: ProxyReference, address: ProxyAddress, failure: string): ProxyEndpointError {
  if (failure === "EACCES" || failure === "EPERM") {
    return new ProxyEndpointError(
      "PROXY_UNREACHABLE",
      `this user may not connect to the proxy at ${address.label} (${failure})`,
      { hint: "ask whoever runs the proxy to let you in: see --socket-mode, --socket-group" },
    );
  }
  if (failure === "ECONNREFUSED" || failure === "ENOENT") return notRunning(reference, address);
  return new ProxyEndpointError(
    "PROXY_UNREACHABLE",
    `the proxy at ${address.label} cannot be reached (${failure})`,
    { hint: hintFor(reference) },
  );
}

function hintFor(reference: ProxyReference): string {
  if (reference.kind === "server-info") return howToStart(reference.file);
  if (reference.kind === "socket") {
    return `start it with: codex-responses-api-proxy --socket ${reference.socket} < key.txt, or ask whoever runs it`;
  }
  const { hostname, port } = new URL(reference.baseUrl);
  return isLoopbackHost(hostname) && port !== ""
    ? `start it with: codex-responses-api-proxy --port ${port} < key.txt, or ask whoever runs it for this machine`
    : "ask whoever runs it";
}

// Returns the code of the failure, undefined for none.
function tryToConnect({ baseUrl, socketPath }: ProxyAddress): Promise<string | undefined> {
  const { protocol, hostname, port } = new URL(baseUrl);
  const target =
    socketPath === undefined
      ? { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (protocol === "https:" ? 443 : 80)) }
      : { path: socketPath };
  return new Promise((resolve) => {
    const socket = net.connect({ ...target });
    const timer = setTimeout(() => end("ETIMEDOUT"), connectTimeoutMs);
    const end = (failure?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(failure);
    };
    socket.once("connect", () => end());
    socket.once("error", (error: NodeJS.ErrnoException & AggregateError) =>
      end(error.code ?? (error.errors?.[0] as NodeJS.ErrnoException | undefined)?.code ?? "unknown"),
    );
  });
}
