// Puts the tables of docs/config.md in place: node dist/docs/write-config-reference.js docs/config.md

import { readFileSync, writeFileSync } from "node:fs";
import { configReference } from "./config-reference.ts";

const path = process.argv[2];
if (path === undefined) throw new Error("which file?");
const text = readFileSync(path, "utf8");
const start = "<!-- keys: made by docs/write-config-reference.ts -->\n";
const end = "<!-- end of keys -->\n";
const from = text.indexOf(start) + start.length;
const to = text.indexOf(end);
if (from < start.length || to < from) throw new Error(`${path} lacks the marks of the tables`);
writeFileSync(path, `${text.slice(0, from)}\n${configReference()}\n${text.slice(to)}`);
