// The part of undici that the proxy uses, by its file: the package's index would load fetch,
// WebSocket, caches and mocks into the process with the key, 8 MB and 60 ms of them.

import { createRequire } from "node:module";
import type undici from "undici";

const require = createRequire(import.meta.url);

export const Client = require("undici/lib/dispatcher/client.js") as typeof undici.Client;
export type Client = undici.Client;
