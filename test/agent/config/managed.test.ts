// The administrator's file: what it wins over, and whose file is believed.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Home, type LoadRequest } from "./home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

const profiled = `
model = "root-model"
model_reasoning_effort = "high"
[profiles.p1]
model = "o3"
`;

describe("the administrator's file", () => {
  function manage(text: string, mode = 0o644): string {
    const path = join(dirname(home.path), "managed", "managed_config.toml");
    fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    fs.writeFileSync(path, text);
    fs.chmodSync(path, mode);
    return path;
  }

  const skip = process.geteuid?.() === 0 ? false : "only root can own such a file";

  test("wins over config.toml and -c, and gives way to a profile's table and to flags", {
    skip,
  }, async () => {
    home.write(`${profiled}sandbox_mode = "danger-full-access"\n`);
    manage('model = "managed"\n[history]\npersistence = "none"\n');
    const model = async (request: LoadRequest): Promise<string> => (await home.load(request)).config.model;
    assert.deepEqual(
      [
        await model({}),
        await model({ overrides: ["model=c"] }),
        await model({ flags: { profile: "p1" } }),
        await model({ flags: { model: "flag" } }),
        (await home.load({ overrides: ["history.persistence=save-all"] })).config.historyPersistence,
      ],
      ["managed", "managed", "o3", "flag", "none"],
    );
  });

  test("is refused if it is a link into a folder of others, or to what was there", { skip }, async () => {
    const path = manage('model = "m"\n');
    const theirs = join(home.work, "theirs");
    fs.mkdirSync(join(theirs, "rules"), { recursive: true });
    fs.renameSync(path, join(theirs, "rules", "rules.toml"));
    fs.symlinkSync(join(theirs, "rules", "rules.toml"), path);
    assert.equal((await home.load()).config.model, "m");
    fs.chownSync(theirs, 65534, 0);
    assert.match((await home.refusal()).message, /theirs is not owned by root$/);
    fs.rmSync(theirs, { recursive: true });
    assert.match((await home.refusal()).message, /managed_config\.toml leads nowhere$/);
  });

  test("is root's where a user namespace knows no root, and nobody else's", { skip }, () => {
    const path = manage('model = "m"\n');
    const script = `
      import { readManagedConfig } from ${JSON.stringify(new URL("../../../agent/config/managed.js", import.meta.url))};
      console.log((await readManagedConfig(${JSON.stringify(path)}).catch((error) => error)).text);`;
    const run = (command: string, ...args: string[]) =>
      spawnSync(command, [...args, process.execPath, "--input-type=module", "-e", script], {
        encoding: "utf8",
        ...{ uid: 65534, gid: 65534, cwd: "/" },
      }).stdout;
    fs.chmodSync(dirname(dirname(path)), 0o755);
    assert.equal(run("env"), 'model = "m"\n\n');
    const namespaces = spawnSync("unshare", ["-U", "true"], { uid: 65534, gid: 65534, cwd: "/" });
    if (namespaces.status === 0) assert.equal(run("unshare", "-U"), 'model = "m"\n\n');
    fs.chownSync(path, 65533, 0);
    assert.equal(run("env"), "undefined\n");
  });

  test("is refused if others could have written it, and its mistakes name it", { skip }, async () => {
    const path = manage('model = "m"\n', 0o664);
    assert.match(
      (await home.refusal()).message,
      /^refusing .*managed_config\.toml can be written to by others/,
    );
    fs.chmodSync(path, 0o644);
    fs.chownSync(path, 65534, 0);
    assert.match((await home.refusal()).message, /managed_config\.toml is not owned by root$/);
    fs.chownSync(path, 0, 0);
    fs.chmodSync(dirname(path), 0o777);
    assert.match((await home.refusal()).message, /managed can be written to by others than root$/);
    fs.chmodSync(dirname(path), 0o755);
    fs.writeFileSync(path, "model = 3\n");
    assert.match(
      (await home.refusal()).message,
      /^invalid type.*\nin `model`\n {2}--> ROOT\/managed\/.*:1:9/,
    );
  });
});
