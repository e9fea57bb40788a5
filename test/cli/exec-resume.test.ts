// `codex exec resume`: which session goes on, with which prompt, and where it is kept.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { says } from "../mock/scenarios.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { type CodexResult, launcher, makeFolder, runCodex } from "./codex-process.ts";

let folder: string;
let upstream: ScriptedUpstream;

before(async () => {
  folder = makeFolder();
  upstream = await startScriptedUpstream([says("Answer.")]);
});
after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

interface Place {
  readonly home: string;
  readonly cwd: string;
}

function freshPlace(): Place {
  const home = fs.mkdtempSync(join(folder, "home-"));
  return { home, cwd: fs.mkdtempSync(join(folder, "work-")) };
}

interface Seen extends CodexResult {
  /** of thread.started */
  readonly id: string;
  /** texts of the user's messages in the last request, without what the program adds */
  readonly asked: readonly string[];
}

async function exec({ home, cwd }: Place, args: readonly string[], input = ""): Promise<Seen> {
  const table = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"}`;
  const settings = ["-c", `model_providers.mock=${table}`, "-c", "model_provider=mock"];
  const result = await runCodex({
    args: ["exec", "--json", "--skip-git-repo-check", ...settings, ...args],
    ...{ cwd, input, environment: { CODEX_HOME: home } },
  });
  const first = result.stdout.split("\n")[0] ?? "";
  const messages = upstream.requests.at(-1)?.body.input as
    | readonly { readonly role?: string; readonly content?: readonly { readonly text?: string }[] }[]
    | undefined;
  const asked = (messages ?? [])
    .filter(({ role }) => role === "user")
    .map(({ content }) => content?.at(-1)?.text ?? "")
    .filter((text) => !text.startsWith("<"));
  return { ...result, id: first === "" ? "" : JSON.parse(first).thread_id, asked };
}

