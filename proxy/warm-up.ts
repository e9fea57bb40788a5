// Loads and compiles what the first request would otherwise wait for, and reads every file that is
// read lazily: after the drop the process may not be allowed to open its own package.

import dns from "node:dns";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { Client } from "./upstream/undici.ts";

/** Bring undici's HTTP parser and the name resolver into the process. */
export async function warmUp(upstreamHost: string): Promise<void> {
  dns.lookup(upstreamHost.replace(/^\[|\]$/g, ""), () => {}); // not waited for: the answer may be slow
  await loadHttpParser();
}

// undici compiles its WebAssembly parser at the first connection: give it one that is none.
function loadHttpParser(): Promise<void> {
  const peer = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      this.push("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
      done();
    },
  });
  const client = new Client("http://localhost", {
    connect: (_options, callback) => setImmediate(callback, null, peer as unknown as Socket),
  });
  return new Promise((resolve, reject) => {
    client.dispatch(
      { path: "/", method: "GET" },
      {
        onRequestStart: () => {},
        onResponseStart: () => {},
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}
