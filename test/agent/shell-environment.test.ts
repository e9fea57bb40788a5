import assert from "node:assert/strict";
import { test } from "node:test";
import type { ShellEnvironmentPolicy } from "../../agent/config/config.ts";
import { glob, shellEnvironment } from "../../agent/shell-environment.ts";
import { fc } from "../properties/settings.ts";

const open: ShellEnvironmentPolicy = {
  inherit: "all",
  ignoreDefaultExcludes: true,
  exclude: [],
  set: {},
  includeOnly: [],
  useProfile: false,
};

test("by default everything is inherited but what looks like a credential, whatever its case", () => {
  const environment = {
    PATH: "/bin",
    LD_PRELOAD: "/lib/mine.so",
    OPENAI_API_KEY: "a",
    monkey: "b",
    Client_Secret: "c",
    GITHUB_TOKEN: "d",
    absent: undefined,
  };
  assert.deepEqual(shellEnvironment(environment, { ...open, ignoreDefaultExcludes: false }), {
    PATH: "/bin",
    LD_PRELOAD: "/lib/mine.so",
  });
});

test("core keeps nine names and none keeps nothing, and set is added to either", () => {
  const core = ["HOME", "LOGNAME", "PATH", "SHELL", "USER", "USERNAME", "TMPDIR", "TEMP", "TMP"];
  const environment = Object.fromEntries([...core, "LANG", "path", "LD_PRELOAD"].map((name) => [name, "1"]));
  assert.deepEqual(
    shellEnvironment(environment, { ...open, inherit: "core", set: { A: "2" } }),
    Object.fromEntries([...core.map((name) => [name, "1"]), ["A", "2"]]),
  );
  assert.deepEqual(shellEnvironment(environment, { ...open, inherit: "none", set: { A: "2" } }), { A: "2" });
});

test("set comes after the excludes and before include_only", () => {
  const policy = { ...open, ignoreDefaultExcludes: false, exclude: ["b*"] };
  const set = { A_TOKEN: "1", BB: "2", C: "3" };
  assert.deepEqual(shellEnvironment({ B: "0", D: "0" }, { ...policy, set }), { D: "0", ...set });
  assert.deepEqual(shellEnvironment({ B: "0", D: "0" }, { ...policy, set, includeOnly: ["?", "bb"] }), {
    D: "0",
    BB: "2",
    C: "3",
  });
});

test("a name of a variable is never more than a name", () => {
  const environment = Object.fromEntries([
    ["__proto__", "1"],
    ["constructor", "2"],
  ]);
  const made = shellEnvironment(environment, open);
  assert.deepEqual(Object.entries(made), Object.entries(environment));
  assert.equal(Object.getPrototypeOf(made), Object.prototype);
});

const globs: readonly (readonly [pattern: string, matches: readonly string[], refuses: readonly string[]])[] =
  [
    ["", [""], ["A"]],
    ["*", ["", "A", "É"], []],
    ["PA*", ["PATH", "path", "PA"], ["XPATH"]],
    ["ho?e", ["HOME", "hope"], ["HOE", "HOMES"]],
    ["*KEY*", ["KEY", "monkey_1"], ["KE_Y"]],
    ["a*b*c", ["abc", "aXbYbZc", "abbbcc"], ["acb", "abcd"]],
    ["[a-c]X", ["ax", "BX"], ["dx", "X", "-x"]],
    ["[a-c_9]", ["_", "9", "b"], ["-", "8"]],
    ["[a-]", ["a", "-"], ["b"]],
    ["[]x]", ["]", "x"], ["[]x]"]],
    ["F[O", ["f[o"], ["FO"]],
    ["É", ["é"], ["E"]],
    [".", ["."], ["x"]],
  ];

for (const [pattern, matches, refuses] of globs) {
  test(`the pattern ${JSON.stringify(pattern)} matches whole names without regard to case`, () => {
    const is = glob(pattern);
    assert.deepEqual([...matches, ...refuses].filter(is), matches);
  });
}

test("matching a pattern takes no more steps than pattern times name", () => {
  const name = "a".repeat(2000);
  let steps = 0;
  const counted = new Proxy([...name], {
    get(target, key, receiver) {
      steps += 1;
      return Reflect.get(target, key, receiver);
    },
  });
  // The name is split once; the copy that is walked is this one.
  const text = { toLowerCase: () => counted } as unknown as string;
  assert.equal(glob(`${"*a".repeat(30)}*b`)(text), false);
  assert.ok(steps < name.length * 62 * 4, `${steps} steps`);
});

const character = fc.constantFrom("a", "b", "A", "_", "*", "?", "[", "]", "-", "É");
const asExpression = (pattern: string): RegExp => {
  const translate = (one: string) =>
    one === "*" ? "[^]*" : one === "?" ? "[^]" : one.replace(/[\\^$.*+?()[\]{}|]/, "\\$&");
  return new RegExp(`^${[...pattern].map(translate).join("")}$`, "iu");
};

test("without brackets a pattern means what the regular expression made of it means", () => {
  fc.assert(
    fc.property(fc.array(character), fc.array(character), (pattern, name) => {
      const text = pattern.filter((one) => one !== "[").join("");
      assert.equal(glob(text)(name.join("")), asExpression(text).test(name.join("")));
    }),
  );
});

test("nothing that was neither inherited nor set is in the outcome, and include_only has the last word", () => {
  const name = fc.array(character, { minLength: 1, maxLength: 6 }).map((one) => one.join(""));
  const table = fc.dictionary(name, fc.string({ maxLength: 3 }));
  const patterns = fc.array(name, { maxLength: 3 });
  fc.assert(
    fc.property(
      table,
      table,
      patterns,
      patterns,
      fc.boolean(),
      (environment, set, exclude, includeOnly, ignoreDefaultExcludes) => {
        const policy = { ...open, set, exclude, includeOnly, ignoreDefaultExcludes };
        for (const [one, value] of Object.entries(shellEnvironment(environment, policy))) {
          assert.equal(value, Object.hasOwn(set, one) ? set[one] : environment[one]);
          assert.ok(includeOnly.length === 0 || includeOnly.some((pattern) => glob(pattern)(one)));
          if (!Object.hasOwn(set, one)) assert.ok(!exclude.some((pattern) => glob(pattern)(one)));
        }
      },
    ),
  );
});
