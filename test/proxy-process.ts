// Runs the built proxy as its users do: the launcher, a key on stdin, a line on stderr when it is up.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The package, seen from dist/test/. */
export const packageRoot = fileURLToPath(new URL("../../", import.meta.url));

/** CODEX_PROXY_LAUNCHER runs the tests on a launcher that was built with another Node. */
export const launcher =
  process.env.CODEX_PROXY_LAUNCHER ?? `${packageRoot}native/build/codex-responses-api-proxy`;

export const testKey = "sk-test-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH";

/** Runs what follows it as a user of no rights, who owns nothing. */
export const asOtherUser = ["setpriv", "--reuid=60001", "--regid=60001", "--clear-groups"] as const;

/** The `skip` of a test that needs {@link asOtherUser}: false, or the reason why it cannot run. */
export const skipWithoutOtherUser: string | false = (() => {
  if (process.geteuid?.() !== 0) return "needs root, to start a process as another user";
  const [command, ...args] = [...asOtherUser, launcher, "--version"];
  if (spawnSync(command as string, args).status === 0) return false;
  return "needs a Node and a checkout that other users may read; this one lies in a private folder";
})();

/** Arguments with which a start says nothing but that it listens: root's choice of a user is made. */
export const quietUser: readonly string[] = process.geteuid?.() === 0 ? ["--user", "60001"] : [];

export interface RunOptions {
  readonly args?: readonly string[];
  /** what stdin holds; undefined leaves it open and empty */
  readonly input?: string | Buffer | undefined;
  readonly env?: NodeJS.ProcessEnv;
  /** a program and its arguments that start the launcher, such as setpriv */
  readonly through?: readonly string[];
  readonly command?: string;
  readonly argv0?: string;
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function launch(options: RunOptions): ChildProcess {
  const command = [...(options.through ?? []), options.command ?? launcher, ...(options.args ?? [])];
  return spawn(command[0] as string, command.slice(1), {
    stdio: "pipe",
    env: options.env ?? process.env,
    ...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
  });
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    output.stderr += chunk;
  });
  return output;
}

/** Run the launcher to its end. */
export async function runProxy(options: RunOptions): Promise<RunResult> {
  const child = launch(options);
  const output = collect(child);
  child.stdin?.on("error", () => {}); // it may leave before it has read everything
  if (options.input !== undefined) child.stdin?.end(options.input);
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 20_000);
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  child.stdin?.destroy();
  return { code, signal, ...output };
}

export interface RunningProxy {
  /** every address, as it says them */
  readonly listening: string;
  /** 0 where it has no TCP socket */
  readonly port: number;
  readonly pid: number;
  readonly baseUrl: string;
  /** what it has written so far */
  readonly output: { readonly stdout: string; readonly stderr: string };
  kill(signal: NodeJS.Signals): void;
  /** resolves when it has ended */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** end it and wait */
  stop(): Promise<void>;
}

/** Start the proxy and wait until it listens. */
export async function startProxy(options: RunOptions): Promise<RunningProxy> {
  const child = launch(options);
  const output = collect(child);
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? `${testKey}\n`);

  const deadline = Date.now() + 20_000;
  let listening: string | undefined;
  while (listening === undefined) {
    listening = /listening on (.+)\n/.exec(output.stderr)?.[1];
    if (listening !== undefined) break;
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      await ended; // and with it all that it has said
      throw new Error(`the proxy did not start:\n${output.stderr}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  const port = Number(/^127\.0\.0\.1:(\d+)/.exec(listening)?.[1] ?? 0);
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
  };
  return {
    listening,
    port,
    pid: child.pid as number,
    baseUrl: `http://127.0.0.1:${port}`,
    output,
    kill,
    ended,
    stop: async () => {
      kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
      await ended;
      clearTimeout(timer);
    },
  };
}
