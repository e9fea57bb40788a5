// The start of the proxy, step by step. Nothing is served before all of it is done: between the
// moment it listens and the last step nothing waits, so no connection is looked at.

import { closeSync, writeSync } from "node:fs";
import { traceCrashes } from "../hardening/crash-trace.ts";
import { HardeningError } from "../hardening/errors.ts";
import { fenceNewFiles, lockProcess } from "../hardening/lock.ts";
import { readMeasures, requireMeasures, summarise } from "../hardening/measures.ts";
import { loadResourceLimits } from "../hardening/resource-limits.ts";
import { makeRandomSecret, readSecretFromStdin } from "../hardening/secret.ts";
import { becomeServiceUser, chooseServiceUser } from "../hardening/service-user.ts";
import { refuseWatchersHere } from "../hardening/watchers.ts";
import { WorkloadTokens } from "../hardening/workload-tokens.ts";
import { takeDumpFolder } from "./dump/dump-folder.ts";
import { StartError } from "./errors.ts";
import { type Options, parseOptions } from "./options.ts";
import { giveClaimUp } from "./server-info.ts";
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
  if (options.listenFd === undefined && options.socketFd === undefined)
    throw new HardeningError("HRD_ERR_LAUNCHER");
  if (options.requireHardening !== "none") refuseWatchersHere();
  const startUid = process.geteuid?.();
  const wasRoot = startUid === 0;
  const serviceUser = chooseServiceUser(options, startUid);
  takeDumpFolder(options, serviceUser);
  const { serverInfo, serverInfoFd } = options;
  let isPublished = false;
  process.on("exit", () => {
    if (serverInfo !== undefined && serverInfoFd !== undefined && !isPublished) giveClaimUp(serverInfo);
  });
  const hasCrashTrace = traceCrashes();
  const limitResources = loadResourceLimits();

  const hasTokens = options.workloadIdentity !== undefined && !options.check;
  const tokens = hasTokens ? new WorkloadTokens(options.keySource) : undefined;
  const secret =
    tokens?.secret ?? (options.check ? makeRandomSecret() : readSecretFromStdin(options.keySource));
  process.on("exit", () => secret.wipe());

  const { prepareServer } = await import("./serve.ts");
  const { formatMeasures } = await import("./check.ts");
  const server = await prepareServer(options, secret, tokens);
  const addresses = await server.listen();
  server.publish();
  isPublished = true;

  if (serviceUser !== undefined) becomeServiceUser(serviceUser);
  const makesFiles = options.dumpDir !== undefined;
  const writesFiles = makesFiles || options.auditFd !== undefined;
  const hasResourceLimits = limitResources({
    hasOwnUid: serviceUser?.isDedicated === true,
    writesFiles,
  });
  const areNewFilesFenced = makesFiles ? fenceNewFiles(options.dumpFd) : undefined;
  // Where there is no janitor, files of sockets stay: the next start finds that they are dead.
  const removesFiles = options.serverInfo !== undefined && options.janitorFd === undefined && !options.check;
  lockProcess({ removesFiles, makesFiles });

  const measures = readMeasures({
    wasRoot,
    startUid,
    hasTrustedFiles: options.hasTrustedFiles,
    forbiddenPort: portOfNobody(options),
    hasStaticLauncher: options.hasStaticLauncher,
    memoryKind: secret.kind,
    hasCrashTrace,
    hasResourceLimits,
    writesFiles,
    areNewFilesFenced,
  });
  if (options.check) printOut(formatMeasures(measures, options.json));
  requireMeasures(measures, options.requireHardening);
  if (options.check) process.exit(0);

  if (serviceUser?.warning !== undefined) sayWarning(serviceUser.warning);
  if (wasRoot && serviceUser === undefined) {
    sayWarning("serving as root: whoever takes this process over is root; leave out --allow-root if you can");
  }
  if (options.ignoresProxyEnvironment) {
    sayWarning("the proxy named in the environment is not used; --upstream-proxy names one");
  }
  // Of a unix socket its mode says who may; a name that is none of a file has no mode.
  const isForEveryone = options.listenFd !== undefined || options.socketName?.startsWith("@") === true;
  if (!server.isLimited && isForEveryone) {
    sayPlain(
      "codex: every user of this machine may use it: --allow-user, --allow-group or --client-tokens narrow that",
    );
  }
  if (options.adminName?.startsWith("@") === true) {
    sayWarning("the admin socket has no mode, so that every user may read from it; a path would have one");
  }
  sayPlain(`codex: protections: ${summarise(measures)}`);
  sayPlain(`responses-api-proxy listening on ${addresses.join(", ")}`);
  server.announce();
  if (options.readyFd !== undefined) tellStarter(options.readyFd);
}

// A starter that has gone, or was ended, does not want it any more.
function tellStarter(readyFd: number): void {
  try {
    writeSync(readyFd, "r");
    closeSync(readyFd);
  } catch (cause) {
    throw new StartError("PXY_START_DAEMON", "whoever started it did not wait until it served", { cause });
  }
}

// Discard, echo, quote of the day or character generator: one at which nobody is to be reached.
function portOfNobody({ upstreamUrl, upstreamProxy, workloadIdentity }: Options): number {
  const used = [upstreamUrl.port, upstreamProxy?.port, workloadIdentity?.requestUrl.port];
  return [9, 7, 17, 19].find((port) => !used.includes(String(port))) as number;
}
