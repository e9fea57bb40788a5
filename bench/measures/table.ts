// All measures in the order in which they run and are shown.

import { firstBytePlain, firstByteTls } from "./first-byte.ts";
import type { Measure } from "./measure.ts";
import { memory } from "./memory.ts";
import { requestsPlain, requestsTls } from "./requests.ts";
import { start } from "./start.ts";
import { streamsPlain, streamsTls } from "./streams.ts";

export const measures: readonly Measure[] = [
  firstBytePlain,
  firstByteTls,
  streamsPlain,
  streamsTls,
  requestsPlain,
  requestsTls,
  memory,
  start,
];
