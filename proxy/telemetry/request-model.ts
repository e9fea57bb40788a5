// The model that a request asks for: the member `model` of its body, read while it passes.

import { JsonMembers } from "./json-members.ts";
import { plainText } from "./plain-text.ts";

const maxModelLength = 64;

/** What stands for a model where a body names several: readers differ in which one they take. */
export const severalModels = "(several)";

export class RequestModel {
  #model: string | undefined;
  #count = 0;
  readonly #members = new JsonMembers({ model: 0 }, (_, value) => {
    this.#count++;
    this.#model = typeof value === "string" ? plainText(value, maxModelLength) : undefined;
  });

  /** what was found so far, harmless and short; undefined for none */
  get model(): string | undefined {
    return this.#count > 1 ? severalModels : this.#model;
  }

  /** To the end of the body: a second one counts too. */
  push(chunk: Buffer): void {
    this.#members.push(chunk);
  }
}
