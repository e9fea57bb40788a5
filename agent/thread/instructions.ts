// What the model is told of its task before anything else.

import fs from "node:fs";
import type { Config } from "../config/config.ts";
import { AgentError } from "../errors.ts";

const withoutTools = `You are Codex, a coding assistant in a terminal. A developer has sent you one request.

You have no tools in this session: you can neither read files, nor run commands, nor change anything. Work with what the request and its attachments say. Where an answer depends on something that you cannot see, say what you assume and how the developer can check it.

- Answer what was asked, first and directly; leave out introductions and closing offers.
- Be exact about code: complete snippets that can be pasted, with the language's own conventions, and the file they belong to where that is known.
- Name commands and paths in backticks. Use short paragraphs, or lists where there are several points of equal weight.
- Never claim to have run, tested or seen something.`;

/**
 * The instructions of a thread: those of `experimental_instructions_file`, or ours.
 *
 * @throws {AgentError} for a file that cannot be read, or says nothing
 */
export function baseInstructions({
  experimentalInstructionsFile: file,
}: Pick<Config, "experimentalInstructionsFile">): string {
  if (file === undefined) return withoutTools;
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AgentError(`cannot read experimental_instructions_file ${file}: ${code}`, {
      code: "THREAD_INSTRUCTIONS",
      cause,
    });
  }
  if (text.trim() !== "") return text;
  throw new AgentError(`experimental_instructions_file ${file} is empty`, { code: "THREAD_INSTRUCTIONS" });
}
