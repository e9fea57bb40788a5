// A proxy in node:http and undici's dispatch, the shortest way from one to the other. The key is on
// stdin. It checks nothing.
//
//   node plain-node-server.js PORT UPSTREAM_PORT [CA_FILE]

import { readFileSync } from "node:fs";
import http from "node:http";
import { Pool } from "undici";

const [port, upstreamPort, caFile = ""] = process.argv.slice(2);
const authorization = `Bearer ${readFileSync(0, "utf8").trim()}`;
const isTls = caFile !== "";
const pool = new Pool(`${isTls ? "https://localhost" : "http://127.0.0.1"}:${upstreamPort}`, {
  connections: null,
  headersTimeout: 0,
  bodyTimeout: 0,
  ...(isTls ? { connect: { ca: readFileSync(caFile) } } : {}),
});

const server = http.createServer((request, response) => {
  const headers = ["authorization", authorization];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = (request.rawHeaders[i] as string).toLowerCase();
    if (name !== "host" && name !== "connection") headers.push(name, request.rawHeaders[i + 1] as string);
  }
  let abort = () => {};
  response.once("close", () => {
    if (!response.writableFinished) abort();
  });
  pool.dispatch(
    { path: "/v1/responses", method: "POST", headers, body: request },
    {
      onRequestStart: (controller) => {
        abort = () => controller.abort(new Error("the client has gone"));
        response.on("drain", () => controller.resume());
      },
      onResponseStart: (_controller, status, received) => {
        const { "transfer-encoding": _coding, connection: _connection, ...passed } = received;
        response.writeHead(status, passed).flushHeaders();
      },
      onResponseData: (controller, chunk) => {
        if (!response.write(chunk)) controller.pause();
      },
      onResponseEnd: () => {
        response.end();
      },
      onResponseError: () => {
        if (response.headersSent) response.destroy();
        else response.writeHead(502).end();
      },
    },
  );
});
server.listen(Number(port), "127.0.0.1", 4096);
