// Was it the sandbox? The kernel tells the command, not us, that something was denied, so this is a guess
// from what the command said of it, and it decides nothing but whether to offer a run without a sandbox.

/** How a command ended, and what it wrote. */
export interface FailedCommand {
  readonly isSandboxed: boolean;
  /** 128 + the number of a signal for one that was killed */
  readonly exitStatus: number;
  /** both streams */
  readonly output: string;
}

const words = [
  "operation not permitted",
  "permission denied",
  "read-only file system",
  "seccomp",
  "sandbox",
  "landlock",
  "failed to write file",
];

// A filter may kill instead of refusing.
const badSystemCall = 128 + 31;

/** Whether the sandbox is the likely reason of a failure. */
export function isLikelySandboxDenial({ isSandboxed, exitStatus, output }: FailedCommand): boolean {
  if (!isSandboxed || exitStatus === 0) return false;
  const text = output.toLowerCase();
  return words.some((word) => text.includes(word)) || exitStatus === badSystemCall;
}

// What the kernel's answers read like in the messages of programs.
const refusal = /permission denied|operation not permitted|read-only file system|\bE(ACCES|PERM|ROFS)\b/i;

/** Lines of a text that tell of a refusal, each once, in their order. */
export function refusalLines(text: string): string[] {
  return [...new Set(text.split(/\r?\n/).filter((line) => refusal.test(line)))];
}
