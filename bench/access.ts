// What it costs to ask who connects: this proxy without and with a rule, in turns. As root, with the
// options of the benchmark; see README.md.

import { newConnections, refusals } from "./measures/access.ts";
import { requestsPlain } from "./measures/requests.ts";
import { parseOptions } from "./options.ts";
import { ours, oursLimited } from "./peers/ours.ts";
import { leaveProxyCore, takePriority } from "./processes.ts";
import { runMeasure } from "./rounds.ts";
import { formatMeasure } from "./text-table.ts";
import { openWorld } from "./world.ts";

if (process.geteuid?.() !== 0) {
  process.stderr.write("root is needed, to connect as another user\n");
  process.exit(2);
}
const options = parseOptions(process.argv.slice(2), { measures: ["access"], peers: ["ours"] });
leaveProxyCore();
if (options.hasPriority) takePriority();
const world = await openWorld();
for (const measure of [newConnections, requestsPlain]) {
  process.stdout.write(
    formatMeasure(await runMeasure(measure, [ours, oursLimited], world, options.rounds, options.scale)),
  );
}
process.stdout.write(
  formatMeasure(await runMeasure(refusals, [oursLimited], world, options.rounds, options.scale)),
);
process.exit();
