// Configuration, side by side with the originals: messages of what is wrong, and what wins over what.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  type Case,
  inFreshPlace,
  newest,
  ours,
  reference,
  runSubject,
  type Subject,
  sideBySide,
} from "./originals.ts";

/** The newest tells mistakes in a form of its own, which ours has the place of besides the older words. */
const otherWords = "it has other words";

function refuses(title: string, config: string, stderr: RegExp, args: readonly string[] = []): Case {
  return {
    title: `${title}: ${JSON.stringify(config)} ${args.join(" ")}`,
    args: ["features", "list", ...args],
    config,
    expect: { code: 1, stdout: "", stderr },
    differs: { newest: otherWords },
  };
}

const mistakes: readonly Case[] = [
  refuses(
    "shows the place of a syntax error",
    "model = \n",
    /^Error: TOML parse error at line 1, column 9\n {2}\|\n1 \| model = \n {2}\| {9}\^\n/,
  ),
  refuses(
    "shows the line of a key that is there twice",
    'model="a"\nmodel="b"\n',
    /^Error: TOML parse error at line 2, column 1\n {2}\|\n2 \| model="b"\n {2}\| \^/,
  ),
  refuses(
    "names type and key",
    "model = 3\n",
    /^Error: invalid type: integer `3`, expected a string\nin `model`\n/,
  ),
  refuses(
    "names the choices",
    'approval_policy = "bogus"\n',
    /^Error: unknown variant `bogus`, expected one of `untrusted`, `on-failure`, `on-request`, `never`\nin `approval_policy`\n/,
  ),
  refuses(
    "names two choices without a list",
    '[history]\npersistence = "x"\n',
    /^Error: unknown variant `x`, expected `save-all` or `none`\nin `history\.persistence`\n/,
  ),
  refuses(
    "names a boolean",
    'hide_agent_reasoning="yes"\n',
    /^Error: invalid type: string "yes", expected a boolean\nin `hide_agent_reasoning`\n/,
  ),
  refuses(
    "names a list",
    'notify="x"\n',
    /^Error: invalid type: string "x", expected a sequence\nin `notify`\n/,
  ),
  refuses(
    "names the list of a wrong element",
    'notify=["x",3]\n',
    /^Error: invalid type: integer `3`, expected a string\nin `notify`\n/,
  ),
  refuses("names a map", "model={a=1}\n", /^Error: invalid type: map, expected a string\nin `model`\n/),
  refuses(
    "names a sequence",
    'model=["a"]\n',
    /^Error: invalid type: sequence, expected a string\nin `model`\n/,
  ),
  refuses(
    "names a float",
    "model_context_window=1.5\n",
    /^Error: invalid type: floating point `1\.5`, expected i64\nin `model_context_window`\n/,
  ),
  refuses(
    "names a negative size",
    "project_doc_max_bytes=-1\n",
    /^Error: invalid value: integer `-1`, expected usize\nin `project_doc_max_bytes`\n/,
  ),
  refuses(
    "names a table",
    "[projects]\nx=1\n",
    /^Error: invalid type: integer `1`, expected struct ProjectConfig\nin `projects\.x`\n/,
  ),
  refuses(
    "names a table of features",
    "features=[1]\n",
    /^Error: invalid type: sequence, expected struct FeaturesToml\nin `features`\n/,
  ),
  refuses(
    "names a feature's table",
    '[features]\nunified_exec="x"\n',
    /^Error: invalid type: string "x", expected a boolean\nin `features`\n/,
  ),
  refuses(
    "misses the name of a provider",
    '[model_providers.x]\nbase_url="a"\n',
    /^Error: missing field `name`\nin `model_providers\.x`\n/,
  ),
  refuses(
    "refuses a transport of two kinds",
    '[mcp_servers.x]\ncommand="x"\nurl="http://a"\n',
    /^Error: url is not supported for stdio\nin `mcp_servers\.x`\n/,
  ),
  refuses(
    "refuses arguments of an address",
    '[mcp_servers.x]\nurl="http://a"\nargs=["x"]\n',
    /^Error: args is not supported for streamable_http\nin `mcp_servers\.x`\n/,
  ),
  refuses(
    "refuses a bearer token",
    '[mcp_servers.x]\nurl="http://a"\nbearer_token="x"\n',
    /^Error: bearer_token is not supported for streamable_http\nin `mcp_servers\.x`\n/,
  ),
  refuses(
    "refuses a server of no kind",
    "[mcp_servers.x]\n",
    /^Error: invalid transport\nin `mcp_servers\.x`\n/,
  ),
  refuses("checks -c as the file", "", /^Error: invalid type: integer `3`, expected a string\nin `model`\n/, [
    "-c",
    "model=3",
  ]),
  refuses("refuses -c without an equals sign", "", /^Error: Invalid override \(missing '='\): foo\n/, [
    "-c",
    "foo",
  ]),
  refuses("refuses -c without a key", "", /^Error: Empty key in override: =x\n/, ["-c", "=x"]),
  refuses("does not know the profile", "", /^Error: config profile `nope` not found\n/, [
    "-c",
    "profile=nope",
  ]),
  refuses("does not know the provider", "", /^Error: Model provider `nope` not found\n/, [
    "-c",
    "model_provider=nope",
  ]),
  {
    title: "CODEX_HOME that does not exist is an error",
    args: ["features", "list"],
    env: { CODEX_HOME: "/nonexistent/home" },
    expect: { code: 1, stdout: "", stderr: /No such file or directory \(os error 2\)/ },
    differs: { newest: otherWords },
  },
  {
    title: "unknown keys end nothing",
    args: ["features", "list"],
    config: 'modle = "x"\n[nonsense]\ny = 1\n',
    expect: { code: 0 },
  },
];

