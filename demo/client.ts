// The demo's client: what an unprivileged user's program does, and what it cannot do. It imports
// nothing of this package, as the demo copies it to where another user may read it.
// Prints one JSON object a line.

import { readFileSync } from "node:fs";
import http from "node:http";

const { port, pid } = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as {
  port: number;
  pid: number;
};

function print(record: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

function post(
  path: string,
  headers: http.OutgoingHttpHeaders,
  onData: (text: string) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: "127.0.0.1",
      port,
      path,
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      response.setEncoding("utf8");
      response.on("data", onData);
      response.on("end", () => resolve(response.statusCode as number));
      response.on("error", reject);
    });
    request.end(JSON.stringify({ model: "demo", stream: true, input: "Say hello." }));
  });
}

let rest = "";
const status = await post("/v1/responses", {}, (text) => {
  const at = performance.timeOrigin + performance.now();
  rest += text;
  const events = rest.split("\n\n");
  rest = events.pop() as string;
  for (const event of events) {
    const data = JSON.parse(event.slice(event.indexOf("data: ") + 6));
    if (data.type === "response.output_text.delta") print({ event: data.delta, at });
  }
});
print({ status });

for (const [what, path, headers] of [
  ["POST /v1/models", "/v1/models", {}],
  ["the same request from a web page", "/v1/responses", { origin: "https://page.example" }],
  ["the same request to a rebound name", "/v1/responses", { host: "page.example" }],
] as const) {
  let body = "";
  const refusal = await post(path, headers, (text) => {
    body += text;
  });
  print({ attempt: what, outcome: `${refusal} ${JSON.parse(body).error?.message ?? ""}` });
}

for (const file of ["environ", "mem", "maps", "fd/0"]) {
  let outcome = "it can be read!";
  try {
    readFileSync(`/proc/${pid}/${file}`);
  } catch (error) {
    outcome = (error as NodeJS.ErrnoException).code ?? "failed";
  }
  print({ attempt: `read /proc/${pid}/${file} of the proxy`, outcome });
}
