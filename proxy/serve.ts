// The server with everything that belongs to it: upstream, front, lifecycle, server info, signals.
// Loaded after the key was read, so that none of this code runs earlier than it must.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Secret } from "../hardening/secret.ts";
import type { WorkloadTokens } from "../hardening/workload-tokens.ts";
import { AdminServer, maxAdminConnections } from "./admin/admin-server.ts";
import { addServiceRoutes } from "./admin/service-routes.ts";
import { limitConnections } from "./connection-limit.ts";
import { startDumps } from "./dump/dumps.ts";
import { StartError } from "./errors.ts";
import type { ForwardReport } from "./exchange.ts";
import { makeForward } from "./forward.ts";
import { superviseServer } from "./lifecycle.ts";
import { openCredential } from "./oidc/open-credential.ts";
import type { Options } from "./options.ts";
import { buildServer } from "./server.ts";
import { describeServer, removeByJanitor, writeServerInfo } from "./server-info.ts";
import { sayWarning } from "./terminal.ts";
import { openUpstream } from "./upstream/upstream.ts";
import { version } from "./version.ts";
import { warmUp } from "./warm-up.ts";

export interface PreparedServer {
  /** @returns the port on which it listens */
  listen(): Promise<number>;
  /** write the server info, where it is wanted */
  publish(): void;
}

/**
 * Build the server and load whatever its first request would load, the first access token included.
 *
 * @param tokens - where the key is fetched instead of given
 * @throws {StartError} for what the options name and is not there
 * @throws {WorkloadIdentityError} when the first access token cannot be had
 */
export async function prepareServer(
  options: Options,
  secret: Secret,
  tokens: WorkloadTokens | undefined,
): Promise<PreparedServer> {
  const credential = openCredential(options, tokens);
  const upstream = { ...openUpstream(options, secret), ...(credential && { credential }) };
  const report: ForwardReport = {
    failed: (phase, failure) => sayWarning(`request failed while ${phase}: ${failure.message}`),
    maskedEcho: () => sayWarning("the upstream sent the key back; it was masked"),
  };
  const forward = makeForward(upstream, secret, options, report, startDumps(options, secret));
  let removeServerInfo = () => {};
  process.on("exit", () => removeServerInfo());

  const server = buildServer({
    policy: options,
    forward,
    clientHeadersTimeoutMs: options.clientHeadersTimeoutMs,
    isDraining: () => lifecycle.isDraining(),
    connections: () => lifecycle.connections,
    onShutdownRequest: () => lifecycle.stop(),
  });
  const admin = options.adminFd === undefined ? undefined : new AdminServer(options.adminFd);
  limitConnections(server.server, options.dumpFd === undefined ? 2 : 4, admin && maxAdminConnections);
  const lifecycle = superviseServer(server.server, {
    drainTimeoutMs: options.drainTimeoutMs,
    onStop: () => removeServerInfo(),
    onEnd: (cut) => {
      const requests = cut === 1 ? "request was" : "requests were";
      if (cut > 0) sayWarning(`${cut} open ${requests} cut off at shutdown`);
      process.exit(0);
    },
  });

  if (admin !== undefined) {
    addServiceRoutes(admin, {
      isDraining: () => lifecycle.isDraining(),
      hasCredential: () => credential?.isPresent ?? true,
      onStop: () => lifecycle.stop(),
    });
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => lifecycle.stop());
  process.on("SIGHUP", options.ignoreHangup ? () => {} : () => lifecycle.stop());

  await warmUp((options.upstreamProxy ?? options.upstreamUrl).hostname);
  await server.ready();
  await credential?.start();

  let port = 0;
  return {
    listen: async () => {
      port = await listen(server.server, options.listenFd);
      refuseItself(options, port);
      await admin?.listen();
      return port;
    },
    publish: () => {
      const { janitorFd, serverInfo, serverInfoFd } = options;
      if (serverInfo === undefined || serverInfoFd === undefined) return;
      const removeOwn = writeServerInfo(serverInfo, describeServer(port, version), serverInfoFd);
      removeServerInfo = janitorFd === undefined ? removeOwn : () => removeByJanitor(janitorFd);
    },
  };
}

// Each request would make another one, until no descriptor is left.
function refuseItself({ upstreamUrl, upstreamProxy }: Options, port: number): void {
  const next = upstreamProxy ?? upstreamUrl;
  const isHere = next.hostname === "127.0.0.1" || next.hostname === "localhost";
  if (!isHere || next.port !== String(port)) return;
  throw new StartError("PXY_START_UPSTREAM_URL", `port ${port} of this machine is this proxy itself`);
}

function listen(server: Server, fd: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(new StartError("PXY_START_LISTEN", `cannot listen: ${cause.code}`, { cause }));
    });
    server.listen({ fd }, () => resolve((server.address() as AddressInfo).port));
  });
}
