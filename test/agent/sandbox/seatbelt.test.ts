import assert from "node:assert/strict";
import { test } from "node:test";
import type { SandboxPolicy } from "../../../agent/sandbox/policy.ts";
import { seatbeltArguments, seatbeltProfile } from "../../../agent/sandbox/seatbelt.ts";
import { fc } from "../../properties/settings.ts";

const readOnly: SandboxPolicy = { mode: "read-only" };
const workspace: SandboxPolicy = {
  mode: "workspace-write",
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
};

/** What a profile allows, as it reads: the operations of every `allow`. */
function allowed(text: string): Set<string> {
  const operations = [...text.matchAll(/\(allow ([a-z*\- ]+)/g)];
  return new Set(operations.flatMap(([, names]) => (names as string).trim().split(" ")));
}

/** A profile that does not balance is refused by the system as a whole. */
function isBalanced(text: string): boolean {
  let depth = 0;
  const code = text.replaceAll(/;.*/g, "").replaceAll(/#?"[^"]*"/g, "");
  for (const character of code) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

test("everything is denied first, reading is allowed, and nothing is written and no network reached under read-only", () => {
  const { text, parameters } = seatbeltProfile(readOnly, []);
  assert.ok(text.startsWith("(version 1)\n(deny default)\n"));
  assert.ok(isBalanced(text));
  assert.deepEqual(parameters, []);
  const operations = allowed(text);
  assert.ok(operations.has("file-read*"));
  assert.deepEqual(
    [...operations].filter((name) => name.startsWith("network") || name === "system-socket"),
    [],
  );
  // Of files, /dev/null and terminals.
  const writes = text.split("\n").filter((line) => line.includes("file-write"));
  assert.equal(writes.length, 3);
  assert.ok(!text.includes("subpath"));
});

test("each root is a parameter, and each read-only path inside an exception to it", () => {
  const { text, parameters } = seatbeltProfile(workspace, [
    { root: "/work", readOnlySubpaths: ["/work/.git", "/work/.codex"] },
    { root: "/private/tmp", readOnlySubpaths: [] },
  ]);
  assert.ok(isBalanced(text));
  assert.ok(
    text.includes(
      `(allow file-write*
  (require-all (subpath (param "WRITABLE_ROOT_0")) (require-not (subpath (param "WRITABLE_ROOT_0_RO_0"))) (require-not (subpath (param "WRITABLE_ROOT_0_RO_1"))))
  (subpath (param "WRITABLE_ROOT_1")))`,
    ),
    text,
  );
  assert.deepEqual(parameters, [
    "WRITABLE_ROOT_0=/work",
    "WRITABLE_ROOT_0_RO_0=/work/.git",
    "WRITABLE_ROOT_0_RO_1=/work/.codex",
    "WRITABLE_ROOT_1=/private/tmp",
  ]);
});

test("network access allows connections in both directions", () => {
  const without = allowed(seatbeltProfile(workspace, []).text);
  const { text } = seatbeltProfile({ ...workspace, network_access: true }, []);
  assert.ok(isBalanced(text));
  assert.deepEqual(
    [...allowed(text)].filter((name) => !without.has(name)),
    ["network-outbound", "network-inbound", "system-socket"],
  );
});

test("no path can become part of the profile, and no argument of the command one of sandbox-exec", () => {
  const path = fc.string({ unit: "binary" }).map((text) => `/${text}") (allow default) ("`);
  fc.assert(
    fc.property(path, fc.array(fc.string()), (root, command) => {
      const profile = seatbeltProfile(workspace, [{ root, readOnlySubpaths: [root] }]);
      assert.equal(profile.text, seatbeltProfile(workspace, [{ root: "/a", readOnlySubpaths: ["/b"] }]).text);
      assert.deepEqual(seatbeltArguments(profile, command), [
        "-p",
        profile.text,
        `-DWRITABLE_ROOT_0=${root}`,
        `-DWRITABLE_ROOT_0_RO_0=${root}`,
        "--",
        ...command,
      ]);
    }),
  );
});
