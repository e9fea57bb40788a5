// What happens when nobody reads the output any more, or it cannot be written: the process ends, unless a
// command has something to bring to an end first.

type Handler = (exitStatus: number) => void;

let current: Handler | undefined;

/**
 * Take over the end of the process.
 *
 * @param handler - gets the status to exit with; called once at most
 * @returns gives it back
 */
export function endWithClosedOutput(handler: Handler): () => void {
  current = handler;
  return () => {
    if (current === handler) current = undefined;
  };
}

/** @returns whether a command ends the process itself */
export function outputIsClosed(exitStatus: number): boolean {
  const handler = current;
  handler?.(exitStatus);
  return handler !== undefined;
}
