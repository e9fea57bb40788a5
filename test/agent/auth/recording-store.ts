// A store without a login that remembers what was saved to it.

import type { CredentialStore } from "../../../agent/auth/credential-store.ts";

/** @param saved - gets each document that is saved */
export function recordingStore(saved: unknown[]): CredentialStore {
  return {
    load: async () => undefined,
    beginSave: async () => ({
      abandon: async () => {},
      commit: async (document) => {
        saved.push(document);
      },
    }),
    remove: async () => false,
  };
}
