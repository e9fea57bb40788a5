// Writing to config.toml.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import type { TomlValue } from "../../../agent/config/config.ts";
import { editConfig } from "../../../agent/config/edit.ts";
import { editText } from "../../../agent/config/edit-text.ts";
import { parseToml, valueAt } from "../../../agent/config/toml.ts";
import { writeTrust } from "../../../agent/config/trust.ts";
import { Home } from "./home.ts";
import { documents, paths } from "./toml-documents.ts";

const { parseTOML } = await import("toml-eslint-parser");

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

async function edited(text: string, path: readonly string[], value: TomlValue | undefined): Promise<string> {
  home.write(text);
  await editConfig(home.path, [{ path, value }]);
  return home.read();
}

test("a value in the way of a table is refused and stays", async () => {
  for (const [text, blocking] of [
    ["features = 3\n", "features"],
    ["features = [1]\n", "features"],
    ["profiles = { p = false }\n", "profiles.p"],
  ] as const) {
    const path = blocking === "features" ? ["features", "x"] : ["profiles", "p", "features", "x"];
    await assert.rejects(edited(text, path, true), {
      code: "CONFIG_WRITE_FAILED",
      message: `cannot set ${path.join(".")} in ${join(home.path, "config.toml")}: ${blocking} is no table there`,
    });
    assert.equal(home.read(), text);
  }
});

describe("an edit", () => {
  const cases: readonly (readonly [string, string, readonly string[], TomlValue | undefined, string])[] = [
    ["starts a file", "", ["model"], "x", 'model = "x"\n'],
    ["replaces a value where it stands", "a=1 # one\nb=2\n", ["a"], 3, "a=3 # one\nb=2\n"],
    ["keeps single quotes", "model = 'a' # c\n", ["model"], "b", "model = 'b' # c\n"],
    [
      "puts a root key before the first table",
      "a = 1\n\n[t]\nb = 2\n",
      ["c"],
      true,
      "a = 1\nc = true\n\n[t]\nb = 2\n",
    ],
    [
      "puts a root key below what is said of the file",
      "# my file\n\n# of t\n[t]\nb = 2\n",
      ["c"],
      1,
      "# my file\n\nc = 1\n\n# of t\n[t]\nb = 2\n",
    ],
    [
      "puts a table's key at its end",
      "[t]\na = 1 # x\n\n# of u\n[u]\n",
      ["t", "b"],
      [1, 2],
      "[t]\na = 1 # x\nb = [1, 2]\n\n# of u\n[u]\n",
    ],
    ["starts a table", "a = 1", ["features", "x"], true, "a = 1\n\n[features]\nx = true\n"],
    [
      "goes on with dotted keys",
      "features.a = true\n",
      ["features", "b"],
      false,
      "features.a = true\nfeatures.b = false\n",
    ],
    [
      "starts a table below a heading whose own table has dotted keys",
      "m.a = 1\n\n[m.n]\n",
      ["m", "n", "o", "b"],
      1,
      "m.a = 1\n\n[m.n]\n\n[m.n.o]\nb = 1\n",
    ],
    [
      "reaches into inline tables",
      "f = { a = 1 } # c\n",
      ["f", "b", "c"],
      "x",
      'f = { a = 1, b.c = "x" } # c\n',
    ],
    ["empties an inline table", "f = { a = 1 }\n", ["f", "a"], undefined, "f = {}\n"],
    [
      "takes a member out of an inline table",
      "f = { a = 1, b = 2, c = 3 }\n",
      ["f", "b"],
      undefined,
      "f = { a = 1, c = 3 }\n",
    ],
    [
      "removes a line and leaves the comment above",
      "# why\na = 1\nb = 2\n",
      ["a"],
      undefined,
      "# why\nb = 2\n",
    ],
    ["removes nothing where nothing is", "a = 1\n", ["b", "c"], undefined, "a = 1\n"],
    [
      "removes a table with all below it",
      "[a]\nx = 1\n[a.b]\ny = 1\n[c]\nz = 1\n",
      ["a"],
      undefined,
      "[c]\nz = 1\n",
    ],
    [
      "keeps CRLF and a BOM",
      "\ufeffa = 1\r\n[t]\r\nb = 2\r\n",
      ["t", "c"],
      3,
      "\ufeffa = 1\r\n[t]\r\nb = 2\r\nc = 3\r\n",
    ],
    ["writes a table as a table", "", ["t"], { a: 1, b: { c: "x" } }, '[t]\na = 1\n\n[t.b]\nc = "x"\n'],
    ["quotes what needs quotes", "", ["a b", "é"], 'q"\\\n', '["a b"]\n"é" = "q\\"\\\\\\n"\n'],
  ];
  for (const [title, text, path, value, expected] of cases) {
    test(title, async () => assert.equal(await edited(text, path, value), expected));
  }

  test("of trust makes a table of its own and leaves the rest", async () => {
    home.write('model = "x" # mine\n');
    await writeTrust(home.path, '/a "b"', "trusted");
    await writeTrust(home.path, "/c", "untrusted");
    await writeTrust(home.path, "/c", "trusted");
    assert.equal(
      home.read(),
      'model = "x" # mine\n\n[projects."/a \\"b\\""]\ntrust_level = "trusted"\n\n[projects."/c"]\ntrust_level = "trusted"\n',
    );
  });

  test("of a path that no parser of ours could change safely leaves the file alone", async () => {
    const text = "[[a]]\nb = 1\n";
    home.write(text);
    await assert.rejects(editConfig(home.path, [{ path: ["a", "c"], value: 1 }]), {
      code: "CONFIG_WRITE_FAILED",
      hint: "the file has a form that cannot be changed safely; edit it by hand",
    });
    assert.equal(home.read(), text);
  });
});

