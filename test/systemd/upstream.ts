// An upstream that knows the test key, in the network of whoever starts it. Prints its URL; ends with stdin.

import { startMockUpstream } from "../mock/upstream.ts";
import { testKey } from "../proxy-process.ts";

const upstream = await startMockUpstream({ expectedKey: testKey });
process.stdout.write(`${upstream.url}\n`);
process.stdin.resume().on("end", () => process.exit(0));
