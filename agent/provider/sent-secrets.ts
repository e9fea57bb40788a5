// What requests have authenticated with. A service that refuses a key may repeat it in its reason, which is
// shown and lands in logs: it is taken out there, whole, in each way in which it may be written.

import { isSecretPath } from "../config/secret-keys.ts";
import type { Headers } from "./headers.ts";

/** Shorter ones are no keys, and would tear holes into words. */
const leastLength = 8;

export class SentSecrets {
  readonly #forms = new Set<string>();

  /**
   * @param configured - headers of the configuration: it has keys there, and nobody knows which they are
   * @param query - parameters of the address, of which those count that are called like a key
   */
  constructor(configured: Headers, query: Readonly<Record<string, string>> = {}) {
    for (const value of Object.values(configured)) this.add(value);
    for (const [name, value] of Object.entries(query)) {
      if (isSecretPath(["model_providers", "", "query_params", name])) this.add(value);
    }
  }

  /** Remember one more; a header's value counts as a whole and word by word, without its scheme. */
  add(secret: string): void {
    for (const part of [secret, ...secret.split(/\s+/)]) {
      if (part.length < leastLength) continue;
      for (const form of [part, part.replaceAll("/", "\\/"), encodeURIComponent(part)]) this.#forms.add(form);
    }
  }

  /** @returns the words of the service without any of them */
  redacted(words: string): string {
    const longestFirst = [...this.#forms].sort((one, other) => other.length - one.length);
    return longestFirst.reduce((text, form) => text.replaceAll(form, "<redacted>"), words);
  }
}
