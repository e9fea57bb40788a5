// How results look on a terminal.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MeasureResult } from "../../bench/results.ts";
import { formatMeasure } from "../../bench/text-table.ts";

const result: MeasureResult = {
  id: "requests",
  title: "Requests",
  figures: [
    { id: "rate", title: "requests per second", unit: "", digits: 0, better: "higher" },
    { id: "cpu", title: "CPU", unit: "µs", digits: 1, better: "lower" },
  ],
  rows: [
    {
      name: "a",
      title: "one",
      cells: { rate: { median: 12345, min: 9000, max: 20000 }, cpu: { median: 2, min: 2, max: 2 } },
    },
    { name: "b", title: "another", cells: {}, failure: "nobody listens" },
  ],
};

test("a proxy is a line, a figure a column, and the spread stands behind the median", () => {
  assert.equal(
    formatMeasure(result),
    [
      "",
      "Requests",
      "              requests per second  CPU, µs",
      "one      12,345 (9,000 to 20,000)      2.0",
      "another                         -        -",
      "  failed: nobody listens",
      "",
    ].join("\n"),
  );
});
