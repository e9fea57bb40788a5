// What a patch says, before anybody has looked at a file.

/** One line of a chunk: kept as it is in the file, taken out, or put in. */
export interface ChunkLine {
  readonly kind: "keep" | "remove" | "insert";
  readonly text: string;
}

/** One place in a file and what happens there. */
export interface Chunk {
  /** lines to look for first, one after the other; the chunk's own lines come after the last of them */
  readonly contexts: readonly string[];
  readonly lines: readonly ChunkLine[];
  /** the kept and removed lines are the last ones of the file */
  readonly isAtEnd: boolean;
}

/** One file of the patch. Paths are as written: relative ones count from the working directory. */
export type Section =
  | { readonly kind: "add"; readonly path: string; readonly content: string }
  | { readonly kind: "delete"; readonly path: string }
  | {
      readonly kind: "update";
      readonly path: string;
      readonly moveTo: string | undefined;
      readonly chunks: readonly Chunk[];
    };

/** A patch that follows the grammar. */
export interface Patch {
  /** from `*** Begin Patch` to `*** End Patch`, without a here-document around it */
  readonly text: string;
  readonly sections: readonly Section[];
}
