// A hostile upstream over plain TCP: whatever it does, the client never sees a clean end of a broken
// answer, the log names phase and cause, nothing stays open, and the next request is served.

import { after, before } from "node:test";
import { type Lane, openLane } from "./lane.ts";
import { testTable } from "./table.ts";

let lane: Lane;

before(async () => {
  lane = await openLane();
});
after(() => lane.close());

testTable("TCP", () => lane);
