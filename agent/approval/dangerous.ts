// Commands that destroy what may be wanted, and so are asked about under on-request even in the sandbox. A
// warning, not a wall: what is not found here is still in the sandbox.

/** Whether a command removes files by force or throws work away. */
export async function isDangerous(command: readonly string[]): Promise<boolean> {
  return isDangerousProgram(command);
}

function isDangerousProgram([program, ...args]: readonly string[]): boolean {
  switch (program) {
    case "rm":
      return args.some((arg) => arg === "--force" || /^-[^-]*f/.test(arg));
    case "git":
      return args[0] === "reset" || args[0] === "rm";
    case "sudo":
      return isDangerousProgram(args);
    default:
      return false;
  }
}
