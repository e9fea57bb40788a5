// Runs commands for tools: behind the sandbox of a policy, in the environment that the user allows, killed
// with all that came out of them. Whether a command may run is decided elsewhere (approval/).

import type { SandboxPolicy } from "../sandbox/policy.ts";

export interface CommandRequest {
  /** program and arguments; never empty */
  readonly command: readonly string[];
  /** one of this package's programs by its bare name: found whatever PATH is, and without a profile */
  readonly isOwnProgram?: boolean;
  /** where it runs */
  readonly cwd: string;
  /** working directory of the thread: a writable root, wherever the command runs */
  readonly workspace: string;
  readonly policy: SandboxPolicy;
  /** default: nothing to read */
  readonly stdin?: string;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
  /** what it writes, while it does, cut at no character */
  onOutput?(text: string): void;
}

export interface CommandResult {
  /** 128 + number of the signal for one that was killed, 124 for one that took too long */
  readonly exitCode: number;
  /** both streams in the order of arrival; the middle of what is too much to keep is left out, and says so */
  readonly output: string;
  /** lines that were left out, for truncateOutput() */
  readonly missingLines?: number;
  readonly durationMs: number;
  readonly isTimedOut: boolean;
  readonly isSandboxed: boolean;
}

/** A command with a terminal of its own, which goes on while the model reads and writes. */
export interface TerminalSession {
  readonly pid: number;
  readonly isSandboxed: boolean;
  write(text: string): void;
  /** what it wrote since the last call; resolves after `waitMs`, or as soon as it has ended */
  read(waitMs: number, signal: AbortSignal): Promise<string>;
  /** undefined while it runs */
  readonly exitCode: number | undefined;
  kill(): void;
}

export interface Executor {
  /**
   * Run a command to its end.
   *
   * @throws SandboxError where it cannot be started or no sandbox can be set up; the signal's reason when it
   * is aborted, after the command and its children have been killed
   */
  run(request: CommandRequest): Promise<CommandResult>;
  /** Start a command in a terminal. @throws as run() */
  open(request: Omit<CommandRequest, "stdin" | "timeoutMs">): Promise<TerminalSession>;
}
