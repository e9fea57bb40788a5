// The control of the memory tests of rotation: the same job by ordinary means. Given a path it listens
// there and keeps the key that it is sent, as a proxy would; else it sends the key that stdin holds.

import http from "node:http";

const [role, path = ""] = process.argv.slice(2);
const keys: string[] = [];

if (role === "receive") {
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    keys.push(body.trim());
    response.end("{}");
  });
  server.listen(path, () => process.stderr.write("listening on 127.0.0.1:1\n")); // what startProxy waits for
} else {
  for await (const chunk of process.stdin) keys.push(String(chunk).trim());
  const request = http.request({ socketPath: path, path: "/rotate", method: "POST" });
  request.end(keys[0]);
  request.on("error", () => {});
  process.stderr.write("listening on 127.0.0.1:1\n");
}
setInterval(() => keys.length, 1000);
