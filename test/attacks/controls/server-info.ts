// A third control: plain Node that writes a file which clients are to read, as one would.
//
//   CONTROL_SERVER_INFO=FILE server-info

import fs from "node:fs";

const file = process.env.CONTROL_SERVER_INFO as string;
fs.writeFileSync(file, '{"port":1}\n');
process.stderr.write("listening on 127.0.0.1:1\n");
setInterval(() => {}, 1000);
