// A process that writes a session until it is killed, or holds one until its stdin ends.
// Arguments: `write CODEX_HOME FILE|-`, `hold FILE`.

import { createStore, reopenStore } from "../../../agent/sessions/file-store.ts";
import { readRollout } from "../../../agent/sessions/read-rollout.ts";

const [, , mode, first = "", second = "-"] = process.argv;
const warn = (message: string) => void process.stdout.write(`warning ${message}\n`);

if (mode === "write") {
  const meta = {
    id: "019a0b1c-2d3e-7f40-8a5b-6c7d8e9f0a1b",
    timestamp: "2025-10-28T13:04:05.000Z",
    cwd: "/work/demo",
    originator: "codex_exec",
    cli_version: "0.50.0",
    instructions: null,
    source: "exec",
    git: {},
  };
  const recorded = second === "-" ? undefined : await readRollout(second);
  const store =
    recorded === undefined
      ? await createStore({ codexHome: first, meta, warn })
      : await reopenStore(recorded, { warn });
  process.stdout.write(`${store.file}\n`);
  // Long lines, so that it is killed in the middle of one.
  for (let number = recorded?.entries.length ?? 1; ; number++) {
    const message = `${number} ${"x".repeat((number % 5) * 400_000)}`;
    store.append({ type: "event_msg", payload: { type: "agent_message", message } });
    if (number % 3 === 0) await store.flush();
  }
} else {
  const recorded = await readRollout(first);
  try {
    const store = await reopenStore(recorded, { warn });
    process.stdout.write("has it\n");
    process.stdin.resume().once("end", () => void store.close());
  } catch (error) {
    process.stdout.write(`${(error as { code?: string }).code}\n`);
  }
}
