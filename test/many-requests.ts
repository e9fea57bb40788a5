// Requests by the thousand, a fixed number at a time, each of which must be answered with 200.

import http from "node:http";

export interface LoadOptions {
  readonly concurrency?: number;
  readonly body?: string | Buffer;
  /** leave the connection in the middle of every so many-th request instead of waiting for its answer */
  readonly leaveEvery?: number;
}

/**
 * Send `count` requests to a proxy on this machine.
 *
 * @throws {Error} for the first answer that is not 200
 */
export async function sendMany(port: number, count: number, options: LoadOptions = {}): Promise<void> {
  const { concurrency = 16, body = '{"input":"hi"}', leaveEvery = 0 } = options;
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  const one = (leave: boolean) =>
    new Promise<void>((resolve, reject) => {
      const request = http.request({
        host: "127.0.0.1",
        port,
        path: "/v1/responses",
        method: "POST",
        agent,
        headers: { "content-type": "application/json" },
      });
      request.on("response", (response) => {
        response.resume().on("end", () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`status ${response.statusCode}`));
        });
        response.on("error", reject);
      });
      request.on("error", leave ? () => resolve() : reject);
      request.end(body);
      if (leave) setTimeout(() => request.destroy(new Error("left")), 1);
    });
  try {
    await Promise.all(
      Array.from({ length: concurrency }, async (_, worker) => {
        for (let i = worker; i < count; i += concurrency) await one(leaveEvery > 0 && i % leaveEvery === 0);
      }),
    );
  } finally {
    agent.destroy();
  }
}
