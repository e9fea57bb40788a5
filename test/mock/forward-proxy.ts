// A forward proxy as companies run them: it opens tunnels, writes down what it was asked, and keeps a
// copy of all bytes that pass, to show what it can see.

import http from "node:http";
import https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";
import type { Credentials } from "./certificate.ts";

export interface MockForwardProxy {
  readonly url: string;
  /** request line and Host header of each CONNECT */
  readonly asked: readonly string[];
  /** everything that clients sent through, as latin1 */
  readonly seen: () => string;
  close(): Promise<void>;
}

export interface MockForwardProxyOptions {
  readonly tls?: Credentials;
  /** answer each CONNECT with this status instead of a tunnel */
  readonly refuseWith?: number;
  /** whatever host is asked for, this port of loopback is what is behind the tunnel */
  readonly leadsToPort?: number;
}

/** Start one on a free loopback port. */
export async function startMockForwardProxy(
  options: MockForwardProxyOptions = {},
): Promise<MockForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let seen = "";
  const server = options.tls ? https.createServer(options.tls) : http.createServer();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("connect", (request, client: Socket) => {
    asked.push(`${request.method} ${request.url} ${request.headers.host}`);
    client.on("error", () => {});
    if (options.refuseWith !== undefined) {
      client.end(`HTTP/1.1 ${options.refuseWith} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const target = new URL(`http://${request.url}`);
    const { leadsToPort } = options;
    const port = leadsToPort ?? Number(target.port);
    const upstream = net.connect(port, leadsToPort === undefined ? target.hostname : "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.on("data", (bytes) => {
        seen += bytes.toString("latin1");
      });
      client.pipe(upstream).pipe(client);
    });
    upstream.on("error", () => client.destroy());
    sockets.add(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
    asked,
    seen: () => seen,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
