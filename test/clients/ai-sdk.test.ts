// `ai` with ai-sdk-provider-codex-cli in its exec mode, unchanged: text, streams, objects by a schema and
// tools, with our `codex` as its program.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { calls, shellCall } from "../mock/scenarios/calls.ts";
import { says } from "../mock/scenarios.ts";
import { type ScriptedUpstream, type Step, startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { installClient, skipUnless } from "./install.ts";
import { inFreshPlace, ours } from "./originals.ts";

interface Ai {
  generateText(request: object): Promise<{
    readonly text: string;
    readonly usage: Readonly<Record<string, unknown>>;
    readonly finishReason: string;
  }>;
  streamText(request: object): { readonly textStream: AsyncIterable<string> };
  generateObject(request: object): Promise<{ readonly object: unknown }>;
  jsonSchema(schema: object): unknown;
}

interface Provider {
  codexExec(model: string, settings: object): unknown;
}

const client = installClient("ai@7.0.173 ai-sdk-provider-codex-cli@2.2.1", { hasOptional: false });
interface Place {
  readonly ai: Ai;
  readonly upstream: ScriptedUpstream;
  readonly cwd: string;
  model(settings?: object): unknown;
}

async function withAi<Result>(
  steps: readonly Step[],
  work: (place: Place) => Promise<Result>,
): Promise<Result> {
  const folder = "folder" in client ? client.folder : "";
  const load = (name: string) => {
    return import(pathToFileURL(join(folder, "node_modules", name, "dist/index.js")).href);
  };
  const ai = (await load("ai")) as Ai;
  const { codexExec } = (await load("ai-sdk-provider-codex-cli")) as Provider;
  const upstream = await startScriptedUpstream(steps);
  try {
    return await inFreshPlace(({ home, cwd, tmp }) => {
      const model = (settings: object = {}) =>
        codexExec("gpt-5-codex", {
          ...{ codexPath: ours.command[0], cwd, skipGitRepoCheck: true, approvalMode: "never" },
          ...{ sandboxMode: "workspace-write", logger: false },
          env: {
            ...{ CODEX_HOME: home, HOME: home, TMPDIR: tmp, CODEX_API_KEY: "sk-ai" },
            OPENAI_BASE_URL: upstream.baseUrl,
          },
          ...settings,
        });
      return work({ ai, upstream, cwd, model });
    });
  } finally {
    await upstream.close();
  }
}

describe("ai with ai-sdk-provider-codex-cli", { skip: skipUnless(client) }, () => {
  test("generateText: the answer, the counts and why it ended", () =>
    withAi([says("Hello.")], async ({ ai, upstream, model }) => {
      const { text, usage, finishReason } = await ai.generateText({ model: model(), prompt: "Say hi" });
      assert.deepEqual(
        [text, usage.inputTokens, usage.outputTokens, finishReason],
        ["Hello.", 1200, 50, "stop"],
      );
      const [request] = upstream.requests;
      assert.deepEqual(
        [request?.headers.authorization, request?.body.model],
        ["Bearer sk-ai", "gpt-5-codex"],
      );
      assert.ok(JSON.stringify(request?.body.input).includes("Say hi"));
    }));

  test("streamText: commands run on the way, and the text is whole", () =>
    withAi(
      [calls(shellCall(["sh", "-c", "echo done > file"])), says("Done.")],
      async ({ ai, cwd, model }) => {
        let text = "";
        for await (const piece of ai.streamText({ model: model(), prompt: "Do it" }).textStream)
          text += piece;
        assert.deepEqual([text, fs.readFileSync(join(cwd, "file"), "utf8")], ["Done.", "done\n"]);
      },
    ));

  test("generateObject: the schema reaches the service, the object comes back", () =>
    withAi([says('{"ok":true}')], async ({ ai, upstream, model }) => {
      const schema = ai.jsonSchema({
        ...{ type: "object", properties: { ok: { type: "boolean" } } },
        ...{ required: ["ok"], additionalProperties: false },
      });
      const { object } = await ai.generateObject({ model: model(), schema, prompt: "Is it?" });
      assert.deepEqual(object, { ok: true });
      const { text } = upstream.requests[0]?.body ?? {};
      assert.equal((text as { readonly format?: { readonly type?: string } }).format?.type, "json_schema");
    }));

  test("a turn that fails is an error, with the status that the provider looks at", () =>
    withAi([{ status: 400, body: '{"error":{"message":"bad thing"}}' }], async ({ ai, model }) => {
      await assert.rejects(
        ai.generateText({ model: model(), prompt: "hi", maxRetries: 0 }),
        /Codex CLI exited with code 1/,
      );
    }));
});
