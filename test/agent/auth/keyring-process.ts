// Uses the system's keyring for a folder. Arguments: the folder, and save, load or remove.

import { apiKeyDocument } from "../../../agent/auth/auth-document.ts";
import { openCredentialStore, saveDocument } from "../../../agent/auth/credential-store.ts";

const [codexHome = "", action] = process.argv.slice(2);
const store = openCredentialStore({ codexHome, store: "keyring", warn: () => {} });
try {
  if (action === "save") {
    await saveDocument(store, apiKeyDocument("sk-in-the-keyring"));
    console.log("saved");
  } else if (action === "remove") {
    console.log(`removed ${await store.remove()}`);
  } else {
    console.log(`loaded ${JSON.stringify(await store.load()) ?? "nothing"}`);
  }
} catch (error) {
  console.log((error as { code?: string }).code);
}
