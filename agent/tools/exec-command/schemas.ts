// What the model is told of exec_command and write_stdin.

const yieldTime = (defaultMs: number) => ({
  type: "number",
  description: `How long to wait for output, in milliseconds (default ${defaultMs}, 250 to 30000)`,
});

const maxOutputTokens = {
  type: "number",
  description: "Of more output than so many tokens the middle is left out (default 10000)",
} as const;

const sessionNote =
  "If it is still running after `yield_time_ms`, the result has a `session_id` to go on with; else an `exit_code`.";

export const execCommandSchema = {
  type: "function",
  name: "exec_command",
  description: `Run a shell command in a terminal of its own. ${sessionNote}`,
  strict: false,
  parameters: {
    type: "object",
    properties: {
      cmd: { type: "string", description: "The command line" },
      justification: {
        type: "string",
        description: "With with_escalated_permissions alone: one sentence for the user, why it is needed",
      },
      login: { type: "boolean", description: "Whether the shell is a login shell (default true)" },
      max_output_tokens: maxOutputTokens,
      shell: { type: "string", description: "The shell to run it in (default /bin/bash)" },
      with_escalated_permissions: {
        type: "boolean",
        description: "Ask to run it outside of the sandbox, where it cannot work inside",
      },
      workdir: {
        type: "string",
        description: "The directory to run it in; a relative one starts at the session's working directory",
      },
      yield_time_ms: yieldTime(10_000),
    },
    required: ["cmd"],
    additionalProperties: false,
  },
} as const;

export const writeStdinSchema = {
  type: "function",
  name: "write_stdin",
  description: `Type into the terminal of a running command, and see what it shows then. ${sessionNote}`,
  strict: false,
  parameters: {
    type: "object",
    properties: {
      chars: {
        type: "string",
        description: "What is typed, such as \\n, or \\u0003 for Ctrl-C; nothing to only look (default)",
      },
      max_output_tokens: maxOutputTokens,
      session_id: { type: "number", description: "Of the command, as its result has it" },
      yield_time_ms: yieldTime(250),
    },
    required: ["session_id"],
    additionalProperties: false,
  },
} as const;
