// The real proxy through its launcher, and the real `codex` of the same package.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const launcher = fileURLToPath(
  new URL("../../native/build/codex-responses-api-proxy", import.meta.url),
);

/**
 * Start the proxy with the key on its stdin and wait for the line that says that it listens.
 *
 * @param onLine - told what it says until then
 */
export async function startProxy(
  key: string,
  args: readonly string[],
  onLine: (text: string) => void,
): Promise<ChildProcess> {
  const child = spawn(launcher, args, { stdio: ["pipe", "inherit", "pipe"] });
  child.stdin.end(`${key}\n`);
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk) => {
      onLine(String(chunk));
      if (String(chunk).includes("listening")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the proxy exited with ${code}`)));
  });
  return child;
}
