// The same examples in every run, so that a failure is there again when it is looked at. Other ones:
// PROPERTY_SEED=1 PROPERTY_RUNS=100000.

import fc from "fast-check";

fc.configureGlobal({
  seed: Number(process.env.PROPERTY_SEED ?? 9110),
  numRuns: Number(process.env.PROPERTY_RUNS ?? 2000),
});

/** For properties whose every example starts a program. */
export const runsOfPrograms = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 2000) / 10);

export { fc };