const values = fc.constantFrom<TomlValue>(1n, "x", true, [1n, "y"], -0.5);

test("setting a key of any document changes one stretch of text, and setting it again changes nothing", () => {
  let tried = 0;
  fc.assert(
    fc.property(documents, paths, values, (text, path, value) => {
      const before = parsed(text);
      if (before === undefined || !isReachable(text, path)) return;
      tried += 1;
      const after = editText(text, [{ path, value }], parseTOML);
      assert.deepEqual(valueAt(parseToml(after), path), value);
      assert.equal(editText(after, [{ path, value }], parseTOML), after);
      const old = valueAt(before, path);
      const isAdded =
        old === undefined && path.every((_, length) => isTableOrAbsent(before, path.slice(0, length)));
      if (isAdded) assert.equal(withoutInsertion(text, after), text);
    }),
    { numRuns: 1500 },
  );
  assert.ok(tried > 500, `only ${tried} documents were tried`);
});

test("removing a key of any document leaves every line that has nothing to do with it", () => {
  fc.assert(
    fc.property(documents, fc.nat(), (text, pick) => {
      const tree = parsed(text);
      const keys = tree === undefined ? [] : Object.keys(tree);
      const key = keys[pick % Math.max(keys.length, 1)];
      if (key === undefined) return;
      const after = editText(text, [{ path: [key], value: undefined }], parseTOML);
      const expected = { ...tree };
      delete expected[key];
      assert.deepEqual({ ...parseToml(after) }, expected);
      const kept = after.replace(/\n$/, "").split("\n");
      if (after === "") return;
      let at = 0;
      for (const line of text.split("\n")) if (line === kept[at]) at += 1;
      assert.equal(at, kept.length, "a line changed or moved");
    }),
    { numRuns: 1000 },
  );
});

function parsed(text: string): ReturnType<typeof parseToml> | undefined {
  try {
    return parseToml(text);
  } catch {
    return undefined;
  }
}

/** Arrays of tables have no one place for a key. */
function isReachable(text: string, path: readonly string[]): boolean {
  const tree = parseToml(text);
  return !path.some((_, length) => Array.isArray(valueAt(tree, path.slice(0, length))));
}

function isTableOrAbsent(tree: ReturnType<typeof parseToml>, path: readonly string[]): boolean {
  const value = valueAt(tree, path);
  return (
    value === undefined || (typeof value === "object" && !Array.isArray(value) && !(value instanceof Date))
  );
}

/** @returns `after` less what stands between its common beginning and end with `before` */
function withoutInsertion(before: string, after: string): string {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  const rest = before.length - start;
  return after.slice(0, start) + after.slice(after.length - rest);
}

