// What is known of models, as data: the first row whose prefix fits.

export interface ModelTraits {
  /** takes `reasoning`, and answers with summaries of it */
  readonly reasons: boolean;
  /** takes `text.verbosity` */
  readonly takesVerbosity: boolean;
}

const rows: readonly (readonly [prefix: string, traits: ModelTraits])[] = [
  ["gpt-5-codex", { reasons: true, takesVerbosity: false }],
  ["gpt-5", { reasons: true, takesVerbosity: true }],
  ["gpt-6", { reasons: true, takesVerbosity: true }],
  ["codex-", { reasons: true, takesVerbosity: false }],
  ["test-gpt-5", { reasons: true, takesVerbosity: false }],
  ["o3", { reasons: true, takesVerbosity: false }],
  ["o4-mini", { reasons: true, takesVerbosity: false }],
];

/** Traits of a model; those of an unknown one are the least that every model has. */
export function modelTraits(model: string): ModelTraits {
  return rows.find(([prefix]) => model.startsWith(prefix))?.[1] ?? { reasons: false, takesVerbosity: false };
}
