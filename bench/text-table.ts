// Results as a table for a terminal: a proxy a line, a figure a column, "median (lowest to highest)".

import type { Figure } from "./measures/measure.ts";
import type { MeasureResult, Row } from "./results.ts";
import type { Summary } from "./statistics.ts";

const number = (value: number, digits: number) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

function cell(summary: Summary | undefined, { digits }: Figure): string {
  if (summary === undefined) return "-";
  const { median, min, max } = summary;
  if (min === max) return number(median, digits);
  return `${number(median, digits)} (${number(min, digits)} to ${number(max, digits)})`;
}

function line(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((text, index) => {
    const width = widths[index] ?? 0;
    return index === 0 ? text.padEnd(width) : text.padStart(width);
  });
  return `${padded.join("  ").trimEnd()}\n`;
}

/** Lay one measure out in columns, title first. */
export function formatMeasure({ title, figures, rows }: MeasureResult): string {
  const head = ["", ...figures.map(({ title, unit }) => (unit === "" ? title : `${title}, ${unit}`))];
  const body = rows.map((row: Row) => [
    row.title,
    ...figures.map((figure) => cell(row.cells[figure.id], figure)),
  ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...body].map((cells) => cells[column]?.length ?? 0)),
  );
  const lines = body.map((cells, index) => {
    const failure = rows[index]?.failure;
    return line(cells, widths) + (failure === undefined ? "" : `  failed: ${failure}\n`);
  });
  return `\n${title}\n${line(head, widths)}${lines.join("")}`;
}
