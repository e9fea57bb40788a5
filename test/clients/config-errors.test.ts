// What is wrong with a configuration, and where `codex exec` may work, side by side with the originals.

import { type Case, sideBySide } from "./originals.ts";

/** The newest puts a line of its own before the message, which it indents. */
const list = ["features", "list"];
const profilesGone = "profiles are files of their own in the newest";

const refused: readonly Case[] = [
  {
    title: "a config.toml that is not TOML is shown at the place where it breaks off",
    args: list,
    config: "x = = 3\n",
    expect: {
      code: 1,
      stdout: "",
      stderr: /TOML parse error at line 1, column 5\n *\|\n *1 \| x = = 3\n *\| {5}\^\n/,
    },
  },
  {
    title: "a number where a string belongs is named with its key",
    args: list,
    config: "model = 3\n",
    expect: {
      code: 1,
      stdout: "",
      stderr: /invalid type: integer `3`, expected a string\n *in `model`\n/,
    },
  },
  {
    title: "a value that is not of the list is refused with the list",
    args: list,
    config: 'approval_policy = "bogus"\n',
    expect: {
      code: 1,
      stdout: "",
      stderr:
        /unknown variant `bogus`, expected one of `untrusted`, `on-failure`, `on-request`, .*`never`\n *in `approval_policy`\n/,
    },
  },
  {
    title: "a wrong value given by -c is refused as one of the file is",
    args: [...list, "-c", "approval_policy=bogus"],
    expect: { code: 1, stdout: "", stderr: /unknown variant `bogus`, .*\n *in `approval_policy`\n/ },
  },
  {
    title: "a provider that is not there is refused by name",
    args: ["exec", "--skip-git-repo-check", "-c", "model_provider=nope", "hi"],
    expect: { code: 1, stdout: "", stderr: /^Error: Model provider `nope` not found\n/m },
  },
  {
    title: "a profile that is not there is refused by name",
    args: ["exec", "--skip-git-repo-check", "-p", "nope", "hi"],
    expect: { code: 1, stdout: "", stderr: /^Error: config profile `nope` not found\n/ },
    differs: { newest: profilesGone },
  },
  {
    title: "a profile that config.toml names and does not have is refused by name",
    args: list,
    config: 'profile = "nope"\n',
    expect: { code: 1, stdout: "", stderr: /^Error: config profile `nope` not found\n/ },
    differs: { newest: profilesGone },
  },
  {
    title: "-c without an equals sign is refused",
    args: [...list, "-c", "foo"],
    expect: { code: 1, stdout: "", stderr: /Invalid override \(missing '='\): foo\n/ },
  },
  {
    title: "codex exec says of -c that it is what is wrong",
    args: ["exec", "--skip-git-repo-check", "-c", "foo", "hi"],
    expect: {
      code: 1,
      stdout: "",
      stderr: /^Error parsing -c overrides: Invalid override \(missing '='\): foo\n/,
    },
  },
  {
    title: "an instructions file that is not there is named, whatever the command",
    args: list,
    config: 'experimental_instructions_file = "/nonexistent/x.md"\n',
    expect: {
      code: 1,
      stdout: "",
      stderr:
        /^Error: failed to read experimental instructions file \/nonexistent\/x\.md: No such file or directory \(os error 2\)\n/,
    },
    differs: { newest: "the key has another name in the newest" },
  },
  {
    title: "-c without a key is refused",
    args: [...list, "-c", "=x"],
    expect: { code: 1, stdout: "", stderr: /Empty key in override: =x\n/ },
  },
  {
    title: "keys that nobody knows do not stop anything",
    args: list,
    config: 'nobody_knows = 1\n[no_table_either]\nx = "y"\n',
    expect: { code: 0, stdout: /unified_exec/ },
  },
  {
    title: "CODEX_HOME that does not exist is an error",
    args: list,
    env: { CODEX_HOME: "/nonexistent/codex-home" },
    expect: { code: 1, stdout: "", stderr: /^Error: No such file or directory \(os error 2\)\n/ },
    differs: { newest: { code: 1, stdout: "", stderr: /CODEX_HOME points to "\/nonexistent\/codex-home"/ } },
  },
];

const noAnswer = [
  "-c",
  'model_providers.p={name="p",base_url="http://127.0.0.1:9/v1",wire_api="responses",env_key="MOCK_KEY"}',
  "-c",
  "model_provider=p",
];
const placed: readonly Case[] = [
  {
    title: "exec outside a git repository is refused",
    args: ["exec", "hi"],
    expect: {
      code: 1,
      stdout: "",
      stderr: /^Not inside a trusted directory and --skip-git-repo-check was not specified\.\n/m,
    },
  },
  {
    title: "exec outside a git repository proceeds with --skip-git-repo-check",
    args: ["exec", "--skip-git-repo-check", ...noAnswer, "hi"],
    expect: { code: 1, stdout: "", stderr: /Missing environment variable: `MOCK_KEY`/ },
  },
  {
    title: "exec inside a git repository proceeds",
    args: ["exec", ...noAnswer, "hi"],
    inGit: true,
    expect: { code: 1, stdout: "", stderr: /Missing environment variable: `MOCK_KEY`/ },
  },
  {
    title: "exec with an empty stdin for a prompt is refused",
    args: ["exec", "--skip-git-repo-check"],
    expect: {
      code: 1,
      stdout: "",
      stderr: /^Reading prompt from stdin\.\.\.\nNo prompt provided via stdin\.\n$/m,
    },
  },
];

sideBySide("errors of the configuration", refused);
sideBySide("where exec works", placed);
