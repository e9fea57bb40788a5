// The whole examination, in the order of the report. What one check found out, later ones may use.

import type { ConfigRequest } from "../config/load.ts";
import type { Check, DoctorContext } from "./check.ts";
import { checkConfiguration } from "./configuration.ts";
import { checkCredentials } from "./credentials.ts";
import { examine } from "./examine.ts";
import { checkGit } from "./git.ts";
import { checkInstallation } from "./installation.ts";
import { checkNode } from "./node-release.ts";
import { checkProgramPath } from "./program-path.ts";
import { checkProxy } from "./proxy.ts";
import { checkSandbox } from "./sandbox.ts";
import { checkState, stateFolder } from "./state.ts";
import { checkTerminal } from "./terminal.ts";

/**
 * @param context - the machine, as far as checks look at it
 * @param request - what configuration to load
 */
export async function diagnose(
  context: DoctorContext,
  request: Omit<ConfigRequest, "warn">,
): Promise<readonly Check[]> {
  const { finding: configuration, config } = await checkConfiguration(request, context);
  const home = await stateFolder(context.environment);
  return examine([
    { id: "installation", category: "install", run: () => checkInstallation(context) },
    { id: "installation.path", category: "path", run: () => checkProgramPath(context) },
    { id: "runtime.node", category: "node", run: () => checkNode(context) },
    { id: "state.paths", category: "state", run: () => checkState(home, context) },
    { id: "config.load", category: "config", run: () => configuration },
    {
      id: "auth.credentials",
      category: "auth",
      run: () => checkCredentials(home, config, context),
    },
    { id: "proxy.endpoint", category: "proxy", run: () => checkProxy(config, context) },
    { id: "sandbox.helpers", category: "sandbox", run: () => checkSandbox(context) },
    { id: "terminal.env", category: "terminal", run: () => checkTerminal(context) },
    { id: "git.environment", category: "git", run: () => checkGit(context) },
  ]);
}
