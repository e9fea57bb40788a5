// What a model may do in a session of `codex exec`, each as a script that any program can be played against.

import {
  breaksOff,
  calls,
  callsAtCost,
  completed,
  created,
  execCommandCall,
  functionCall,
  imageCall,
  itemEvents,
  localShellCall,
  messageEvents,
  patchCall,
  planCall,
  redPixelPng,
  says,
  saysAndCalls,
  searchItem,
  shellCall,
  summarizes,
  writeStdinCall,
} from "../mock/scenarios.ts";
import type { Play } from "./exec-chain.ts";

const go: Play["runs"] = [{ args: ["go"] }];
const mayWrite: Play["runs"] = [{ args: ["--full-auto", "go"] }];

function patch(...lines: readonly string[]): string {
  return ["*** Begin Patch", ...lines, "*** End Patch", ""].join("\n");
}

const addsFile = patch("*** Add File: new.txt", "+hello");

export const plays = {
  "a plan, a command that fails, a message": {
    script: [
      saysAndCalls(
        "Looking.",
        planCall(
          [
            { step: "look", status: "in_progress" },
            { step: "do", status: "pending" },
          ],
          "c1",
          "why",
        ),
      ),
      calls(shellCall("echo hi; exit 3", "c2")),
      calls(
        planCall(
          [
            { step: "look", status: "completed" },
            { step: "do", status: "completed" },
          ],
          "c3",
        ),
      ),
      says("Done."),
    ],
    runs: go,
  },
  "a command with much output": {
    script: [calls(shellCall(["seq", "1", "2000"], "c1")), says("ok")],
    runs: go,
  },
  "a command that takes too long": {
    script: [calls(shellCall("echo a; sleep 30", "c1", { timeout_ms: 500 })), says("ok")],
    runs: go,
  },
  "a command in a folder of its own": {
    script: [calls(shellCall("pwd; cat inner.txt", "c1", { workdir: "sub" })), says("ok")],
    files: { "sub/inner.txt": "inner\n" },
    runs: go,
  },
  "a command that is not there": {
    script: [calls(shellCall(["no-such-program-here"], "c1")), says("ok")],
    runs: go,
  },
  "a command that ends by a signal": {
    script: [calls(shellCall("echo before; kill -TERM $$", "c1")), says("ok")],
    runs: go,
  },
  "two calls in one answer": {
    script: [calls(shellCall("echo a", "c1"), shellCall("echo b", "c2")), says("ok")],
    runs: go,
  },
  "a command that the sandbox denies": {
    script: [calls(shellCall("touch x", "c1")), says("ok")],
    runs: go,
  },
  "a command that may write here but not elsewhere": {
    script: [
      calls(shellCall("echo inside > x; cat x", "c1")),
      calls(shellCall("echo outside > /usr/outside-of-the-sandbox", "c2")),
      says("ok"),
    ],
    runs: mayWrite,
  },
  "a wish to leave the sandbox": {
    script: [
      calls(shellCall("touch x", "c1", { with_escalated_permissions: true, justification: "needed" })),
      says("ok"),
    ],
    runs: go,
  },
  "calls that make no sense": {
    script: [
      calls(
        functionCall("no_such_tool", {}, "c1"),
        functionCall("shell", "{bad", "c2"),
        functionCall("update_plan", { x: 1 }, "c3"),
        shellCall([], "c4"),
      ),
      says("ok"),
    ],
    runs: go,
  },
  "a patch": {
    script: [
      calls(
        patchCall(
          patch(
            "*** Add File: new.txt",
            "+hello",
            "*** Update File: old.txt",
            "@@",
            "-a",
            "+b",
            "*** Delete File: gone.txt",
          ),
          "c1",
        ),
      ),
      says("ok"),
    ],
    files: { "old.txt": "a\n", "gone.txt": "x\n" },
    runs: mayWrite,
  },
  "a patch inside of a shell command": {
    script: [calls(shellCall(`apply_patch <<'EOF'\n${addsFile}EOF`, "c1")), says("ok")],
    runs: mayWrite,
  },
  "a patch as a function": {
    script: [calls(functionCall("apply_patch", { input: addsFile }, "c1")), says("ok")],
    model: "gpt-oss-120b",
    runs: mayWrite,
  },
  "a patch that does not fit": {
    script: [
      calls(patchCall(patch("*** Update File: none.txt", "@@", "-a", "+b"), "c1")),
      calls(patchCall(patch("*** Update File: old.txt", "@@", "-x", "+b"), "c2")),
      says("ok"),
    ],
    files: { "old.txt": "a\n" },
    runs: mayWrite,
  },
  "a patch of a file elsewhere": {
    script: [calls(patchCall(patch("*** Add File: /usr/outside.txt", "+b"), "c1")), says("ok")],
    runs: mayWrite,
  },
  "a patch where nothing may be written": {
    script: [calls(patchCall(addsFile, "c1")), says("ok")],
    runs: go,
  },
  "pictures, one of them missing": {
    script: [calls(imageCall("pixel.png", "c1"), imageCall("none.png", "c2")), says("ok")],
    files: { "pixel.png": redPixelPng },
    runs: go,
  },
  "a shell call in the form of codex-mini": {
    script: [calls(localShellCall(["echo", "hi"], "c1")), says("ok")],
    model: "codex-mini-latest",
    runs: go,
  },
  "a command for gpt-5": {
    script: [calls(shellCall("echo hi", "c1")), says("ok")],
    model: "gpt-5",
    runs: go,
  },
  "a command for a model that nobody knows": {
    script: [calls(shellCall("echo hi", "c1")), says("ok")],
    model: "some-model",
    runs: go,
  },
  "a search by the service": {
    script: [
      {
        events: [created, ...itemEvents(searchItem("query")), ...messageEvents("found"), completed()],
      },
    ],
    runs: [{ args: ["-c", "features.web_search_request=true", "go"] }],
  },
  terminals: {
    script: [
      // 0.50.0 tells by chance whether a command that ends at once has ended, and what it wrote last
      calls(execCommandCall("printf hi; sleep 30", "c1", { yield_time_ms: 1000 })),
      calls(execCommandCall("read x; echo got $x", "c2", { yield_time_ms: 300 })),
      calls(writeStdinCall(99, "abc\n", "c3")),
      says("ok"),
    ],
    runs: [{ args: ["--yolo", "-c", "features.unified_exec=true", "go"] }],
  },
  "instructions of the user and of the project": {
    script: [says("ok")],
    files: { "AGENTS.md": "Be nice.\n" },
    homeFiles: { "AGENTS.md": "Global." },
    runs: go,
  },
  "reasoning, where people are to see none of it or all": {
    script: [
      {
        events: [
          created,
          ...itemEvents({
            type: "reasoning",
            id: "rs_1",
            summary: [{ type: "summary_text", text: "in short" }],
            content: [{ type: "reasoning_text", text: "at length" }],
            encrypted_content: "c2VjcmV0",
          }),
          ...messageEvents("ok"),
          completed(),
        ],
      },
    ],
    runs: [
      { args: ["-c", "hide_agent_reasoning=true", "go"] },
      { args: ["-c", "show_raw_agent_reasoning=true", "go"] },
    ],
  },
  "an answer that breaks off behind a command": {
    script: [calls(shellCall("echo a", "c1")), breaksOff, says("ok")],
    runs: go,
  },
  "a history that grows too long before a command's answer": {
    script: summarizes("SUMMARY", [
      callsAtCost({ input: 250_000, output: 10 }, shellCall("echo a", "c1")),
      says("ok"),
    ]),
    runs: go,
  },
  "a history that grows too long with a message": {
    script: summarizes("SUMMARY", [says("big", { input: 250_000, output: 10 }), says("ok")]),
    runs: go,
  },
  "a session that is resumed by its id": {
    script: [calls(shellCall("echo a", "c1")), says("one"), says("two")],
    runs: [{ args: ["first"] }, { args: (id) => ["resume", id, "second"] }],
  },
  "the last session, resumed": {
    script: [says("one"), says("two")],
    runs: [{ args: ["first"] }, { args: ["second", "resume", "--last"] }],
  },
} satisfies Readonly<Record<string, Play>>;
