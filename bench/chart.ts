// Draws the figures that decide as bars, in one SVG that reads on light and dark pages alike.

import type { Figure } from "./measures/measure.ts";
import type { MeasureResult } from "./results.ts";

/** What is drawn: measure and figure, with a title that stands alone. */
const panels = [
  ["streams", "cpu", "CPU per streamed event, µs"],
  ["streams", "delayP50", "Delay of an event, p50, ms (200 streams)"],
  ["streams", "delayP99", "Delay of an event, p99, ms (200 streams)"],
  ["first-byte", "byteP50", "First byte of one client, p50, µs"],
  ["requests", "rate", "Requests per second on one core (more is better)"],
  ["requests", "cpu", "CPU per request of 4 KB, µs"],
  ["memory", "rest", "Resident memory at rest, MiB"],
  ["memory", "per5000", "Memory per open stream, KiB (5,000 streams)"],
  ["start", "ms", "Start to the first answer, ms"],
] as const;

const rowHeight = 20;
const panelHead = 34;
const nameWidth = 220;
const barWidth = 360;
const width = nameWidth + barWidth + 110;

interface Bar {
  readonly name: string;
  readonly title: string;
  readonly value: number;
}

const escapeText = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

function label(value: number, { digits }: Figure): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Where the scale ends: a bar far beyond the others is cut, or nothing else could be seen. */
export function scaleEnd(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return Math.min(sorted.at(-1) ?? 0, middle * 6);
}

function drawBar({ name, title, value }: Bar, y: number, end: number, figure: Figure): string {
  const isCut = value > end;
  const length = Math.max(1, Math.round((Math.min(value, end) / end) * barWidth));
  const cut = isCut ? `<path class="cut" d="M${nameWidth + length - 16} ${y + 16} l6 -14 h4 l-6 14 z"/>` : "";
  return (
    `<text class="name" x="${nameWidth - 8}" y="${y + 13}">${escapeText(title)}</text>` +
    `<rect class="${name === "ours" ? "ours" : "other"}" x="${nameWidth}" y="${y + 3}" width="${length}" height="13"/>` +
    `${cut}<text x="${nameWidth + length + 6}" y="${y + 13}">${label(value, figure)}</text>\n`
  );
}

function drawPanel(title: string, bars: readonly Bar[], top: number, figure: Figure): string {
  const end = scaleEnd(bars.map(({ value }) => value));
  const rows = bars.map((bar, index) => drawBar(bar, top + panelHead + index * rowHeight, end, figure));
  return `<text class="title" x="0" y="${top + 24}">${escapeText(title)}</text>\n${rows.join("")}`;
}

/** @returns an SVG document; panels of which nothing was measured are left out */
export function drawChart(measures: readonly MeasureResult[]): string {
  let drawn = "";
  let top = 0;
  for (const [measureId, figureId, title] of panels) {
    const measure = measures.find(({ id }) => id === measureId);
    const figure = measure?.figures.find(({ id }) => id === figureId);
    if (measure === undefined || figure === undefined) continue;
    const bars = measure.rows.flatMap((row): Bar[] => {
      const summary = row.cells[figureId];
      return summary === undefined ? [] : [{ name: row.name, title: row.title, value: summary.median }];
    });
    drawn += drawPanel(title, bars, top, figure);
    top += panelHead + bars.length * rowHeight + 8;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}">
<title>This proxy beside others, medians of one run</title>
<style>
  text { font: 12px system-ui, sans-serif; fill: #222 }
  .title { font-weight: 600; font-size: 13px }
  .name { text-anchor: end }
  .ours { fill: #0a7d5a }
  .other { fill: #a9b3bc }
  .cut { fill: #fff }
</style>
<rect width="100%" height="100%" fill="#fff"/>
${drawn}</svg>
`;
}
