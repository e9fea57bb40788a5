// Writes auth.json over and over, until somebody kills it. Argument: the folder.

import { apiKeyDocument } from "../../../agent/auth/auth-document.ts";
import { saveDocument } from "../../../agent/auth/credential-store.ts";
import { openFileStore } from "../../../agent/auth/file-store.ts";

const store = openFileStore(process.argv[2] ?? "", () => {});
console.log("begins");
for (;;) {
  await saveDocument(store, apiKeyDocument("a".repeat(20_000)));
  await saveDocument(store, apiKeyDocument("b".repeat(30_000)));
}
