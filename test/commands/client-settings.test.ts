// What clients are told, for every address that the proxy can have.

import assert from "node:assert/strict";
import { test } from "node:test";
import { codexArguments } from "../../proxy/commands/client-settings.ts";

test("no argument has a blank or what a shell expands, and to Codex the address is as it was", () => {
  for (const baseUrl of ["http://127.0.0.1:80/v1", "http://[::1]:65535/v1"]) {
    const args = codexArguments({ baseUrl, tokenVariable: "TOKEN" });
    for (const argument of args) assert.doesNotMatch(argument, /[\s*?[\]$`]/);
    // Strings of TOML have the escapes of JSON.
    const told = /base_url=("[^"]*")/.exec(args[1] as string)?.[1] as string;
    assert.equal(JSON.parse(told), baseUrl);
  }
});
