// The control of the conformance corpus: a proxy that adds the key and passes every byte on as it
// came. What the recorder objects to behind it shows that it would object to a proxy that does so.

import net, { type AddressInfo } from "node:net";

export interface Relay {
  readonly port: number;
  close(): Promise<void>;
}

/** Start a relay on a free loopback port; the key goes behind the first line of each connection. */
export async function startRelay(upstreamPort: number, key: string): Promise<Relay> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const upstream = net.connect({ port: upstreamPort, host: "127.0.0.1", allowHalfOpen: true });
    let isInFirstLine = true;
    client.on("data", (bytes) => {
      const lineEnd = isInFirstLine ? bytes.indexOf("\n") + 1 : 0;
      upstream.write(bytes.subarray(0, lineEnd));
      if (lineEnd > 0) upstream.write(`Authorization: Bearer ${key}\r\n`);
      upstream.write(bytes.subarray(lineEnd));
      if (lineEnd > 0) isInFirstLine = false;
    });
    client.on("end", () => upstream.end());
    upstream.pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
