// @openai/codex-sdk with `codexPathOverride`, unchanged: what programs built on it do with ours, and the
// same beside the original.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { calls, patchCall, planCall, saysAndCalls, searchItem, shellCall } from "../mock/scenarios/calls.ts";
import { redPixelPng } from "../mock/scenarios/images.ts";
import { says, thinksAndSays } from "../mock/scenarios.ts";
import { type ScriptedUpstream, type Step, startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { installClient, skipUnless } from "./install.ts";
import { inFreshPlace, ours, reference, type Subject } from "./originals.ts";

type Item = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;
type Input = string | readonly ({ type: "text"; text: string } | { type: "local_image"; path: string })[];

interface Turn {
  readonly items: readonly Item[];
  readonly finalResponse: string;
  readonly usage: Readonly<Record<string, number>> | null;
}

interface TurnOptions {
  readonly outputSchema?: unknown;
  readonly signal?: AbortSignal;
}

interface SdkThread {
  readonly id: string | null;
  run(input: Input, options?: TurnOptions): Promise<Turn>;
  runStreamed(
    input: Input,
    options?: TurnOptions,
  ): Promise<{ readonly events: AsyncIterable<{ readonly type: string; readonly item?: Item }> }>;
}

interface Sdk {
  startThread(options?: object): SdkThread;
  resumeThread(id: string, options?: object): SdkThread;
}

interface Place {
  readonly home: string;
  readonly cwd: string;
  readonly upstream: ScriptedUpstream;
  readonly codex: Sdk;
}

/** Work with the SDK of a release, a program of its own choice, and a scripted service. */
async function withSdk<Result>(
  folder: string,
  subject: Subject,
  steps: readonly Step[],
  work: (place: Place) => Promise<Result>,
): Promise<Result> {
  const entry = join(folder, "node_modules/@openai/codex-sdk/dist/index.js");
  const { Codex } = (await import(pathToFileURL(entry).href)) as { Codex: new (options: object) => Sdk };
  const upstream = await startScriptedUpstream(steps);
  try {
    return await inFreshPlace(({ home, cwd, tmp }) => {
      const codex = new Codex({
        codexPathOverride: executable(subject, home),
        baseUrl: upstream.baseUrl,
        apiKey: "sk-sdk",
        env: {
          PATH: process.env.PATH,
          HOME: home,
          CODEX_HOME: home,
          TMPDIR: tmp,
          OPENAI_BASE_URL: upstream.baseUrl,
        },
      });
      return work({ home, cwd, upstream, codex });
    });
  } finally {
    await upstream.close();
  }
}

/** One file that the SDK can start. */
function executable({ command }: Subject, home: string): string {
  if (command.length === 1) return command[0] as string;
  const file = join(home, "original");
  const words = command.map((word) => `'${word}'`).join(" ");
  fs.writeFileSync(file, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return file;
}

/** The user's messages of a request, each as its parts; what the program adds is left out. */
function askedIn(upstream: ScriptedUpstream, request: number): unknown[] {
  const input = upstream.requests[request]?.body.input as readonly {
    readonly role?: string;
    readonly content: readonly { readonly text?: string }[];
  }[];
  return input
    .filter(({ role, content }) => role === "user" && content[0]?.text?.startsWith("<") !== true)
    .map(({ content }) => content);
}

const text = (words: string) => ({ type: "input_text", text: words });

const patch = "*** Begin Patch\n*** Add File: new.txt\n+one\n*** End Patch";
const work: readonly Step[] = [
  thinksAndSays("I look."),
  saysAndCalls("I plan.", planCall([{ step: "look", status: "in_progress" }], "p1")),
];

for (const version of ["0.163.0", "0.47.0"]) {
  const client = installClient(`@openai/codex-sdk@${version}`, { hasOptional: false });
  const folder = "folder" in client ? client.folder : "";

  describe(`@openai/codex-sdk ${version}`, { skip: skipUnless(client) }, () => {
    const options = (cwd: string) => ({ workingDirectory: cwd, skipGitRepoCheck: true });

    test("run: the answer, the items and the counts; by the key that it was given", () =>
      withSdk(folder, ours, [thinksAndSays("Hello.")], async ({ cwd, upstream, codex }) => {
        const thread = codex.startThread({ ...options(cwd), model: "gpt-5", sandboxMode: "read-only" });
        const turn = await thread.run("Say hi");
        assert.deepEqual(turn, {
          items: [
            { id: "item_0", type: "reasoning", text: "**Thinking**\n\nabout it" },
            { id: "item_1", type: "agent_message", text: "Hello." },
          ],
          finalResponse: "Hello.",
          // The newer SDK adds what no program of its release tells it.
          usage: {
            ...{ input_tokens: 1200, cached_input_tokens: 100, output_tokens: 50 },
            ...(version !== "0.47.0" && { cache_write_input_tokens: 0 }),
          },
        });
        assert.match(String(thread.id), /^[0-9a-f-]{36}$/);
        const { headers, body } = upstream.requests[0] ?? {};
        assert.deepEqual(
          [headers?.authorization, headers?.originator, body?.model, askedIn(upstream, 0)],
          ["Bearer sk-sdk", "codex_sdk_ts", "gpt-5", [[text("Say hi")]]],
        );
      }));

    test("runStreamed: commands, patches, plans and searches as they come; the work is done", () =>
      withSdk(
        folder,
        ours,
        [
          saysAndCalls("I plan.", planCall([{ step: "look", status: "in_progress" }], "1")),
          calls(shellCall(["sh", "-c", "cat a.txt; exit 3"], "2")),
          calls(patchCall(patch, "3")),
          calls(searchItem("cats"), planCall([{ step: "look", status: "completed" }], "4")),
          says("Done."),
        ],
        async ({ cwd, codex }) => {
          fs.writeFileSync(join(cwd, "a.txt"), "text\n");
          const thread = codex.startThread({ ...options(cwd), sandboxMode: "workspace-write" });
          const seen: string[] = [];
          const items = new Map<string, Item>();
          const { events } = await thread.runStreamed("Work");
          for await (const { type, item } of events) {
            seen.push(item === undefined ? type : `${type} ${item.type}`);
            if (item !== undefined) items.set(item.type, item);
          }
          assert.deepEqual(
            seen.filter((line) => !line.includes("web_search")),
            [
              "thread.started",
              "turn.started",
              "item.completed reasoning",
              "item.completed agent_message",
              "item.started todo_list",
              "item.started command_execution",
              "item.completed command_execution",
              "item.completed file_change",
              "item.updated todo_list",
              "item.completed agent_message",
              "item.completed todo_list",
              "turn.completed",
            ],
          );
          assert.deepEqual([...items.values()].map(({ id: _, ...item }) => item).toSorted(byType), [
            { type: "agent_message", text: "Done." },
            {
              type: "command_execution",
              command: "sh -c 'cat a.txt; exit 3'",
              aggregated_output: "text\n",
              exit_code: 3,
              status: "failed",
            },
            {
              type: "file_change",
              changes: [{ path: join(fs.realpathSync(cwd), "new.txt"), kind: "add" }],
              status: "completed",
            },
            { type: "reasoning", text: "**Thinking**\n\nabout it" },
            { type: "todo_list", items: [{ text: "look", completed: true }] },
            { type: "web_search", query: "cats" },
          ]);
          assert.equal(fs.readFileSync(join(cwd, "new.txt"), "utf8"), "one\n");
        },
      ));

    test("a thread goes on in further runs, and after resumeThread in another program", () =>
      withSdk(
        folder,
        ours,
        [says("One."), says("Two."), says("Three.")],
        async ({ cwd, upstream, codex }) => {
          const thread = codex.startThread(options(cwd));
          await thread.run("first");
          await thread.run("second");
          const again = codex.resumeThread(String(thread.id), options(cwd));
          const { finalResponse } = await again.run("third");
          assert.deepEqual([finalResponse, again.id], ["Three.", thread.id]);
          assert.deepEqual(askedIn(upstream, 2), [[text("first")], [text("second")], [text("third")]]);
        },
      ));

    test("outputSchema reaches the service, and its file is gone afterwards", () =>
      withSdk(folder, ours, [says('{"ok":true}')], async ({ cwd, upstream, codex }) => {
        const schema = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] };
        const { finalResponse } = await codex.startThread(options(cwd)).run("hi", { outputSchema: schema });
        assert.equal(finalResponse, '{"ok":true}');
        assert.deepEqual(upstream.requests[0]?.body.text, {
          format: { type: "json_schema", strict: true, schema, name: "codex_output_schema" },
        });
      }));

    const knowsAbort = version !== "0.47.0";
    test("abort ends the run, and the command that ran", { skip: !knowsAbort }, () =>
      withSdk(
        folder,
        ours,
        [calls(shellCall(["sh", "-c", "echo $$ > pid; exec sleep 60"], "1"))],
        async (place) => {
          const { cwd, codex } = place;
          const abort = new AbortController();
          const thread = codex.startThread({ ...options(cwd), sandboxMode: "danger-full-access" });
          const { events } = await thread.runStreamed("hi", { signal: abort.signal });
          const pidFile = join(cwd, "pid");
          await assert.rejects(
            async () => {
              for await (const { type } of events) {
                if (type !== "item.started") continue;
                await until(() => fs.existsSync(pidFile) && fs.readFileSync(pidFile, "utf8") !== "");
                abort.abort();
              }
            },
            { name: "AbortError" },
          );
          const pid = Number(fs.readFileSync(pidFile, "utf8"));
          await until(() => !isRunning(pid));
        },
      ),
    );

    test("a turn that fails is thrown, with the reason", () =>
      withSdk(folder, ours, [{ status: 400, body: '{"error":{"message":"bad thing"}}' }], async (place) => {
        const run = place.codex.startThread(options(place.cwd)).run("hi");
        await assert.rejects(run, /unexpected status 400 Bad Request: bad thing/);
      }));
  });

  describe(`@openai/codex-sdk ${version} beside 0.50.0`, {
    skip: skipUnless(client) || reference.skip,
  }, () => {
    test("the same turn has the same items, answers and counts", async () => {
      const turns = await Promise.all(
        [ours, reference].map((subject) =>
          withSdk(
            folder,
            subject,
            [...work, calls(shellCall(["sh", "-c", "echo hi"], "2")), says("Done.")],
            ({ cwd, codex }) =>
              codex
                .startThread({
                  workingDirectory: cwd,
                  skipGitRepoCheck: true,
                  sandboxMode: "danger-full-access",
                })
                .run("hi"),
          ),
        ),
      );
      assert.deepEqual(turns[0], turns[1]);
    });
  });
}

