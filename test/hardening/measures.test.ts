// The table of protections: what is on here, and that a start is refused where one is missing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HardeningError } from "../../hardening/errors.ts";
import { judge, type Measure, requireMeasures } from "../../hardening/measures.ts";
import type { ProcessFacts } from "../../hardening/native.ts";
import { runProxy, skipWithoutOtherUser, testKey } from "../proxy-process.ts";

const bare: ProcessFacts = {
  coreLimitBytes: 4096,
  lockLimitBytes: 0,
  bindErrno: 0,
  dumpable: 1,
  noNewPrivileges: 0,
  ioUringErrno: 14,
  readVarErrno: 0,
  connectErrno: 115,
  runsUnreadably: false,
  memfdErrno: 0,
  tracerPid: 1,
  seccompMode: 0,
  inUserNamespace: true,
  userNamespaceOwner: 1000,
};

describe("in a process without protections", () => {
  const measures = judge(bare, "ws://127.0.0.1:9229", true, { wasRoot: false, startUid: 1000 });

  test("every measure is off", () => {
    assert.deepEqual(
      measures.filter(({ state }) => state !== "off").map(({ name }) => name),
      [],
    );
  });

  test("a start is refused with the exit code of the first missing one, unless none is required", () => {
    const refusal = (list: readonly Measure[], level: "all" | "secrecy" | "none") => {
      try {
        requireMeasures(list, level);
        return 0;
      } catch (error) {
        return (error as HardeningError).exitCode;
      }
    };
    const without = (...names: string[]) => measures.filter(({ name }) => !names.includes(name));
    assert.deepEqual(
      [
        refusal(measures, "secrecy"),
        refusal(without("not dumpable"), "secrecy"),
        refusal(without("not dumpable", "no core files"), "secrecy"),
        refusal(without("not dumpable", "no core files", "bind denied"), "secrecy"),
        refusal(measures, "none"),
        refusal([], "all"),
      ],
      [5, 7, 10, 9, 0, 0],
    );
  });
});

interface Row {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  readonly stops: string;
}

test("a user namespace that another user made, as containers have it, is no reason to refuse", () => {
  const facts = { ...bare, userNamespaceOwner: 65534 };
  const measures = judge(facts, undefined, false, { wasRoot: false, startUid: 1000 });
  assert.equal(measures.find(({ name }) => name === "user namespace")?.state, "on");
});

describe("--check", () => {
  test("prints every measure as JSON for tools", async () => {
    const { code, stdout, stderr } = await runProxy({ args: ["--check", "--json"] });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const rows = JSON.parse(stdout) as Row[];
    for (const row of rows) assert.deepEqual(Object.keys(row), ["name", "state", "reason", "stops"]);
    const off = rows.filter(({ state }) => state === "off").map(({ name }) => name);
    // On a kernel of today all of it is on; a package in one's own home is the exception.
    assert.deepEqual(
      off.filter((name) => name !== "trusted files"),
      [],
    );
  });

  test("reads no key: stdin stays unread", async () => {
    const { stdout } = await runProxy({
      through: ["sh", "-c", '"$@" >/dev/null; cat', "sh"],
      args: ["--check"],
      input: "unread",
    });
    assert.equal(stdout, "unread");
  });
});

test("started by another user everything is on too", { skip: skipWithoutOtherUser }, async () => {
  const through = ["setpriv", "--reuid=60001", "--regid=60001", "--clear-groups"];
  const { stdout } = await runProxy({ through, args: ["--check", "--json"] });
  const rows = JSON.parse(stdout) as Row[];
  assert.deepEqual(
    rows.filter(({ state }) => state === "off"),
    [],
  );
});

test("--require-hardening takes three words only", async () => {
  const { code, stderr } = await runProxy({ args: ["--require-hardening", "some"], input: testKey });
  assert.equal(code, 2);
  assert.match(stderr, /give all, secrecy or none/);
});
