// What is read out of V8's profiles.

import assert from "node:assert/strict";
import { test } from "node:test";
import { selfTimes } from "../../bench/cpu-profile.ts";

const frame = (functionName: string, url = "", lineNumber = -1) => ({ functionName, url, lineNumber });

const profile = {
  startTime: 1000,
  nodes: [
    { id: 1, callFrame: frame("(idle)") },
    { id: 2, callFrame: frame("forward", "file:///x/dist/proxy/forward.js", 9) },
    { id: 3, callFrame: frame("", "/x/node_modules/undici/lib/a.js", 0) },
  ],
  // Seen at 1010, 1030, 1060, 1100; each for the time until the next.
  samples: [2, 3, 2, 1],
  timeDeltas: [10, 20, 30, 40],
};

test("time goes to the function that was seen, idle time to none", () => {
  assert.deepEqual(selfTimes(profile), [
    { name: "forward proxy/forward.js:10", us: 60 },
    { name: "(anonymous) undici/lib/a.js:1", us: 30 },
  ]);
});

test("what was sampled before or after the load is left out", () => {
  assert.deepEqual(selfTimes(profile, 1020, 1050), [{ name: "(anonymous) undici/lib/a.js:1", us: 30 }]);
});
