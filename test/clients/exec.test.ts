// `codex exec` side by side with 0.50.0 and the same scripted upstream: what is asked of the service, what
// is printed, and the differences that docs/compatibility.md lists.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  breaksOff,
  fallsSilent,
  rateLimited,
  refuses,
  says,
  saysNothing,
  saysTwice,
  thinksAndSays,
} from "../mock/scenarios.ts";
import { type ScriptedRequest, type Step, startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { inFreshPlace, newest, ours, type Run, reference, runSubject, type Subject } from "./originals.ts";

interface Seen extends Run {
  readonly requests: readonly ScriptedRequest[];
  readonly home: string;
  readonly cwd: string;
}

async function exec(
  subject: Subject,
  steps: readonly Step[],
  args: readonly string[],
  table = "",
): Promise<Seen> {
  const upstream = await startScriptedUpstream(steps);
  try {
    return await inFreshPlace(async (place) => {
      const provider = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"${table}}`;
      const settings = ["-c", `model_providers.mock=${provider}`, "-c", "model_provider=mock"];
      const run = await runSubject(subject, {
        ...place,
        args: ["exec", "--skip-git-repo-check", ...settings, ...args],
        env: { TERM: "xterm" },
      });
      return { ...run, requests: [...upstream.requests], home: place.home, cwd: place.cwd };
    });
  } finally {
    await upstream.close();
  }
}

/** A run's output without what is different each time: ids, folders, the name of the program. */
function normalised(text: string, { cwd }: Seen): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID")
    .replaceAll(cwd, "CWD")
    .replace(/^(OpenAI )?Codex v.*$/m, "Codex VERSION")
    .replace(/\d+ hours? \d+ minutes?/g, "A WHILE");
}

const limit = {
  type: "usage_limit_reached",
  plan_type: "plus",
  resets_at: Math.floor(Date.now() / 1000) + 8_900,
};

const runs: readonly (readonly [title: string, steps: readonly Step[], table?: string])[] = [
  ["an answer with reasoning", [thinksAndSays("Hello.\nThere.")]],
  ["an answer of two messages", [saysTwice("First.", "Second.")]],
  ["an answer without a message", [saysNothing]],
  ["a stream that breaks off, a rate limit, an answer", [breaksOff, rateLimited, thinksAndSays("Third.")]],
  ["a 429 with Retry-After", [refuses(429, {}, { "retry-after": "1" }), says("ok")]],
  ["a stream that falls silent", [fallsSilent, says("ok")], ",stream_idle_timeout_ms=500"],
  ["a usage limit", [refuses(429, limit)]],
  ["a provider without its key", [says("never")], ',env_key="MOCK_KEY",env_key_instructions="Get one at x."'],
];

describe("codex exec beside 0.50.0", { skip: reference.skip }, () => {
  for (const [title, steps, table] of runs) {
    for (const form of [[], ["--json"]]) {
      test(`prints the same, ends the same and asks as often for ${title}${form.length > 0 ? ", as JSON" : ""}`, async () => {
        const [own, original] = await Promise.all(
          [ours, reference].map(async (subject) => {
            const seen = await exec(subject, steps, [...form, "Say hi"], table);
            return {
              code: seen.code,
              stdout: normalised(seen.stdout, seen),
              stderr: normalised(seen.stderr, seen),
              requests: seen.requests.length,
            };
          }),
        );
        assert.deepEqual(own, original);
      });
    }
  }

  test("sends the same body, but for its own instructions and the words of its tools", async () => {
    const cases: readonly (readonly string[])[] = [
      ["Say hi"],
      ["-m", "gpt-4.1", "Say hi"],
      ["-m", "gpt-5", "-c", "model_verbosity=low", "-c", "model_reasoning_effort=high", "Say hi"],
      ["-m", "o3", "-c", "model_reasoning_summary=detailed", "-s", "workspace-write", "Say hi"],
      ["--yolo", "Say hi"],
      ["--full-auto", "-c", 'sandbox_workspace_write.writable_roots=["/opt"]', "Say hi"],
    ];
    for (const args of cases) {
      const [own, original] = await Promise.all(
        [ours, reference].map(async (subject) => {
          const seen = await exec(subject, [says("ok")], args);
          const body = JSON.stringify({ ...seen.requests[0]?.body, instructions: "OWN", tools: [] });
          return normalised(body, seen);
        }),
      );
      assert.equal(own, original, args.join(" "));
    }
  });

  test("sends the same headers; its User-Agent has this program behind the original's", async () => {
    const headersOf = async (subject: Subject) => {
      const seen = await exec(
        subject,
        [says("ok")],
        ["Say hi"],
        ',http_headers={"X-A"="b"},experimental_bearer_token="t"',
      );
      const { host: _, connection: __, "content-length": ___, ...headers } = seen.requests[0]?.headers ?? {};
      const text = JSON.stringify(Object.fromEntries(Object.entries(headers).sort()));
      return normalised(text, seen);
    };
    const [own, original] = await Promise.all([headersOf(ours), headersOf(reference)]);
    assert.equal(own.replace(/ \(codex-responses-api-proxy [^)]+\)/, ""), original);
    assert.notEqual(own, original);
  });

  test("leaves the summary out where the original asks for one called none, as later versions do", async () => {
    const args = ["-c", "model_reasoning_summary=none", "Say hi"];
    const [own, original] = await Promise.all(
      [ours, reference].map((subject) => exec(subject, [says("ok")], args)),
    );
    assert.deepEqual(own?.requests[0]?.body.reasoning, {});
    assert.deepEqual(original?.requests[0]?.body.reasoning, { summary: "none" });
  });

  test("asks once where the original asks again in vain", async () => {
    const steps = [refuses(400, { message: "bad thing" })];
    const few = ",request_max_retries=0,stream_max_retries=1";
    const own = await exec(ours, steps, ["hi"], few);
    const original = await exec(reference, steps, ["hi"], few);
    assert.deepEqual([own.code, own.requests.length, original.code, original.requests.length], [1, 1, 1, 2]);
  });
});

describe("codex exec beside the newest", { skip: newest.skip }, () => {
  test("prints the same events as JSON, but for further counts of tokens", async () => {
    const [own, later] = await Promise.all(
      [ours, newest].map(async (subject) => {
        const seen = await exec(subject, [thinksAndSays("Hello.")], ["--json", "Say hi"]);
        assert.equal(seen.code, 0, seen.stderr);
        return normalised(seen.stdout, seen).replace(
          /,"(cache_write_input|reasoning_output)_tokens":\d+/g,
          "",
        );
      }),
    );
    assert.equal(own, later);
  });
});
