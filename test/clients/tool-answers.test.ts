// What the model reads of plans, pictures and patches, and what it is offered, beside 0.50.0 and the same
// scripted upstream.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { patchOf } from "../agent/apply-patch/cases/case.ts";
import {
  type CallItem,
  calls,
  functionCall,
  imageCall,
  patchCall,
  planCall,
} from "../mock/scenarios/calls.ts";
import { imageUrlsIn, redPixelPng } from "../mock/scenarios/images.ts";
import { says } from "../mock/scenarios.ts";
import { startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { inFreshPlace, ours, reference, runSubject, type Subject } from "./originals.ts";

interface Seen {
  readonly outputs: readonly string[];
  readonly pictures: readonly string[];
  /** names and parameters of what is offered */
  readonly tools: readonly unknown[];
  readonly files: Readonly<Record<string, string>>;
}

async function seenBy(
  subject: Subject,
  model: string,
  items: readonly CallItem[],
  flags: readonly string[] = [],
): Promise<Seen> {
  const upstream = await startScriptedUpstream([...items.map((item) => calls(item)), says("done")]);
  try {
    return await inFreshPlace(async (place) => {
      fs.writeFileSync(join(place.cwd, "a.png"), redPixelPng);
      fs.writeFileSync(join(place.cwd, "f.txt"), "one\ntwo\n");
      fs.mkdirSync(join(place.cwd, "sub"));
      const provider = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"}`;
      const settings = ["-c", `model_providers.mock=${provider}`, "-c", "model_provider=mock", "-m", model];
      const args = ["exec", "--full-auto", "--skip-git-repo-check", ...settings, ...flags, "go"];
      const run = await runSubject(subject, { ...place, args, env: { TERM: "xterm" } });
      assert.equal(run.code, 0, run.stderr);
      const { body } = upstream.requests.at(-1) ?? assert.fail("nothing was asked");
      const input = body.input as readonly { readonly type: string; readonly output?: unknown }[];
      const outputs = input.flatMap(({ type, output }) =>
        type.endsWith("_call_output") ? [normalised(String(output), place.cwd)] : [],
      );
      const names = ["f.txt", "g.txt", "h.txt", "new.txt", "sub/new.txt"];
      const files = Object.fromEntries(
        names
          .filter((name) => fs.existsSync(join(place.cwd, name)))
          .map((name) => [name, fs.readFileSync(join(place.cwd, name), "utf8")]),
      );
      return { outputs, pictures: imageUrlsIn(body), tools: shapes(body.tools), files };
    });
  } finally {
    await upstream.close();
  }
}

function normalised(text: string, cwd: string): string {
  return text
    .replaceAll(cwd, "CWD")
    .replace(/Wall time: [\d.]+ seconds/, "Wall time: N seconds")
    .replace(/"duration_seconds":\d+\.\d/, '"duration_seconds":N')
    .replace(/(failed to parse function arguments: .*) at line \d+ column \d+$/, "$1");
}

// The original offers tools for MCP servers where there are none; and its words are its own.
function shapes(tools: unknown): readonly unknown[] {
  return (tools as readonly { readonly name?: string }[])
    .filter(({ name }) => !/_mcp_resource/.test(name ?? ""))
    .map(withoutWords);
}

function withoutWords(schema: unknown): unknown {
  if (Array.isArray(schema) || typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([name, value]) => !["description", "definition"].includes(name) || typeof value !== "string")
      .map(([name, value]) => [name, withoutWords(value)]),
  );
}

const add = (path: string) => patchOf(`*** Add File: ${path}`, "+x");
const here = (patch: string) => ["bash", "-lc", `cd sub && apply_patch <<'EOF'\n${patch}\nEOF`];

const everywhere: readonly CallItem[] = [
  planCall([{ step: "a", status: "in_progress" }], "p1", "why"),
  functionCall("update_plan", { plan: [{ step: "a", status: "bad" }] }, "p2"),
  functionCall("update_plan", { plan: [{ step: "a" }] }, "p3"),
  functionCall("update_plan", { plan: [], x: 1 }, "p4"),
  functionCall("update_plan", { plan: [{ step: 1, status: "pending" }] }, "p5"),
  functionCall("update_plan", {}, "p6"),
  imageCall("a.png", "i1"),
  imageCall("none.png", "i2"),
  imageCall("/usr", "i3"),
  functionCall("shell", { command: ["apply_patch", add("g.txt")] }, "s1"),
  functionCall("shell", { command: here(add("new.txt")) }, "s2"),
  functionCall("shell", { command: ["apply_patch", "garbage"] }, "s3"),
  functionCall("shell", { command: [add("raw.txt")] }, "s4"),
  functionCall("shell", { command: ["apply_patch", add("/etc/new.txt")] }, "s5"),
];

const freeform: readonly CallItem[] = [
  patchCall(add("new.txt"), "c1"),
  patchCall(patchOf("*** Update File: f.txt", "*** Move to: h.txt", "@@", "-one", "+1"), "c2"),
  patchCall(patchOf("*** Update File: h.txt", "@@", "-zzz", "+1"), "c3"),
  patchCall(patchOf("*** Update File: none", "@@", "-zzz", "+1"), "c4"),
  patchCall(patchOf("*** Delete File: none"), "c5"),
  patchCall(patchOf("*** Frob: x"), "c6"),
  patchCall(patchOf(), "c7"),
  patchCall("", "c8"),
  patchCall(add("../out.txt"), "c9"),
  patchCall(patchOf("*** Delete File: new.txt"), "c10"),
  functionCall("apply_patch", { input: add("g.txt") }, "c11"),
];

describe("plans, pictures and patches, beside 0.50.0", { skip: reference.skip }, () => {
  const cases: readonly (readonly [model: string, items: readonly CallItem[], flags?: readonly string[]])[] =
    [
      ["gpt-5-codex", [...everywhere, ...freeform]],
      ["gpt-5", everywhere],
      ["gpt-5", [...freeform, ...everywhere.slice(-5)], ["--enable", "apply_patch_freeform"]],
      ["gpt-oss-20b", freeform.slice(-1)],
      ["codex-mini-latest", everywhere.slice(0, 9)],
      ["o3", everywhere, ["--enable", "web_search_request", "--disable", "view_image_tool"]],
    ];
  for (const [model, items, flags = []] of cases) {
    test(`are offered and answered alike with ${[model, ...flags].join(" ")}, and files are the same`, async () => {
      const own = await seenBy(ours, model, items, flags);
      assert.equal(own.outputs.length, items.length);
      assert.deepEqual(own, await seenBy(reference, model, items, flags));
    });
  }
});
