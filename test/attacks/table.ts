// Runs rows, keeps what came of them, and prints the one table that they all end up in.

import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, test } from "node:test";
import { judgePair, type Outcome, type Row } from "./outcome.ts";
import type { World } from "./world.ts";

interface Finished {
  readonly row: Row;
  readonly control: Outcome;
  readonly proxy: Outcome;
}

const finished: Finished[] = [];

/** Make a test of every row: against the control and the proxy, at the same time where they cannot be mixed up. */
export function testRows(group: string, rows: readonly Row[], world: () => World, skip: string | false) {
  describe(group, () => {
    for (const row of rows) {
      const name = `${row.attack}, by ${row.attacker}: the control ${says(row.control)}, the proxy ${says(row.proxy)}`;
      test(name, { skip: skip || world().skipReason(row.attacker) }, async (t) => {
        const controlRun = row.run("control", world());
        if (row.isSequential) await controlRun;
        const [control, proxy] = await Promise.all([controlRun, row.run("proxy", world())]);
        finished.push({ row, control, proxy });
        if (isImpossible(control) && isImpossible(proxy)) return t.skip(control);
        assert.deepEqual({ control, proxy }, { control: row.control, proxy: row.proxy });
      });
    }
  });
}

function isImpossible(outcome: Outcome): boolean {
  return outcome.startsWith("not possible here: ");
}

function says(outcome: Outcome): string {
  return `answers "${outcome}"`;
}

/** The table of all rows that have run, in markdown. */
export function formatTable(): string {
  const lines = finished.map(({ row, control, proxy }) =>
    [row.attack, row.attacker, control, proxy, judgePair(control, proxy)].join(" | "),
  );
  return [
    "| attack | attacker | control | proxy | result |",
    "| --- | --- | --- | --- | --- |",
    ...lines.map((line) => `| ${line} |`),
    "",
  ].join("\n");
}

/** Print the table, and write it to the file that ATTACK_TABLE names. */
export function publishTable(): void {
  const table = formatTable();
  console.log(table);
  const file = process.env.ATTACK_TABLE;
  if (file !== undefined && file !== "") fs.writeFileSync(file, table);
}
