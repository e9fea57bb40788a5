// Who sees colours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { showsColours } from "../../cli/terminal-colours.ts";

const terminal = { isTTY: true };
const pipe = {};
const TERM = "xterm-256color";

test("a terminal shows colours, a pipe and a terminal that cannot do not", () => {
  assert.equal(showsColours(terminal, { TERM }), true);
  assert.equal(showsColours(pipe, { TERM }), false);
  assert.equal(showsColours(terminal, { TERM: "dumb" }), false);
  assert.equal(showsColours(terminal, {}), false);
});

test("NO_COLOR keeps them off, empty or 0 says nothing", () => {
  for (const NO_COLOR of ["1", "true", "false"]) {
    assert.equal(showsColours(terminal, { TERM, NO_COLOR }), false, NO_COLOR);
  }
  for (const NO_COLOR of ["", "0"]) assert.equal(showsColours(terminal, { TERM, NO_COLOR }), true, NO_COLOR);
});

test("FORCE_COLOR and CLICOLOR_FORCE have them in a log, whatever else is said; 0 says nothing", () => {
  for (const name of ["FORCE_COLOR", "CLICOLOR_FORCE"]) {
    assert.equal(showsColours(pipe, { [name]: "1", NO_COLOR: "1", TERM: "dumb" }), true, name);
    assert.equal(showsColours(pipe, { [name]: "0", TERM }), false, name);
    assert.equal(showsColours(terminal, { [name]: "0", TERM }), true, name);
  }
});