function rollouts({ home }: Place): string[] {
  return fs
    .readdirSync(join(home, "sessions"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl"));
}

describe("codex exec resume", () => {
  test("goes on with a session by its id: same id, same file, the whole history", async () => {
    const place = freshPlace();
    const first = await exec(place, ["one"]);
    const second = await exec(place, ["resume", first.id, "two"]);
    assert.deepEqual(
      [second.code, second.stderr, second.id, second.asked],
      [0, "", first.id, ["one", "two"]],
    );
    const files = rollouts(place);
    assert.equal(files.length, 1);
    assert.ok(files[0]?.includes(first.id));
  });

  test("takes its prompt from behind --last, from stdin, or from in front of resume", async () => {
    const place = freshPlace();
    const { id } = await exec(place, ["one"]);
    const calls: readonly (readonly [args: readonly string[], input: string])[] = [
      [["resume", "--last", "two"], ""],
      [["resume", "--last"], "three"],
      [["resume", "--last", "-"], "four"],
      [["resume", id], "five"],
      [["six", "resume", "--last"], ""],
      [["lost", "resume", id, "seven"], ""],
      [["resume", "--last", "--", "-eight"], ""],
    ];
    let last: Seen | undefined;
    for (const [args, input] of calls) {
      last = await exec(place, args, input);
      assert.deepEqual([last.code, last.id], [0, id], last.stderr);
    }
    assert.deepEqual(last?.asked, ["one", "two", "three", "four", "five", "six", "seven", "-eight"]);
  });

  test("--last is the last session of this folder, and with --all that of any", async () => {
    const here = freshPlace();
    const there = { ...here, cwd: fs.mkdtempSync(join(folder, "work-")) };
    const first = await exec(here, ["here"]);
    const second = await exec(there, ["there"]);
    const resumed = [
      await exec(here, ["resume", "--last", "more"]),
      await exec(there, ["resume", "--last", "more"]),
      await exec(here, ["resume", "--last", "--all", "more"]),
      await exec(here, ["-C", there.cwd, "resume", "--last", "more"]),
    ];
    assert.deepEqual(
      resumed.map(({ id }) => id),
      [first.id, second.id, second.id, second.id],
    );
  });

  test("begins a new session, and says so, where there is none to go on with", async () => {
    const place = freshPlace();
    const last = await exec(place, ["resume", "--last", "hi"]);
    const none = await exec(place, ["resume"], "hi");
    assert.deepEqual(
      [last.code, last.stderr, none.code, none.stderr],
      [
        0,
        `warning: there is no session that began in ${place.cwd} to go on with: a new one begins\n`,
        0,
        "Reading prompt from stdin...\n" +
          "warning: neither a session nor --last was named: a new session begins\n",
      ],
    );
    assert.equal(new Set([last.id, none.id, ""]).size, 3);
  });

  test("refuses an id that nobody knows, and asks no model", async () => {
    const place = freshPlace();
    const before = upstream.requests.length;
    const unknown = "01a204be-0000-7a51-bc11-43105d117609";
    const { code, stdout, stderr } = await exec(place, ["resume", unknown, "hi"]);
    assert.deepEqual(
      [code, stdout, stderr, upstream.requests.length],
      [
        1,
        "",
        `Error: No saved session found with ID ${unknown}\n` +
          "hint: codex exec resume --last PROMPT goes on with the last one of this folder\n",
        before,
      ],
    );
  });

  test("refuses a session that is archived, and says how to bring it back", async () => {
    const place = freshPlace();
    const { id } = await exec(place, ["one"]);
    await runCodex({ args: ["archive", id], environment: { CODEX_HOME: place.home } });
    const { code, stderr } = await exec(place, ["resume", id, "hi"]);
    assert.deepEqual(
      [code, stderr],
      [1, `Error: session ${id} is archived. Run \`codex unarchive ${id}\` to unarchive it first.\n`],
    );
  });

  test("is what a terminal is told of at the end, unless nothing could be kept", async () => {
    const place = freshPlace();
    const told = async () => {
      const table = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"}`;
      const settings = `-c 'model_providers.mock=${table}' -c model_provider=mock`;
      const bin = join(place.home, "codex");
      if (!fs.existsSync(bin)) fs.symlinkSync(launcher, bin);
      const child = spawn(
        "script",
        ["-qec", `${bin} exec --skip-git-repo-check ${settings} hi`, "/dev/null"],
        {
          ...{ cwd: place.cwd, stdio: ["ignore", "pipe", "inherit"] },
          env: { PATH: process.env.PATH, CODEX_HOME: place.home, TERM: "dumb" },
        },
      );
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
      });
      await once(child, "close");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
      const text = output.replaceAll(/\x1b\[[\d;]*m/g, "");
      const id = /session id: (\S+)/.exec(text)?.[1];
      assert.ok(id !== undefined && text.includes("Answer."), text);
      return text.includes(`codex exec resume ${id}`);
    };
    const whenKept = await told();
    fs.rmSync(join(place.home, "sessions"), { recursive: true });
    fs.writeFileSync(join(place.home, "sessions"), "in the way");
    assert.deepEqual([whenKept, await told()], [true, false]);
  });

  test("--last leaves room for a prompt alone", async () => {
    const { code, stderr } = await exec(freshPlace(), ["resume", "--last", "id", "prompt"]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: the argument '--last' cannot be used with '\[SESSION_ID\]'\n/);
  });

  test("options before resume count, those behind it win, and pictures add up", async () => {
    const place = freshPlace();
    const png = Buffer.from("89504e470d0a1a0a", "hex");
    fs.writeFileSync(join(place.cwd, "a.png"), png);
    const { id } = await exec(place, ["one"]);
    const file = join(place.home, "last.txt");
    const unused = join(place.home, "unused.txt");
    const options = ["-i", "a.png", "-m", "gpt-5", "-s", "workspace-write", "-o", unused];
    await exec(place, [...options, "resume", id, "-m", "o3", "-o", file, "--image", "a.png", "two"]);
    const { body } = upstream.requests.at(-1) ?? {};
    const input = body?.input as readonly { readonly content: readonly { readonly type: string }[] }[];
    assert.deepEqual(
      [body?.model, fs.readFileSync(file, "utf8"), fs.existsSync(unused)],
      ["o3", "Answer.", false],
    );
    assert.deepEqual(
      input.at(-1)?.content.map(({ type }) => type),
      ["input_image", "input_image", "input_text"],
    );
  });

  test("--ephemeral keeps nothing", async () => {
    const place = freshPlace();
    const { code } = await exec(place, ["--ephemeral", "one"]);
    assert.deepEqual([code, fs.existsSync(join(place.home, "sessions"))], [0, false]);
  });
});
