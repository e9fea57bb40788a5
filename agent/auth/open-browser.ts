// Opens the user's browser, where there is one to be seen: not in a session over ssh and not without a
// display, unless BROWSER says how. It is a courtesy; the URL has been printed.

import { spawn } from "node:child_process";
import type { Environment } from "../environment.ts";

/** Whether a browser that is started here would appear before the user. */
export function canOpenBrowser(environment: Environment, platform: NodeJS.Platform): boolean {
  if (environment.BROWSER) return true;
  if (environment.SSH_CONNECTION || environment.SSH_TTY || environment.SSH_CLIENT) return false;
  if (platform !== "linux") return true;
  return Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY || environment.WSL_DISTRO_NAME);
}

/**
 * Open a URL. Nothing is waited for, and failures are left alone.
 *
 * @param environment - for BROWSER, a list of commands as xdg-open has it: `firefox:lynx %s`
 */
export async function openBrowser(url: string, environment: Environment): Promise<void> {
  if (!canOpenBrowser(environment, process.platform)) return;
  try {
    if (environment.BROWSER) {
      await openWith(environment.BROWSER.split(":"), url, environment);
    } else if (!(await hasDesktop(url, environment))) {
      const { default: open } = await import("open");
      const child = await open(url);
      child.on("error", () => {});
    }
  } catch {
    // The user has the URL.
  }
}

// The package `open` would start it with the environment of this process, which lacks what steers loaders.
async function hasDesktop(url: string, environment: Environment): Promise<boolean> {
  if (process.platform !== "linux" || environment.WSL_DISTRO_NAME) return false;
  return await hasStarted("xdg-open", [url], environment);
}

async function openWith(commands: readonly string[], url: string, environment: Environment): Promise<void> {
  for (const command of commands) {
    const [file, ...args] = command.split(/\s+/).filter((word) => word !== "");
    if (file === undefined) continue;
    const hasPlace = args.some((arg) => arg.includes("%s"));
    const all = hasPlace ? args.map((arg) => arg.replaceAll("%s", url)) : [...args, url];
    if (await hasStarted(file, all, environment)) return;
  }
}

function hasStarted(file: string, args: readonly string[], environment: Environment): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: environment, stdio: "ignore", detached: true });
    child.once("spawn", () => resolve(true)).once("error", () => resolve(false));
    child.unref();
  });
}
