// Connects each client to the upstream and copies bytes both ways. It knows nothing of HTTP.
//
//   node relay-server.js PORT UPSTREAM_PORT [CA_FILE]

import { readFileSync } from "node:fs";
import net, { type Socket } from "node:net";
import tls from "node:tls";

const [port, upstreamPort, caFile = ""] = process.argv.slice(2);
const secureContext = caFile === "" ? undefined : tls.createSecureContext({ ca: readFileSync(caFile) });

function connect(): Socket {
  if (secureContext === undefined)
    return net.connect({ port: Number(upstreamPort), host: "127.0.0.1", noDelay: true });
  const socket = tls.connect({
    port: Number(upstreamPort),
    host: "127.0.0.1",
    servername: "localhost",
    secureContext,
  });
  return socket.setNoDelay(true);
}

function copy(from: Socket, to: Socket): void {
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
}

const server = net.createServer({ noDelay: true }, (client) => {
  const upstream = connect();
  copy(client, upstream);
  copy(upstream, client);
});
server.listen(Number(port), "127.0.0.1", 4096);
