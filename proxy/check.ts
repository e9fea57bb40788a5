// What --check prints: one line a measure, or JSON for tools.

import type { Measure } from "../hardening/measures.ts";

/** Lay the measures out in columns: state, name, what was found, what it stops. Or as one JSON array. */
export function formatMeasures(measures: readonly Measure[], asJson: boolean): string {
  if (asJson) {
    const rows = measures.map(({ name, state, reason, stops }) => ({ name, state, reason, stops }));
    return `${JSON.stringify(rows, null, 2)}\n`;
  }
  const width = (pick: (measure: Measure) => string) =>
    Math.max(...measures.map((measure) => pick(measure).length));
  const state = width((measure) => measure.state);
  const name = width((measure) => measure.name);
  const reason = width((measure) => measure.reason);
  return measures
    .map(
      (measure) =>
        `${measure.state.padEnd(state)}  ${measure.name.padEnd(name)}  ` +
        `${measure.reason.padEnd(reason)}  stops: ${measure.stops}\n`,
    )
    .join("");
}
