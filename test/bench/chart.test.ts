// The chart of a run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { drawChart, scaleEnd } from "../../bench/chart.ts";
import type { MeasureResult } from "../../bench/results.ts";

const start: MeasureResult = {
  id: "start",
  title: "Start",
  figures: [{ id: "ms", title: "time", unit: "ms", digits: 0, better: "lower" }],
  rows: [
    { name: "ours", title: "this & that", cells: { ms: { median: 20, min: 1, max: 30 } } },
    { name: "b", title: "b", cells: { ms: { median: 10, min: 10, max: 10 } } },
    { name: "c", title: "c", cells: {}, failure: "nobody listens" },
  ],
};

test("every proxy that was measured has a bar as long as its median, and no other", () => {
  const svg = drawChart([start]);
  const widths = [...svg.matchAll(/<rect class="(\w+)" [^>]* width="(\d+)" height/g)].map((match) =>
    match.slice(1),
  );
  assert.deepEqual(widths, [
    ["ours", "360"],
    ["other", "180"],
  ]);
});

test("names cannot break the document", () => {
  assert.match(drawChart([start]), />this &amp; that</);
});

test("a value far beyond the others does not flatten them", () => {
  assert.equal(scaleEnd([1, 2, 3]), 3);
  assert.equal(scaleEnd([1, 2, 1000]), 12);
});
