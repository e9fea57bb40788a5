// A patch, the files before it, and what becomes of them: run against ours, and against the originals.

/** Paths to contents; null for an empty directory, an object for a link. */
export type Files = Readonly<Record<string, string | Uint8Array | null | { readonly link: string }>>;

/** What a program makes of a patch: it says so and leaves these files, or it refuses and leaves all as it was. */
export type Outcome =
  | { readonly says: readonly string[]; readonly after: Files }
  | { readonly error: string; readonly after?: Files };

export interface PatchCase {
  /** a full sentence that the case proves */
  readonly title: string;
  readonly before: Files;
  readonly patch: string;
  readonly outcome: Outcome;
  /** what an original does instead; undefined where it does the same */
  readonly reference?: Outcome | undefined;
  readonly newest?: Outcome | undefined;
}

/** A patch around these lines. */
export function patchOf(...lines: readonly string[]): string {
  return ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
}

/** A patch that updates the file `f`. */
export function update(...lines: readonly string[]): string {
  return patchOf("*** Update File: f", ...lines);
}

/** The update of `f` to this text. */
export function becomes(text: string | Uint8Array): Outcome {
  return { says: ["M f"], after: { f: text } };
}

export function refused(error: string): Outcome {
  return { error };
}

/** A case with the file `f` and an update of it. */
export function edit(
  title: string,
  before: string,
  lines: readonly string[],
  outcome: Outcome | string,
  originals: Pick<PatchCase, "reference" | "newest"> = {},
): PatchCase {
  return {
    title,
    before: { f: before },
    patch: update(...lines),
    outcome: typeof outcome === "string" ? becomes(outcome) : outcome,
    ...originals,
  };
}

export function both(outcome: Outcome): Pick<PatchCase, "reference" | "newest"> {
  return { reference: outcome, newest: outcome };
}
