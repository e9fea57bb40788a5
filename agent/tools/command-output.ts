// How a finished command reads for the model: as text, or as JSON for models that were trained on that.

import type { CommandResult } from "../execution/executor.ts";
import { truncateOutput } from "./truncate.ts";

/** Which of the two a model is given; see ModelTraits.shellOutput. */
export type CommandOutputForm = "text" | "json";

export type FinishedCommand = Pick<CommandResult, "exitCode" | "output" | "missingLines" | "durationMs"> & {
  readonly isTimedOut?: boolean;
};

/** Write a result for the model. */
export function commandOutput(result: FinishedCommand, form: CommandOutputForm): string {
  const { exitCode, durationMs } = result;
  const { text, totalLines, isTruncated } = truncateOutput(writtenBy(result), result.missingLines);
  // Whole lines are missing from an output of many; of few long ones it is told in front of the text.
  const isCutAtLines = isTruncated && totalLines > 256;
  const counted =
    isTruncated && !(isCutAtLines && form === "text") ? `Total output lines: ${totalLines}\n\n` : "";
  const seconds = Math.round(durationMs / 100) / 10;
  if (form === "json") {
    const output = JSON.stringify(counted + text);
    return `{"output":${output},"metadata":{"exit_code":${exitCode},"duration_seconds":${seconds.toFixed(1)}}}`;
  }
  return [
    `Exit code: ${exitCode}`,
    `Wall time: ${seconds} seconds`,
    ...(isCutAtLines ? [`Total output lines: ${totalLines}`] : []),
    `Output:\n${counted}${text}`,
  ].join("\n");
}

/** The output alone, as far as the model reads it. */
export function shortOutput(result: FinishedCommand): string {
  return truncateOutput(writtenBy(result), result.missingLines).text;
}

function writtenBy({ output, durationMs, isTimedOut }: FinishedCommand): string {
  return isTimedOut === true
    ? `command timed out after ${Math.round(durationMs)} milliseconds\n${output}`
    : output;
}
