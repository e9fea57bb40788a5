// What a sandboxed command sees of the user's environment, side by side with 0.50.

import { type Case, sideBySide } from "./originals.ts";

const env = {
  SECRET_KEY: "s",
  MY_TOKEN: "t",
  a_secret_thing: "u",
  FOOBAR: "1",
  OTHER: "2",
  LANG: "C.UTF-8",
  LD_BIND_NOW: "1",
};
const differs = { newest: "sandbox linux is gone: it takes the command itself" };

function sees(title: string, overrides: readonly string[], lines: RegExp): Case {
  const args = ["sandbox", "linux", ...overrides.flatMap((one) => ["-c", one]), "--", "/usr/bin/env"];
  return { title, args, env, expect: { code: 0, stdout: lines }, differs };
}

/** All lines are there, in any order, and none that starts with what is forbidden. */
function lines(wanted: readonly string[], forbidden: readonly string[]): RegExp {
  const has = wanted.map((line) => `(?=(?:[^]*\\n)?${line}\\n)`);
  const lacks = forbidden.map((start) => `(?!(?:[^]*\\n)?${start})`);
  return new RegExp(`^${[...has, ...lacks].join("")}`);
}

/** Nothing else is there: not even what the shell would have. */
function only(names: readonly string[]): RegExp {
  return new RegExp(`^(?!\\n)((${names.join("|")})=.*\\n)+$`);
}

const cases: readonly Case[] = [
  sees(
    "keys, tokens and secrets are left out by default, whatever their case",
    [],
    lines(
      ["FOOBAR=1", "OTHER=2", "CODEX_SANDBOX_NETWORK_DISABLED=1"],
      ["SECRET_KEY", "MY_TOKEN", "a_secret"],
    ),
  ),
  {
    ...sees(
      "what steers the loader reaches the command as the user has it",
      [],
      lines(["LD_BIND_NOW=1"], []),
    ),
    differs: { ...differs, "0.50": { code: 0, stdout: lines(["FOOBAR=1"], ["LD_BIND_NOW"]) } },
  },
  sees(
    "they stay with ignore_default_excludes",
    ["shell_environment_policy.ignore_default_excludes=true"],
    lines(["SECRET_KEY=s", "MY_TOKEN=t", "a_secret_thing=u"], []),
  ),
  sees(
    "include_only keeps what matches, and the mark of the sandbox",
    ['shell_environment_policy.include_only=["PATH","FOO*"]'],
    only(["PATH", "FOOBAR", "CODEX_SANDBOX_NETWORK_DISABLED"]),
  ),
  sees(
    "exclude takes more away",
    ['shell_environment_policy.exclude=["foo*"]'],
    lines(["OTHER=2"], ["FOOBAR"]),
  ),
  sees(
    "nothing is inherited with inherit=none, and set adds",
    ["shell_environment_policy.inherit=none", 'shell_environment_policy.set={ADDED="3"}'],
    only(["ADDED", "CODEX_SANDBOX_NETWORK_DISABLED"]),
  ),
  sees(
    "inherit=core keeps the names that a shell needs",
    ["shell_environment_policy.inherit=core"],
    lines(["HOME=.*", "PATH=.*"], ["FOOBAR", "OTHER", "LD_BIND_NOW"]),
  ),
];

sideBySide("environment of sandboxed commands", cases);
