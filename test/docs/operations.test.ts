// The guide for admins has a word on every answer and every exit status that they can meet.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../proxy-process.ts";

const guide = fs.readFileSync(join(packageRoot, "docs/operations.md"), "utf8");

function sourceOf(path: string): string {
  return fs.readFileSync(join(packageRoot, path), "utf8");
}

test("each code that a client can get stands in it with its status", () => {
  const codes = [...sourceOf("proxy/errors.ts").matchAll(/(PXY_ERR_[A-Z_]+): \[\s*(\d{3})/g)];
  assert.ok(codes.length > 15);
  const missing = codes.filter(([, code, status]) => {
    const row = guide.split("\n").find((line) => line.startsWith("| ") && line.includes(`\`${code}\``));
    return row?.includes(status as string) !== true;
  });
  assert.deepEqual(
    missing.map(([, code, status]) => `${status} ${code}`),
    [],
  );
});

test("it names no code that the proxy does not have", () => {
  const tables = ["proxy/errors.ts", "proxy/admin/errors.ts"].map(sourceOf).join("");
  const unknown = [...guide.matchAll(/`((?:PXY|ADM)_[A-Z_]+)`/g)].filter(
    ([, code]) => !tables.includes(`${code}: [`),
  );
  assert.deepEqual(
    unknown.map(([, code]) => code),
    [],
  );
});

test("every option and command that it names exists", () => {
  const sources = fs
    .readdirSync(join(packageRoot, "proxy"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => sourceOf(join("proxy", file)))
    .join("");
  const foreign = ["--append", "--groups", "--since", "--name", "--unix-socket"]; // of usermod, journalctl, curl
  const named = new Set([...guide.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option));
  const unknown = [...named].filter((option) => !foreign.includes(option) && !sources.includes(`"${option}`));
  assert.deepEqual(unknown, []);
  const list = sourceOf("proxy/command-list.ts");
  const commands = [...guide.matchAll(/codex-responses-api-proxy ([a-z]+) /g)].map(
    (match) => match[1] as string,
  );
  assert.deepEqual(
    [...new Set(commands)].filter((name) => !list.includes(`${name}: `) && !list.includes(`"${name}"`)),
    [],
  );
});
