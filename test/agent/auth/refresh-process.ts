// A process that opens the credentials of a folder and prints the bearer that it would send: for tests in
// which many of them run at once. Arguments: the folder, the URL of the refresh endpoint.

import { openCredentials } from "../../../agent/auth/credentials.ts";

const [codexHome = "", refreshUrl = "", usedBearer] = process.argv.slice(2);
const credentials = await openCredentials({
  codexHome,
  store: "file",
  environment: { CODEX_REFRESH_TOKEN_URL_OVERRIDE: refreshUrl },
  usesApiKeyVariable: false,
  warn: (message) => console.error(message),
});
if (usedBearer !== undefined) await credentials.refreshAfter401(usedBearer);
console.log((await credentials.authorize())?.bearer);
