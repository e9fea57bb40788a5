// The server with everything that belongs to it: upstream, front, lifecycle, server info, signals.
// Loaded after the key was read, so that none of this code runs earlier than it must.

import type { Secret } from "../hardening/secret.ts";
import type { WorkloadTokens } from "../hardening/workload-tokens.ts";
import { openAccess } from "./access/access.ts";
import { clientOf } from "./access/client.ts";
import { addTokenRoute } from "./access/token-route.ts";
import { AdminServer, maxAdminConnections } from "./admin/admin-server.ts";
import { addRotateRoute } from "./admin/rotate-route.ts";
import { addServiceRoutes } from "./admin/service-routes.ts";
import { limitConnections } from "./connection-limit.ts";
import { startDumps } from "./dump/dumps.ts";
import { StartError } from "./errors.ts";
import type { ForwardReport } from "./exchange.ts";
import { observeWithAll } from "./exchange-observer.ts";
import { makeForward } from "./forward.ts";
import { type Lifecycle, superviseServer } from "./lifecycle.ts";
import { Listeners } from "./listeners.ts";
import { openCredential } from "./oidc/open-credential.ts";
import type { Options } from "./options.ts";
import { buildServer } from "./server.ts";
import { describeServer, removeByJanitor, writeServerInfo } from "./server-info.ts";
import { ServiceManager } from "./service-manager.ts";
import { startTelemetry } from "./telemetry/telemetry.ts";
import { sayPlain, sayWarning } from "./terminal.ts";
import { openUpstream } from "./upstream/upstream.ts";
import { version } from "./version.ts";
import { warmUp } from "./warm-up.ts";

export interface PreparedServer {
  /** @returns the addresses on which it listens, for the log */
  listen(): Promise<readonly string[]>;
  /** whether it is for some users of the machine only */
  readonly isLimited: boolean;
  /** write the server info, where it is wanted */
  publish(): void;
  /** tell the service manager, where there is one, that requests are served from now on */
  announce(): void;
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
  const { listenFd } = options;
  const access = openAccess(options, { listenFd, startUid: process.geteuid?.(), say: sayPlain });
  const credential = openCredential(options, tokens);
  const upstream = { ...openUpstream(options, secret), ...(credential && { credential }) };
  const report: ForwardReport = {
    failed: (phase, failure) => sayWarning(`request failed while ${phase}: ${failure.message}`),
    maskedEcho: () => sayWarning("the upstream sent the key back; it was masked"),
  };
  const admin = options.adminFd === undefined ? undefined : new AdminServer(options.adminFd);
  let isDraining = () => false; // metrics are shown once before there is a lifecycle
  const telemetry = await startTelemetry(options, {
    version,
    identify: clientOf,
    isDraining: () => isDraining(),
    keyRotations: () => (secret.rotation?.count ?? 0) + Math.max(0, (credential?.generation ?? 0) - 1),
    admin,
  });
  const observe = observeWithAll([startDumps(options, secret), telemetry.observe]);
  const forward = makeForward(upstream, secret, options, report, observe);
  const { janitorFd } = options;
  let removeFiles = (when: "stopping" | "end") => {
    if (janitorFd !== undefined) removeByJanitor(janitorFd, when);
  };
  process.on("exit", () => removeFiles("end"));

  const server = buildServer({
    policy: options,
    access,
    forward,
    clientHeadersTimeoutMs: options.clientHeadersTimeoutMs,
    isDraining: () => lifecycle.isDraining(),
    connections: () => lifecycle.connections,
    onShutdownRequest: () => lifecycle.stop(),
    isAuditFailing: telemetry.isAuditFailing,
    onRefused: telemetry.onRefused,
  });
  // Before the signals, which may come during the start.
  let names: readonly string[] = [];
  const { notifyFd, watchdogUsec } = options;
  const status = () => describeService(names, lifecycle);
  const serviceManager =
    notifyFd === undefined ? undefined : new ServiceManager({ notifyFd, watchdogUsec, status });
  const listeners = new Listeners(server.server, options);
  limitConnections(listeners.servers, options.dumpFd === undefined ? 2 : 4, admin && maxAdminConnections);
  const lifecycle = superviseServer(server.server, listeners, {
    drainTimeoutMs: options.drainTimeoutMs,
    onStop: () => {
      removeFiles("stopping");
      serviceManager?.stopping(options.drainTimeoutMs);
    },
    onEnd: (cut) => {
      const requests = cut === 1 ? "request was" : "requests were";
      if (cut > 0) sayWarning(`${cut} open ${requests} cut off at shutdown`);
      process.exit(0);
    },
  });

  isDraining = lifecycle.isDraining;

  if (admin !== undefined) {
    addTokenRoute(admin, access, telemetry.tokensReplaced);
    addServiceRoutes(admin, {
      isDraining: () => lifecycle.isDraining(),
      hasCredential: () => credential?.isPresent ?? true,
      isAuditFailing: telemetry.isAuditFailing,
      onStop: () => lifecycle.stop(),
    });
    addRotateRoute(admin, secret.rotation, telemetry.keyReplaced);
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => lifecycle.stop());
  process.on("SIGHUP", options.ignoreHangup ? () => {} : () => lifecycle.stop());

  await warmUp((options.upstreamProxy ?? options.upstreamUrl).hostname);
  await server.ready();
  await credential?.start();

  let tcp: { readonly host: string; readonly port: number } | undefined;
  return {
    isLimited: access.isLimited,
    listen: async () => {
      tcp = await listeners.listen();
      refuseItself(options, tcp);
      await admin?.listen();
      names = namesOf(options, tcp);
      return names;
    },
    publish: () => {
      telemetry.begin();
      const { serverInfo, serverInfoFd, socketName, adminName } = options;
      if (serverInfo === undefined || serverInfoFd === undefined) return;
      const where = {
        port: tcp?.port,
        ...(tcp !== undefined && { host: tcp.host }),
        ...(socketName !== undefined && { socket: socketName }),
        ...(adminName !== undefined && { admin_socket: adminName }),
      };
      const removeOwn = writeServerInfo(serverInfo, describeServer(where, version), serverInfoFd);
      if (janitorFd === undefined) removeFiles = removeOwn;
    },
    announce: () => serviceManager?.ready(),
  };
}

// Each request would make another one, until no descriptor is left.
function refuseItself(
  { upstreamUrl, upstreamProxy }: Options,
  tcp: { readonly host: string; readonly port: number } | undefined,
): void {
  if (tcp === undefined) return;
  const next = upstreamProxy ?? upstreamUrl;
  const isHere = next.hostname === tcp.host || next.hostname === "localhost";
  if (!isHere || next.port !== String(tcp.port)) return;
  throw new StartError("PXY_START_UPSTREAM_URL", `port ${tcp.port} of this machine is this proxy itself`);
}

function describeService(names: readonly string[], lifecycle: Lifecycle): string {
  const open = lifecycle.openRequests();
  const state = lifecycle.isDraining() ? "stopping" : `serving on ${names.join(", ")}`;
  return `${state}; ${open} open ${open === 1 ? "request" : "requests"}`;
}

function namesOf(
  { socketName, adminName }: Options,
  tcp: { readonly host: string; readonly port: number } | undefined,
): readonly string[] {
  const names = tcp === undefined ? [] : [`${tcp.host}:${tcp.port}`];
  if (socketName !== undefined) names.push(`unix:${socketName}`);
  if (adminName !== undefined) names.push(`admin unix:${adminName}`);
  return names;
}
