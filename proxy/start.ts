// The start of the proxy, step by step: options, key, server, server info, ready. Nothing listens to
// clients before all of it is done.

import type { AddressInfo } from "node:net";
import { traceCrashes } from "../hardening/crash-trace.ts";
import { HardeningError } from "../hardening/errors.ts";
import { readMeasures } from "../hardening/measures.ts";
import { makeRandomSecret, readSecretFromStdin, type Secret } from "../hardening/secret.ts";
import { StartError } from "./errors.ts";
import { type Options, parseOptions } from "./options.ts";
import { printOut, sayPlain, sayWarning } from "./terminal.ts";
import { version } from "./version.ts";

/**
 * Run the proxy until it is told to stop. Exits the process.
 *
 * @param args - the launcher's canonical arguments
 * @throws {StartError | HardeningError} when the start cannot go on
 */
export async function start(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, version);
  if (!Number.isInteger(options.listenFd)) throw new HardeningError("HRD_ERR_LAUNCHER");

  const hasCrashTrace = traceCrashes();
  const secret = options.check ? makeRandomSecret() : readSecretFromStdin();
  process.on("exit", () => secret.wipe());

  // Discard or echo, whichever is not where the upstream is.
  const forbiddenPort = options.upstreamUrl.port === "9" ? 7 : 9;
  const facts = {
    forbiddenPort,
    hasStaticLauncher: options.hasStaticLauncher,
    memoryKind: secret.kind,
    hasCrashTrace,
  };
  if (options.check) {
    await serve(options, secret);
    const { formatMeasures } = await import("./check.ts");
    printOut(formatMeasures(readMeasures(facts)));
    process.exit(0);
  }

  for (const { state, name, reason } of readMeasures(facts)) {
    if (state === "off") sayWarning(`protection off: ${name} (${reason})`);
  }
  const port = await serve(options, secret);
  sayPlain(`responses-api-proxy listening on 127.0.0.1:${port}`);
}

/** @returns the port on which it listens */
async function serve(options: Options, secret: Secret): Promise<number> {
  const [
    { openUpstream },
    { buildServer },
    { superviseServer },
    { warmUp },
    { describeServer, removeByJanitor, writeServerInfo },
  ] = await Promise.all([
    import("./upstream.ts"),
    import("./server.ts"),
    import("./lifecycle.ts"),
    import("./warm-up.ts"),
    import("./server-info.ts"),
  ]);

  const upstream = openUpstream(options.upstreamUrl, options.upstreamCa, secret);
  let removeServerInfo = () => {};
  process.on("exit", () => removeServerInfo());

  const server = buildServer({
    policy: options,
    upstream,
    report: (phase, failure) => sayWarning(`request failed ${phase}: ${failure.message}`),
    isDraining: () => lifecycle.isDraining(),
    connections: () => lifecycle.connections,
    onShutdownRequest: () => lifecycle.stop(),
  });
  const lifecycle = superviseServer(server.server, {
    drainTimeoutMs: options.drainTimeoutMs,
    onStop: () => removeServerInfo(),
    onEnd: (cut) => {
      if (cut > 0)
        sayWarning(`${cut} open ${cut === 1 ? "request was" : "requests were"} cut off at shutdown`);
      process.exit(0);
    },
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => lifecycle.stop());
  process.on("SIGHUP", options.ignoreHangup ? () => {} : () => lifecycle.stop());

  await warmUp(options.upstreamUrl.hostname);
  await server.ready();
  const { port } = await listen(server.server, options.listenFd);
  if (options.serverInfo !== undefined && !options.check) {
    const { janitorFd } = options;
    const removeOwn = writeServerInfo(options.serverInfo, describeServer(port, version));
    removeServerInfo = janitorFd === undefined ? removeOwn : () => removeByJanitor(janitorFd);
  }
  return port;
}

function listen(server: import("node:http").Server, fd: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(new StartError("PXY_START_LISTEN", `cannot listen: ${cause.code}`, { cause }));
    });
    server.listen({ fd }, () => resolve(server.address() as AddressInfo));
  });
}
