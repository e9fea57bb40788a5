// The unit files as systemd's own tools read them: no warning, the exposure that is claimed, and a reason
// for every directive.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { launcher } from "../proxy-process.ts";
import { readUnit, unitFolder, valuesOf } from "./unit-file.ts";

const service = "codex-responses-api-proxy.service";
const template = "codex-responses-api-proxy@.service";
const dropIn = `${service}.d/fixed-upstream.conf`;
const units = [service, template, "codex-responses-api-proxy.socket", "codex-responses-api-proxy@.socket"];
const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
const skip = !hasAnalyze && "NOT CHECKED: systemd-analyze is missing (apt-get install systemd)";

let folder: string;
before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-units-"));
});
after(() => fs.rmSync(folder, { recursive: true }));

/** A folder with these units, their command where it lies here, and changes to the text. */
function copyUnits(change: (text: string) => string = (text) => text, withDropIn = false): string {
  const copy = fs.mkdtempSync(join(folder, "units-"));
  const files = withDropIn ? [...units, dropIn] : units;
  fs.mkdirSync(join(copy, `${service}.d`));
  for (const file of files) {
    const text = fs.readFileSync(join(unitFolder, file), "utf8");
    fs.writeFileSync(
      join(copy, file),
      change(text.replaceAll("ExecStart=codex-responses-api-proxy", `ExecStart=${launcher}`)),
    );
  }
  return copy;
}

const analyze = (copy: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync("systemd-analyze", args, {
    cwd: copy,
    encoding: "utf8",
    env: { ...process.env, SYSTEMD_LOG_LEVEL: "warning", SYSTEMD_COLORS: "0" },
  });
  return { status, output: stdout + stderr };
};

// --threshold counts in tenths.
const exposure = (copy: string, unit: string, threshold: number) =>
  analyze(copy, "security", "--offline=true", `--threshold=${threshold}`, `./${unit}`);

describe("systemd-analyze verify", { skip }, () => {
  const verify = (copy: string) =>
    analyze(copy, "verify", "--man=no", ...units.map((unit) => `./${unit.replace("@.", "@team.")}`));
  // Instances are found by their template beside them.
  const instantiate = (copy: string) => {
    for (const unit of units.filter((name) => name.includes("@."))) {
      fs.copyFileSync(join(copy, unit), join(copy, unit.replace("@.", "@team.")));
    }
    return copy;
  };

  test("has nothing to say of the units, with and without the drop-in", () => {
    for (const withDropIn of [false, true]) {
      const { status, output } = verify(instantiate(copyUnits(undefined, withDropIn)));
      assert.deepEqual({ status, output }, { status: 0, output: "" });
    }
  });

  test("would say so of a directive that does not exist", () => {
    const { output } = verify(
      instantiate(copyUnits((text) => text.replace("WatchdogSec=", "WatchdogSecs="))),
    );
    assert.match(output, /Unknown key( name)? 'WatchdogSecs'/);
  });
});

describe("systemd-analyze security", { skip }, () => {
  test("finds an exposure of at most 1.3 for the service and for the template", () => {
    for (const unit of [service, template]) {
      const { status, output } = exposure(copyUnits(), unit, 13);
      assert.equal(status, 0, output);
    }
  });

  test("finds at most 1.0 with the drop-in for upstreams of fixed address", () => {
    const { status, output } = exposure(copyUnits(undefined, true), service, 10);
    assert.equal(status, 0, output);
  });

  test("finds more where a measure is taken out", () => {
    const { status } = exposure(
      copyUnits((text) => text.replace(/^ProtectSystem=.*$/m, "")),
      service,
      13,
    );
    assert.notEqual(status, 0);
  });
});

test("every directive has its reason above it", () => {
  // What needs none: titles, and what only puts one unit after another.
  const plain = new Set(["Description", "Documentation"]);
  const headers = new Set(["ExecStart="]);
  for (const file of [...units, dropIn]) {
    const missing = readUnit(file)
      .filter(({ name, comment, value }) => comment === "" && !plain.has(name) && !headers.has(name + value))
      .map(({ name }) => name);
    assert.deepEqual(missing, [], file);
  }
});

test("the template says what the service says, of its instance", () => {
  const asTemplate = (value: string) =>
    value
      .replaceAll("codex-responses-api-proxy.socket", "codex-responses-api-proxy@%i.socket")
      .replaceAll("/run/codex-responses-api-proxy/", "/run/codex-responses-api-proxy-%i/")
      .replace("codex-clients", "codex-clients-%i")
      .replace(/^(.*credstore.*)$/, "$1.%i");
  const ofService = readUnit(service)
    .filter(({ name }) => name !== "Description")
    .map(({ name, value }) => `${name}=${asTemplate(value)}`)
    .map((line) => line.replace(/^(RuntimeDirectory=.*)$/, "$1-%i"));
  const ofTemplate = readUnit(template)
    .filter(({ name }) => name !== "Description")
    .map(({ name, value }) => `${name}=${value}`);
  assert.deepEqual(ofTemplate, ofService);
});

test("the command takes the key from the credential that is loaded, and names no other way", () => {
  for (const file of [service, template]) {
    const unit = readUnit(file);
    const [command] = valuesOf(unit, "ExecStart");
    const [credential] = valuesOf(unit, "LoadCredentialEncrypted");
    assert.match(command as string, /^codex-responses-api-proxy --key-credential=openai-api-key /);
    assert.match(credential as string, /^openai-api-key:/);
    assert.deepEqual(valuesOf(unit, "Environment"), []);
  }
});

test("what no group of system calls brings is listed by name, so that it is never missing", { skip }, () => {
  const needed = [
    "memfd_secret",
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
    "seccomp",
  ];
  const filter = valuesOf(readUnit(service), "SystemCallFilter").join(" ").split(" ");
  const { output } = analyze(folder, "syscall-filter", "@system-service");
  const inGroup = new Set(output.split("\n").map((line) => line.trim()));
  assert.ok(inGroup.has("sendfile"), "the list was read");
  for (const call of needed) {
    assert.ok(filter.includes(call), call);
    assert.ok(!inGroup.has(call), `${call} has come into @system-service: say so in the unit`);
  }
});
