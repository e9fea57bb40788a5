// The version in package.json, the only place where it is written.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Read from the package that this file is built into: dist/proxy/ lies two folders below it. */
export const version: string = require("../../package.json").version;
