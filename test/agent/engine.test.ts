// The engine with all of its own parts: real commands in the sandbox, patches, AGENTS.md, a rollout and the
// program that is told of a turn's end.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { nobody } from "../../agent/approval/approver.ts";
import { openThread } from "../../agent/engine.ts";
import type { InputItem } from "../../agent/model-client/items.ts";
import { readRollout } from "../../agent/sessions/read-rollout.ts";
import type { ThreadEvent } from "../../agent/thread/thread-events.ts";
import { launcher } from "../cli/codex-process.ts";
import { calls, patchCall, shellCall } from "../mock/scenarios/calls.ts";
import { says } from "../mock/scenarios.ts";
import { type Step, startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { waitFor } from "../wait-for.ts";
import { Home } from "./config/home.ts";

const sender = { originator: "codex_test", matchedRelease: "0.50.0", packageVersion: "0.0.0" };

// A home, a folder to work in, and threads in it whose model follows a script.
async function makePlace(steps: readonly Step[], configuration = "") {
  const upstream = await startScriptedUpstream(steps);
  const home = new Home();
  home.write(
    `${configuration}\nmodel_provider = "mock"\nsandbox_mode = "workspace-write"\napproval_policy = "never"\n` +
      `[model_providers.mock]\nname = "mock"\nbase_url = "${upstream.baseUrl}"\nwire_api = "responses"\n`,
  );
  const events: ThreadEvent[] = [];
  const warnings: string[] = [];
  const openHere = async (more: Partial<Parameters<typeof openThread>[0]> = {}) => {
    const { config } = await home.load({});
    return openThread({
      ...{ config, launcher, sender, source: "exec", approver: nobody },
      environment: { PATH: process.env.PATH, HOME: home.work, CODEX_HOME: home.path },
      listener: (event) => events.push(event),
      warn: (message) => warnings.push(message),
      ...more,
    });
  };
  const close = async () => {
    await upstream.close();
    home.remove();
  };
  const inputOf = (index: number) => (upstream.requests[index]?.body.input ?? []) as readonly InputItem[];
  return { upstream, home, events, warnings, openHere, inputOf, close };
}

const text = (words: string) => ({
  content: [{ type: "input_text", text: words } as const],
  signal: new AbortController().signal,
});

function outputs(items: readonly InputItem[]): readonly unknown[] {
  return items.filter(({ type }) => type.endsWith("_output")).map(({ output }) => output);
}

describe("the engine", () => {
  test("runs commands and patches, tells of them, and keeps all of it in a rollout", async () => {
    const patch = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch\n";
    const place = await makePlace([
      calls(shellCall(["cat", "old.txt"], "c1"), patchCall(patch, "c2")),
      calls(shellCall(["cat", "new.txt"], "c3")),
      says("Done."),
    ]);
    fs.writeFileSync(join(place.home.work, "old.txt"), "was here\n");
    const thread = await place.openHere();
    assert.equal(await thread.runTurn(text("go")), "completed");
    await thread.close();

    assert.equal(fs.readFileSync(join(place.home.work, "new.txt"), "utf8"), "hello\n");
    const [read, patched, readAgain] = outputs(place.inputOf(2)).map(String);
    assert.match(read ?? "", /^Exit code: 0\nWall time: [\d.]+ seconds\nOutput:\nwas here\n$/);
    assert.match(patched ?? "", /Success\. Updated the following files:\nA new\.txt\n$/);
    assert.match(readAgain ?? "", /\nhello\n$/);
    assert.deepEqual(
      place.events.flatMap((event) => (event.type === "item.completed" ? [event.item.type] : [])),
      ["command_execution", "file_change", "command_execution", "agent_message"],
    );
    const diff = place.events.find((event) => event.type === "turn.diff");
    assert.match(diff?.unifiedDiff ?? "", /^diff --git a\/new\.txt b\/new\.txt\n[\s\S]*\+hello\n/);

    assert.ok(thread.file !== undefined);
    assert.equal(fs.statSync(thread.file).mode & 0o777, 0o600);
    const recorded = await readRollout(thread.file);
    assert.deepEqual(recorded.meta, {
      ...recorded.meta,
      ...{ id: thread.id, cwd: place.home.work, originator: "codex_test", cli_version: "0.50.0" },
      ...{ instructions: null, source: "exec" },
    });
    assert.deepEqual(recorded.history.slice(0, -1), place.inputOf(2));
    assert.deepEqual(place.warnings, []);
    await place.close();
  });

  test("goes on with a recorded thread in its file, and knows of the settings that have changed", async () => {
    const place = await makePlace([says("One."), says("Two.")]);
    const first = await place.openHere();
    await first.runTurn(text("first"));
    await first.close();
    const file = first.file as string;
    const lineCount = fs.readFileSync(file, "utf8").split("\n").length;

    const { config } = await place.home.load({ flags: { sandboxMode: "read-only" } });
    const second = await place.openHere({ config, resume: await readRollout(file) });
    assert.deepEqual([second.id, second.file], [first.id, file]);
    await second.runTurn(text("second"));
    await second.close();
    const messages = place.inputOf(1).map(({ content }) => (content as { readonly text: string }[])[0]?.text);
    assert.deepEqual(messages.slice(1, 3), ["first", "One."]);
    assert.match(messages[3] ?? "", /<sandbox_mode>read-only<\/sandbox_mode>/);
    assert.doesNotMatch(messages[3] ?? "", /<cwd>/);
    assert.deepEqual(messages.slice(4), ["second"]);
    assert.ok(fs.readFileSync(file, "utf8").split("\n").length > lineCount);
    assert.deepEqual((await readRollout(file)).history.length, 6);
    await place.close();
  });

  test("refuses to go on with a thread that another one goes on with", async () => {
    const place = await makePlace([says("One.")]);
    const first = await place.openHere();
    await first.runTurn(text("first"));
    await assert.rejects(async () => place.openHere({ resume: await readRollout(first.file as string) }), {
      code: "SESSION_IN_USE",
    });
    await first.close();
    await place.close();
  });

  test("tells the model of AGENTS.md files before anything else, and records them", async () => {
    const place = await makePlace([says("One.")]);
    fs.writeFileSync(join(place.home.work, "AGENTS.md"), "Use tabs.\n");
    const thread = await place.openHere();
    await thread.runTurn(text("go"));
    await thread.close();
    assert.match(JSON.stringify(place.inputOf(0)[0]), /<user_instructions>.*Use tabs\./);
    assert.equal(place.inputOf(0).length, 3);
    assert.match((await readRollout(thread.file as string)).meta.instructions ?? "", /Use tabs\./);
    await place.close();
  });

  test("keeps nothing of an ephemeral thread", async () => {
    const place = await makePlace([says("One.")]);
    const thread = await place.openHere({ isEphemeral: true });
    await thread.runTurn(text("go"));
    await thread.close();
    assert.equal(thread.file, undefined);
    assert.ok(!fs.existsSync(join(place.home.path, "sessions")));
    await place.close();
  });

  test("kills what runs when it is interrupted, with its children", async () => {
    const seconds = `600.${process.pid}`;
    const command = `sleep ${seconds} & touch started; wait`;
    const place = await makePlace([calls(shellCall(command, "c1")), says("Done.")]);
    const thread = await place.openHere();
    const abort = new AbortController();
    const turn = thread.runTurn({ ...text("go"), signal: abort.signal });
    await waitFor(() => fs.existsSync(join(place.home.work, "started")), "the command");
    assert.ok(isRunning(["sleep", seconds]));
    abort.abort();
    assert.equal(await turn, "interrupted");
    await waitFor(() => !isRunning(["sleep", seconds]), "the end of the child");
    await thread.close();
    const { entries, history } = await readRollout(thread.file as string);
    assert.deepEqual(outputs(history), ["aborted"]);
    assert.deepEqual(entries.at(-1)?.payload, { type: "turn_aborted", reason: "interrupted" });
    await place.close();
  });

  test("tells the user's program of a turn that is complete, and warns where it cannot", async () => {
    const place = await makePlace([says("One.")]);
    const script = join(place.home.work, "notify.sh");
    const heard = join(place.home.work, "heard");
    fs.writeFileSync(
      script,
      `#!/bin/sh\nprintf '%s\\n' "$1" "$2" > ${heard}.tmp && mv ${heard}.tmp ${heard}\n`,
      {
        mode: 0o755,
      },
    );
    const { config } = await place.home.load({});
    const thread = await place.openHere({ config: { ...config, notify: [script, "extra"] } });
    await thread.runTurn(text("go"));
    await waitFor(() => fs.existsSync(heard), "the message");
    const [extra, message] = fs.readFileSync(heard, "utf8").split("\n");
    const started = place.events.find((event) => event.type === "turn.started");
    assert.equal(extra, "extra");
    assert.deepEqual(JSON.parse(message ?? ""), {
      type: "agent-turn-complete",
      "thread-id": thread.id,
      "turn-id": started?.turnId,
      cwd: place.home.work,
      "input-messages": ["go"],
      "last-assistant-message": "One.",
    });
    await thread.close();

    const other = await place.openHere({ config: { ...config, notify: ["/nowhere/notify"] } });
    assert.equal(await other.runTurn(text("go")), "completed");
    await waitFor(() => place.warnings.length > 0, "a warning");
    assert.deepEqual(place.warnings, ["notify cannot start /nowhere/notify: ENOENT"]);
    await other.close();
    await place.close();
  });
});

/** Whether a process with these arguments is there, in whatever namespace it lives. */
function isRunning(command: readonly string[]): boolean {
  const wanted = `${command.join("\0")}\0`;
  return fs.readdirSync("/proc").some((name) => {
    try {
      return fs.readFileSync(`/proc/${name}/cmdline`, "utf8") === wanted;
    } catch {
      return false; // no process, or one that has just ended
    }
  });
}
