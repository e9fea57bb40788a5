// The second control: like the first, but with Node's own ways upstream and its TLS verification, so
// that what the starter puts into the environment has its effect. Plain Node, no dependency.
//
//   plain-proxy URL; PLAIN_PROXY_CLIENT=fetch (default) or http

import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const authorization = `Bearer ${input.trim()}`;
const upstreamUrl = new URL(process.argv[2] as string);
const headers = { authorization, "content-type": "application/json" };

async function byFetch(): Promise<number> {
  const answer = await fetch(upstreamUrl, { method: "POST", headers, body: "{}" });
  await answer.text();
  return answer.status;
}

function byHttp(): Promise<number> {
  const { request } = upstreamUrl.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const outgoing = request(upstreamUrl, { method: "POST", headers }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode ?? 0));
    });
    outgoing.on("error", reject).end("{}");
  });
}

const server = http.createServer(async (incoming, response) => {
  incoming.resume();
  try {
    response.writeHead(await (process.env.PLAIN_PROXY_CLIENT === "http" ? byHttp() : byFetch())).end();
  } catch {
    response.writeHead(502).end();
  }
});
server.listen(0, "127.0.0.1", () => {
  process.stderr.write(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});

// As a service does, so that what Node writes at its end is written.
process.on("SIGTERM", () => process.exit(0));
