// Commands that try to outlive their end. Each attempt must succeed against a kill of the process group alone,
// or it proves nothing.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { makeFolder } from "../../cli/codex-process.ts";
import { waitFor } from "../../wait-for.ts";
import { executorIn, fullAccess, ownSeconds, processesWith, requestIn, workspaceWrite } from "./commands.ts";

let folder: string;
beforeEach(() => {
  folder = fs.realpathSync(makeFolder());
  fs.mkdirSync(join(folder, "home"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Each has a process that says "on" and then sleeps so many seconds, when it is where it wants to be. */
const attempts: readonly (readonly [title: string, script: (seconds: string) => string])[] = [
  ["a session of its own", (s) => `setsid sh -c 'echo on; exec sleep ${s}' & wait`],
  [
    "a double fork into a session of its own",
    (s) => `(setsid sh -c '(echo on; exec sleep ${s}) & exit' &); sleep 1000`,
  ],
  [
    "two generations of orphans, each in a session of its own, deaf to signals",
    (s) =>
      `trap '' TERM HUP INT QUIT; (setsid sh -c '(setsid sh -c "echo on; exec sleep ${s}" &) & exit' &); while :; do sleep 1000; done`,
  ],
  [
    "a daemon with streams of its own",
    (s) => `(setsid sh -c 'echo on; exec sleep ${s} </dev/null >/dev/null 2>&1' &); sleep 1000`,
  ],
  [
    "the name of the process that is let live to tidy up behind the sandbox",
    (s) =>
      `mkfifo ${s}; (setsid sh -c 'echo codex-remover >/proc/$$/comm; echo on; read x <${s}' sh ${s} &); sleep 1000`,
  ],
];

describe("a command that is ended leaves nothing behind that made for itself", () => {
  for (const [title, script] of attempts) {
    test(title, async () => {
      const control = ownSeconds();
      const child = spawn("sh", ["-c", script(control)], {
        detached: true,
        cwd: folder,
        stdio: ["ignore", "pipe", "ignore"],
      });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      process.kill(-(child.pid as number), "SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
      await waitFor(() => processesWith(control).length > 0, "the control to survive");
      const survivors = processesWith(control);
      for (const pid of survivors) process.kill(pid, "SIGKILL");

      for (const policy of [fullAccess, workspaceWrite]) {
        const seconds = ownSeconds();
        const executor = executorIn(folder);
        const abort = new AbortController();
        const ended = executor.run(
          requestIn(folder, ["sh", "-c", script(seconds)], {
            ...{ policy, signal: abort.signal },
          }),
        );
        await waitFor(() => processesWith(seconds).length > 0, "the survivor to be ready");
        abort.abort(new Error("enough"));
        await assert.rejects(ended, /enough/);
        await waitFor(() => processesWith(seconds).length === 0, `the end of all, ${policy.mode}`);
        executor.close();
      }
    });
  }
});

test("when the agent itself is killed, its commands end with it, in terminals too", async () => {
  const program = `
    import { executorIn, requestIn } from ${JSON.stringify(new URL("./commands.js", import.meta.url).href)};
    const executor = executorIn(process.argv[1]);
    const script = (n) => "(setsid sleep " + n + " &); sleep " + n;
    await executor.open(requestIn(process.argv[1], ["sh", "-c", script(process.argv[2])]));
    executor.run(requestIn(process.argv[1], ["sh", "-c", script(process.argv[3])]));
  `;
  const [one, other] = [ownSeconds(), ownSeconds()];
  const agent = spawn(process.execPath, ["--input-type=module", "-e", program, folder, one, other], {
    stdio: "ignore",
  });
  await waitFor(() => processesWith(one).length >= 3 && processesWith(other).length >= 3, "both commands");
  agent.kill("SIGKILL");
  const left = () => [...processesWith(one), ...processesWith(other)].filter((pid) => pid !== agent.pid);
  await waitFor(() => left().length === 0, "the end of both");
});

test("what a command has left in the background when it ends by itself goes on", async () => {
  const seconds = ownSeconds();
  const executor = executorIn(folder);
  await executor.run(requestIn(folder, ["sh", "-c", `sleep ${seconds} >/dev/null 2>&1 &`]));
  const [left] = processesWith(seconds);
  assert.ok(left !== undefined);
  process.kill(left, "SIGKILL");
  executor.close();
});

test("an end behind the sandbox leaves nothing in the workspace", async () => {
  const executor = executorIn(folder);
  const result = await executor.run(
    requestIn(folder, ["sleep", "1000"], { policy: workspaceWrite, timeoutMs: 700 }),
  );
  assert.ok(result.isTimedOut);
  await waitFor(() => fs.readdirSync(folder).join() === "home", "nothing but what was there");
  executor.close();
});
