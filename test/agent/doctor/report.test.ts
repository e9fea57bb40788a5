import assert from "node:assert/strict";
import { test } from "node:test";
import type { Check } from "../../../agent/doctor/check.ts";
import { formatJson, formatReport } from "../../../agent/doctor/report.ts";

const checks: readonly Check[] = [
  {
    id: "runtime.node",
    category: "node",
    status: "ok",
    summary: "Node 24.11.0",
    details: { version: "24.11.0" },
  },
  {
    id: "auth.credentials",
    category: "auth",
    status: "fail",
    summary: "not logged in\nat all",
    details: { files: [], list: ["a", "b"] },
    remediation: "codex login",
  },
];
const plain = { hasDetails: false, isSummary: false, isColoured: false };

test("people get a line a check, what to do below it, and a count", () => {
  assert.equal(
    formatReport(checks, plain),
    `ok    node  Node 24.11.0
fail  auth  not logged in
            at all
            fix: codex login

1 ok, 0 warn, 1 fail
`,
  );
});

test("details are shown on request, and a summary is lines alone", () => {
  assert.equal(
    formatReport(checks, { ...plain, hasDetails: true }),
    `ok    node  Node 24.11.0
            version: 24.11.0
fail  auth  not logged in
            at all
            files: none
            list: a
            list: b
            fix: codex login

1 ok, 0 warn, 1 fail
`,
  );
  assert.doesNotMatch(formatReport(checks, { ...plain, isSummary: true }), /fix:/);
});

test("the status is coloured and nothing else", () => {
  const [first] = formatReport(checks, { ...plain, isColoured: true }).split("\n");
  assert.equal(first, "\u001b[32mok  \u001b[0m  node  Node 24.11.0");
});

test("text from files and variables cannot steer the terminal", () => {
  const check: Check = {
    id: "x",
    category: "x",
    status: "ok",
    summary: "a\u001b]0;title\u0007b\u202e",
    details: {},
  };
  assert.match(formatReport([check], plain), /a␛\]0;title␇b\ufffd\n/);
});

test("programs get the shape of the original's report", () => {
  assert.deepEqual(JSON.parse(formatJson(checks, "0.1.0", new Date(1_795_364_400_999))), {
    schemaVersion: 1,
    generatedAt: "1795364400s since unix epoch",
    overallStatus: "fail",
    codexVersion: "0.1.0",
    checks: {
      "runtime.node": {
        id: "runtime.node",
        category: "node",
        status: "ok",
        summary: "Node 24.11.0",
        details: { version: "24.11.0" },
        remediation: null,
      },
      "auth.credentials": {
        id: "auth.credentials",
        category: "auth",
        status: "fail",
        summary: "not logged in\nat all",
        details: { files: [], list: ["a", "b"] },
        remediation: "codex login",
      },
    },
  });
});
