// The two logins that need a person: what is printed for him, and what is waited for.

import fs from "node:fs";
import { type BrowserLoginRequest, startBrowserLogin } from "../../agent/auth/browser-login.ts";
import { type DeviceLoginRequest, requestDeviceCode } from "../../agent/auth/device-login.ts";
import { openBrowser } from "../../agent/auth/open-browser.ts";
import type { Session } from "../command.ts";
import { hintLine } from "../notices.ts";
import { showsColours } from "../terminal-colours.ts";
import { painter } from "../text-style.ts";

/** @throws {AuthError} */
export async function logInByBrowser(
  request: Omit<BrowserLoginRequest, "onFailure">,
  { stderr, environment }: Session,
): Promise<void> {
  const login = await startBrowserLogin({
    ...request,
    terminalOwner: ownerOfTerminal(stderr),
    onFailure: (error) => {
      stderr.write(`Login failed: ${error.message}\n${hintLine(error)}Still waiting for the browser.\n`);
    },
  });
  stderr.write(
    `Starting local login server on http://localhost:${login.port}.\n` +
      `If your browser did not open, navigate to this URL to authenticate:\n\n${login.url}\n\n`,
  );
  await openBrowser(login.url, environment);
  await login.done;
}

function ownerOfTerminal(stream: Session["stderr"]): number | undefined {
  const { fd } = stream as { readonly fd?: number };
  return stream.isTTY && fd !== undefined ? fs.fstatSync(fd).uid : undefined;
}

/** @throws {AuthError} */
export async function logInByDevice(request: DeviceLoginRequest, session: Session): Promise<void> {
  const code = await requestDeviceCode(request);
  const { stdout } = session;
  const paint = painter(showsColours(stdout, session.environment));
  stdout.write(
    `${paint("yellow", "Use a device code only where a login in the browser of this computer is not possible. Enter it")}\n` +
      `${paint("yellow", "only because you started this login yourself, and tell the code to nobody.")}\n\n` +
      "To authenticate:\n" +
      `  1. Open in your browser: ${paint("cyan", code.verificationUrl)}\n` +
      `  2. Enter the one-time code below within 15 minutes:\n\n     ${paint("bold", code.userCode)}\n\n`,
  );
  await code.complete();
}
