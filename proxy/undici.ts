// The parts of undici that the proxy uses, by their files: the package's index would load fetch,
// WebSocket, caches and mocks into the process with the key, 8 MB and 60 ms of them.

import { createRequire } from "node:module";
import type undici from "undici";

const require = createRequire(import.meta.url);

export const Pool = require("undici/lib/dispatcher/pool.js") as typeof undici.Pool;
export const Client = require("undici/lib/dispatcher/client.js") as typeof undici.Client;
export const buildConnector = require("undici/lib/core/connect.js") as typeof undici.buildConnector;
