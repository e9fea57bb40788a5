// The control of the memory tests: a proxy as one would write it, with the key in a header string
// and no protection. What an attack finds here shows that the attack works.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { Agent, request } from "undici";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const authorization = `Bearer ${input.trim()}`;
const upstreamUrl = process.argv[2] as string;
const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });

const server = http.createServer(async (incoming, response) => {
  const headers = { authorization, "content-type": "application/json" };
  const answer = await request(upstreamUrl, { method: "POST", body: incoming, headers, dispatcher });
  response.writeHead(answer.statusCode);
  answer.body.pipe(response);
});
server.listen(0, "127.0.0.1", () => {
  process.stderr.write(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
