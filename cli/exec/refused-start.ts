// Why `codex exec` does not begin. Scripts know these lines: they stand alone, without `Error:`.

/** The message goes to stderr as it is; exit status 1. */
export class RefusedStart extends Error {
  override readonly name = "RefusedStart";
}