describe("the file", () => {
  test("is made with mode 0600 in a folder with mode 0700", async () => {
    const folder = join(home.work, "a", "b");
    await editConfig(folder, [{ path: ["model"], value: "x" }]);
    assert.deepEqual(
      [fs.statSync(folder).mode & 0o777, fs.statSync(join(folder, "config.toml")).mode & 0o777],
      [0o700, 0o600],
    );
    assert.deepEqual(fs.readdirSync(folder), ["config.toml"]);
  });

  test("loses rights that others had", async () => {
    fs.chmodSync(home.write("a = 1\n"), 0o666);
    await editConfig(home.path, [{ path: ["model"], value: "x" }]);
    assert.equal(fs.statSync(join(home.path, "config.toml")).mode & 0o777, 0o600);
  });

  test("that is a link stays one, and what it leads to is written, be it there or not", async () => {
    for (const name of ["there.toml", "absent.toml"]) {
      const target = join(home.work, name);
      if (name === "there.toml") fs.writeFileSync(target, "a = 1\n");
      const link = join(home.path, "config.toml");
      fs.rmSync(link, { force: true });
      fs.symlinkSync(`../work/${name}`, link);
      await editConfig(home.path, [{ path: ["model"], value: "x" }]);
      assert.deepEqual(
        [fs.readlinkSync(link), parseToml(fs.readFileSync(target, "utf8")).model],
        [`../work/${name}`, "x"],
      );
    }
    assert.deepEqual(fs.readdirSync(home.work).sort(), ["absent.toml", "there.toml"]);
  });

  test("keeps its owner when root edits it", {
    skip: process.geteuid?.() !== 0 && "needs root",
  }, async () => {
    fs.chownSync(home.write("a = 1\n"), 65534, 65534);
    await editConfig(home.path, [{ path: ["a"], value: 2 }]);
    const { uid, gid } = fs.statSync(join(home.path, "config.toml"));
    assert.deepEqual([uid, gid], [65534, 65534]);
  });

  test("is as it was, with nothing beside it, when the disk is full", {
    skip: !canMount() && "cannot mount",
  }, () => {
    const { stdout } = runMounted(`
      fs.writeFileSync(home + "/config.toml", "a = 1 # " + "x".repeat(3000) + "\\n");
      try { fs.writeFileSync(home + "/ballast", Buffer.alloc(1 << 20)); } catch {}
    `);
    assert.deepEqual(JSON.parse(stdout), {
      message: "cannot write HOME/config.toml: the disk is full",
      isUnchanged: true,
      names: ["ballast", "config.toml"],
    });
  });

  test("is as it was when the file system is read-only", { skip: !canMount() && "cannot mount" }, () => {
    const { stdout } = runMounted(`
      fs.writeFileSync(home + "/config.toml", "a = 1\\n");
      child.execFileSync("mount", ["-o", "remount,ro", home]);
    `);
    assert.deepEqual(JSON.parse(stdout), {
      message: "cannot write HOME/config.toml: the file system is read-only",
      isUnchanged: true,
      names: ["config.toml"],
    });
  });

  function canMount(): boolean {
    return spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
  }

  /** Edits a file on a small file system of its own, after what `prepare` did to it. */
  function runMounted(prepare: string): { readonly stdout: string } {
    const script = `
      import fs from "node:fs";
      import child from "node:child_process";
      import { editConfig } from ${JSON.stringify(new URL("../../../agent/config/edit.js", import.meta.url))};
      const home = ${JSON.stringify(home.path)};
      child.execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k", "none", home]);
      ${prepare}
      const before = fs.readFileSync(home + "/config.toml", "utf8");
      const message = await editConfig(home, [{ path: ["b"], value: "y".repeat(9000) }]).then(() => "written", (error) => error.message.replace(home, "HOME"));
      console.log(JSON.stringify({ message, isUnchanged: fs.readFileSync(home + "/config.toml", "utf8") === before, names: fs.readdirSync(home).sort() }));`;
    const run = spawnSync("unshare", ["-m", process.execPath, "--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    assert.equal(run.status, 0, run.stderr);
    return run;
  }

  test("gets what several processes write at once, all of it", async () => {
    home.write("# mine\n");
    const script = (name: string): string => `
      import { editConfig } from ${JSON.stringify(new URL("../../../agent/config/edit.js", import.meta.url))};
      for (let index = 0; index < 15; index += 1) {
        await editConfig(${JSON.stringify(home.path)}, [{ path: ["features", "${name}" + index], value: true }]);
      }`;
    const names = ["a", "b", "c"];
    const codes = await Promise.all(
      names.map(async (name) => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", script(name)], {
          stdio: "inherit",
        });
        return (await once(child, "close"))[0] as number;
      }),
    );
    const expected = names.flatMap((name) => Array.from({ length: 15 }, (_, index) => `${name}${index}`));
    assert.deepEqual(
      [codes, Object.keys(parseToml(home.read()).features as object).sort(), fs.readdirSync(home.path)],
      [[0, 0, 0], expected.sort(), ["config.toml"]],
    );
    assert.match(home.read(), /^# mine\n/);
  });
});
