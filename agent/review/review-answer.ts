// What a reviewing model answers: one JSON object by its instructions, and whatever it says instead. No
// answer is lost: what is no review is shown as it is.

import { type JsonObject, objectOf, parseObject } from "../json-object.ts";

export interface Finding {
  readonly title: string;
  readonly body: string;
  /** absolute path and lines, where the model named them */
  readonly place?: { readonly path: string; readonly firstLine: number; readonly lastLine: number };
}

export interface Review {
  readonly findings: readonly Finding[];
  /** the text of an answer that is no review stands here, too */
  readonly explanation: string;
}

/** Read the last message of a review. */
export function parseReview(message: string): Review {
  const whole = parseObject(message) ?? parseObject(between(message));
  if (whole === undefined) return { findings: [], explanation: message.trim() };
  const findings = Array.isArray(whole.findings)
    ? whole.findings.map(objectOf).filter((item) => item !== undefined)
    : undefined;
  const explanation = textOf(whole.overall_explanation);
  if (findings === undefined && explanation === "") return { findings: [], explanation: message.trim() };
  return { findings: (findings ?? []).map(findingOf), explanation };
}

/** From the first brace to the last: models put words or fences around what they were asked for. */
function between(message: string): string {
  return message.slice(Math.max(0, message.indexOf("{")), message.lastIndexOf("}") + 1);
}

function findingOf(item: JsonObject): Finding {
  const location = objectOf(item.code_location);
  const lines = objectOf(location?.line_range);
  const path = textOf(location?.absolute_file_path);
  const [firstLine, lastLine] = [lines?.start, lines?.end];
  const isPlaced = path !== "" && typeof firstLine === "number" && typeof lastLine === "number";
  return {
    title: textOf(item.title) || "(no title)",
    body: textOf(item.body),
    ...(isPlaced && { place: { path, firstLine, lastLine } }),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

/** A review for people, in the form that the original prints and scripts read. */
export function reviewText({ findings, explanation }: Review): string {
  const heading = findings.length === 1 ? "Review comment:" : "Full review comments:";
  const list = findings.map(({ title, body, place }) => {
    const where = place === undefined ? "" : ` — ${place.path}:${place.firstLine}-${place.lastLine}`;
    return [`- ${title}${where}`, ...body.split("\n").map((line) => `  ${line}`)].join("\n");
  });
  const parts = [explanation, ...(findings.length > 0 ? [heading, ...list] : [])];
  return parts.filter((part) => part !== "").join("\n\n") || "The reviewing model gave no answer.";
}
