// Which variables of an environment look like a key. Wrong guesses cost little: the names are printed,
// and --keep keeps one. What looks like nothing known passes: this is care, not a guarantee.

// Words that stand anywhere in a name, also without an underscore.
const anywhere =
  /SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|AUTHORIZATION/;

// Words between underscores. TOKENS is a number more often than a secret; PWD alone is a folder.
const words = /(^|_)(TOKEN|PAT|JWT|BEARER|COOKIE|PASS|AUTH)(_|$)|(^|_)KEYS?$|_PWD$/;

// Paths and programs that carry such a word.
const harmless = new Set(["SSH_AUTH_SOCK", "XAUTHORITY"]);

const values = [
  /\bsk-[A-Za-z0-9_-]{16,}/, // OpenAI, Anthropic and others
  /\b(gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,})/,
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bAIza[A-Za-z0-9_-]{35}/,
  /\bya29\.[A-Za-z0-9_-]{20,}/,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/,
  /\b(npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}|hf_[A-Za-z0-9]{20,}|dop_v1_[a-f0-9]{64})/,
  /\b[rs]k_(live|test)_[A-Za-z0-9]{16,}/,
  /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\./, // a JSON Web Token
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /:\/\/[^/\s:@]*:[^/\s@]+@/, // a URL with a password
  /(^|;)\s*(AccountKey|SharedAccessKey|Password|Pwd)=[^;\s]/i, // a connection string
];

/** Whether a variable looks like a key, by its name or by its value. */
export function looksLikeKey(name: string, value: string): boolean {
  const upper = name.toUpperCase();
  if (value === "") return false;
  if (!harmless.has(upper) && (anywhere.test(upper) || words.test(upper))) return true;
  return values.some((pattern) => pattern.test(value));
}

/**
 * Leave out what looks like a key.
 *
 * @param keep - names that stay whatever they look like
 * @returns the rest, and the names that were left out, sorted
 */
export function withoutKeys(
  environment: NodeJS.ProcessEnv,
  keep: ReadonlySet<string>,
): { readonly rest: NodeJS.ProcessEnv; readonly removed: readonly string[] } {
  const entries = Object.entries(environment);
  const removed = entries.flatMap(([name, value]) =>
    !keep.has(name) && looksLikeKey(name, value ?? "") ? [name] : [],
  );
  const gone = new Set(removed);
  return {
    rest: Object.fromEntries(entries.filter(([name]) => !gone.has(name))),
    removed: removed.toSorted(),
  };
}
