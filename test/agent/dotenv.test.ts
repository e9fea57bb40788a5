// $CODEX_HOME/.env.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { loadEnvironment } from "../../agent/dotenv.ts";
import { Home } from "./config/home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

test("variables of the file are added, those of the process stay, and none that begins with CODEX_ is taken", async () => {
  home.write(
    `A=1\nexport B='two words'\nC="line\\nbreak" # note\nSET=file\nEMPTY=file\nCODEX_API_KEY=x\ncodex_home=/x\nCodex_X=1\n__proto__=x\n`,
    ".env",
  );
  const environment = { CODEX_HOME: home.path, SET: "process", EMPTY: "" };
  assert.deepEqual(await loadEnvironment(environment), {
    ...environment,
    A: "1",
    B: "two words",
    C: "line\nbreak",
  });
});

test("without a file the environment is as it was", async () => {
  const environment = { CODEX_HOME: home.path, A: "1" };
  assert.deepEqual(await loadEnvironment(environment), environment);
});

test("a file that is no text is an error that names it", async () => {
  home.write(Buffer.from([0xff, 0xfe]), ".env");
  await assert.rejects(loadEnvironment({ CODEX_HOME: home.path }), {
    name: "ConfigError",
    message: `cannot read ${home.path}/.env: it is not UTF-8`,
  });
});