const newer = installClient("@openai/codex-sdk@0.163.0", { hasOptional: false });

test(
  "pictures, further directories and settings of the SDK reach the session",
  {
    skip: skipUnless(newer),
  },
  () =>
    withSdk(
      "folder" in newer ? newer.folder : "",
      ours,
      [says("Done.")],
      async ({ home, cwd, upstream, codex }) => {
        const beside = join(home, "beside");
        fs.mkdirSync(beside);
        fs.writeFileSync(join(cwd, "a.png"), redPixelPng);
        const thread = codex.startThread({
          ...{ workingDirectory: cwd, skipGitRepoCheck: true, sandboxMode: "workspace-write" },
          ...{ additionalDirectories: [beside], modelReasoningEffort: "low", networkAccessEnabled: true },
          ...{ webSearchMode: "disabled", approvalPolicy: "never", threadSource: "sdk-test" },
        });
        const input: Input = [
          { type: "text", text: "What is it?" },
          { type: "local_image", path: join(cwd, "a.png") },
        ];
        const { finalResponse } = await thread.run(input);
        const again = codex.resumeThread(String(thread.id), {
          workingDirectory: cwd,
          skipGitRepoCheck: true,
        });
        await again.run(input);
        const image = {
          type: "input_image",
          image_url: `data:image/png;base64,${redPixelPng.toString("base64")}`,
        };
        const question = [image, text("What is it?")];
        assert.equal(finalResponse, "Done.");
        assert.deepEqual(askedIn(upstream, 1), [question, question]);
        const context = JSON.stringify(upstream.requests[0]?.body.input);
        assert.ok(context.includes(`<root>${fs.realpathSync(beside)}</root>`), context);
        assert.ok(context.includes("<network_access>enabled</network_access>"), context);
      },
    ),
);

function byType(one: { readonly type: string }, other: { readonly type: string }): number {
  return one.type < other.type ? -1 : 1;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !/\nState:\tZ/.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