sideBySide("configuration that is wrong", mistakes);

interface Precedence {
  readonly title: string;
  readonly args: readonly string[];
  readonly config?: string;
  /** what the header of `codex exec` says, and `config show --json` of ours */
  readonly expect: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

// Nothing listens there, and nothing is tried twice.
const provider = `
[model_providers.mock]
name = "mock"
base_url = "http://127.0.0.1:9/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`;
const profiles = `
model = "root"
model_provider = "mock"
[profiles.p1]
model = "o3"
`;

const precedences: readonly Precedence[] = [
  { title: "root keys of the file hold", args: [], expect: { model: "root", sandbox: "read-only" } },
  {
    title: "a profile wins over the root",
    args: ["-p", "p1"],
    expect: { model: "o3" },
  },
  {
    title: "a profile wins over -c of the root key",
    args: ["-p", "p1", "-c", "model=gpt-5"],
    expect: { model: "o3" },
  },
  {
    title: "-c edits a profile by its path",
    args: ["-p", "p1", "-c", "profiles.p1.model_reasoning_effort=low", "-c", "profiles.p1.model=gpt-5"],
    expect: { model: "gpt-5", "reasoning effort": "low" },
  },
  { title: "-m wins over the profile", args: ["-p", "p1", "-m", "gpt-5"], expect: { model: "gpt-5" } },
  { title: "-m wins over -c", args: ["-m", "a", "-c", "model=b"], expect: { model: "a" } },
  { title: "-c selects a profile", args: ["-c", "profile=p1"], expect: { model: "o3" } },
  {
    title: "-p wins over -c profile",
    args: ["-p", "p1", "-c", "profile=p2", "-c", "profiles.p2.model=x"],
    expect: { model: "o3" },
  },
  { title: "the last -c wins", args: ["-c", "model=a", "-c", "model=b"], expect: { model: "b" } },
  { title: "a literal string keeps what is in it", args: ["-c", "model='\"o3'"], expect: { model: '"o3' } },
  { title: "quotes that do not match are taken off", args: ["-c", "model='\"o3"], expect: { model: "o3" } },
  { title: "a lone quote is taken off", args: ["-c", 'model="o3'], expect: { model: "o3" } },
  { title: "the first equals sign splits", args: ["-c", "model=a=b"], expect: { model: "a=b" } },
  { title: "spaces around are none", args: ["-c", " model = o3 "], expect: { model: "o3" } },
  {
    title: "-s wins over the profile",
    args: ["-p", "p1", "-s", "workspace-write"],
    expect: { model: "o3", sandbox: "workspace-write" },
  },
  {
    title: "--full-auto wins over -s",
    args: ["--full-auto", "-s", "read-only"],
    expect: { sandbox: "workspace-write" },
  },
  {
    title: "-c makes tables that are missing",
    args: ["-c", "profile=n", "-c", "profiles.n.model=made"],
    expect: { model: "made" },
  },
  {
    title: "a trusted folder may be written to",
    args: [],
    config: '[projects."WORK"]\ntrust_level = "trusted"\n',
    expect: { sandbox: "workspace-write" },
  },
  {
    title: "sandbox_mode wins over trust",
    args: ["-c", "sandbox_mode=read-only"],
    config: '[projects."WORK"]\ntrust_level = "trusted"\n',
    expect: { sandbox: "read-only" },
  },
  {
    title: "a file of a profile's own does not count where the table is there",
    args: ["-p", "p1"],
    files: { "p1.config.toml": 'model = "own"\n' },
    expect: { model: "o3" },
  },
];

// A profile's own sandbox_mode is left out: 0.50 does not read it, later versions and ours do.
const managed: readonly Precedence[] = [
  { title: "it wins over the file", args: [], expect: { model: "managed" } },
  { title: "it wins over -c", args: ["-c", "model=x"], expect: { model: "managed" } },
  { title: "a profile wins over it", args: ["-p", "p1"], expect: { model: "o3" } },
  { title: "-m wins over it", args: ["-m", "flag"], expect: { model: "flag" } },
  { title: "-s wins over it", args: ["-s", "danger-full-access"], expect: { sandbox: "danger-full-access" } },
  {
    title: "what it does not set stays as it is",
    args: ["-p", "p1", "-c", "model_reasoning_effort=low"],
    expect: { model: "o3", "reasoning effort": "low", sandbox: "workspace-write" },
  },
];

interface Place {
  readonly home: string;
  readonly cwd: string;
  readonly tmp: string;
}

async function seenByOurs(subject: Subject, { args }: Precedence, place: Place): Promise<Seen> {
  const run = await runSubject(subject, { ...place, args: ["config", "show", "--json", ...args] });
  assert.equal(run.code, 0, run.stderr);
  const shown = JSON.parse(run.stdout) as Record<string, string>;
  return {
    model: shown.model,
    sandbox: shown.sandbox_mode,
    "reasoning effort": shown.model_reasoning_effort,
  };
}

/** Reads the header of `codex exec` and ends it then: what it does with its prompt is not the question. */
async function seenByReference(subject: Subject, { args }: Precedence, place: Place): Promise<Seen> {
  const [file, ...first] = subject.command;
  const child = spawn(file as string, [...first, "exec", "--skip-git-repo-check", ...args, "hi"], {
    cwd: place.cwd,
    env: { PATH: process.env.PATH, HOME: place.home, CODEX_HOME: place.home, TMPDIR: place.tmp },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true, // the program of npm is a child of a script: both are ended
  });
  let said = "";
  for await (const text of child.stderr.setEncoding("utf8")) {
    said += text;
    if (said.split("--------").length > 2) break;
  }
  if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  const header = said.split("--------")[1] ?? "";
  return Object.fromEntries(
    [...header.matchAll(/^([a-z ]+): (.*?)(?: \[.*)?$/gm)].map(([, name, value]) => [name, value]),
  );
}

type Seen = Readonly<Record<string, string | undefined>>;

/** Later versions keep a profile in a file of its own. */
const profileFiles: readonly Precedence[] = [
  {
    title: "it wins over the root",
    args: ["-p", "quick"],
    expect: { model: "own", sandbox: "workspace-write" },
  },
  {
    title: "-c wins over it",
    args: ["-p", "quick", "-c", "model=c"],
    expect: { model: "c", sandbox: "workspace-write" },
  },
  {
    title: "-m wins over it",
    args: ["-p", "quick", "-m", "flag", "-c", "model=c"],
    expect: { model: "flag" },
  },
];

for (const [subject, see] of [
  [ours, seenByOurs],
  [newest, seenByReference],
] as const) {
  describe(`a profile in a file of its own: ${subject.name}`, { skip: subject.skip }, () => {
    for (const precedence of profileFiles) {
      test(precedence.title, () =>
        inFreshPlace(async (place) => {
          fs.writeFileSync(
            join(place.home, "config.toml"),
            `model = "root"\nmodel_provider = "mock"\n${provider}`,
          );
          const own = 'model = "own"\nsandbox_mode = "workspace-write"\n';
          fs.writeFileSync(join(place.home, "quick.config.toml"), own);
          assert.deepEqual(pick(await see(subject, precedence, place), precedence), precedence.expect);
        }),
      );
    }
  });
}

for (const [subject, see] of [
  [ours, seenByOurs],
  [reference, seenByReference],
] as const) {
  describe(`precedence: ${subject.name}`, { skip: subject.skip }, () => {
    for (const precedence of precedences) {
      test(precedence.title, () =>
        inFreshPlace(async (place) => {
          prepare(precedence, place);
          assert.deepEqual(pick(await see(subject, precedence, place), precedence), precedence.expect);
        }),
      );
    }
  });

  describe(`managed configuration: ${subject.name}`, { skip: subject.skip || withoutMounts() }, () => {
    for (const precedence of managed) {
      test(precedence.title, () =>
        inFreshPlace(async (place) => {
          prepare(precedence, place);
          const text = 'model = "managed"\nsandbox_mode = "workspace-write"\n';
          const inside = { ...subject, command: [...withManaged(place.tmp, text), ...subject.command] };
          assert.deepEqual(pick(await see(inside, precedence, place), precedence), precedence.expect);
        }),
      );
    }
  });
}

/** @returns a command that runs what follows where /etc has that managed configuration, and nowhere else */
function withManaged(folder: string, text: string): readonly string[] {
  const etc = join(folder, "etc");
  fs.mkdirSync(join(etc, "codex"), { recursive: true, mode: 0o755 });
  fs.writeFileSync(join(etc, "codex/managed_config.toml"), text, { mode: 0o644 });
  const script = 'mount -t overlay overlay -o "lowerdir=$0:/etc" /etc && exec "$@"';
  return ["unshare", "-m", "sh", "-c", script, etc];
}

function withoutMounts(): string | false {
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-etc-"));
  try {
    const [file, ...args] = withManaged(folder, "");
    const { status } = spawnSync(file as string, [
      ...args,
      "cat",
      "/etc/codex/managed_config.toml",
      "/etc/passwd",
    ]);
    return status === 0 ? false : "needs root and overlay mounts";
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function prepare({ config = "", files = {} }: Precedence, place: { home: string; cwd: string }): void {
  fs.writeFileSync(join(place.home, "config.toml"), profiles + config.replace("WORK", place.cwd) + provider);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(place.home, name), text);
}

function pick(seen: Record<string, string | undefined>, { expect }: Precedence): Record<string, unknown> {
  return Object.fromEntries(Object.keys(expect).map((key) => [key, seen[key]]));
}
