// The control of the memory tests of workload identity: the two requests as one would write them, with
// the tokens in strings. It says when it has the token, and goes on holding it.

import https from "node:https";

const [caFile = "", requestUrl = ""] = process.argv.slice(2);
const { readFileSync } = await import("node:fs");
const ca = readFileSync(caFile);

let requestToken = "";
for await (const chunk of process.stdin) requestToken += chunk;

function fetchJson(
  url: string,
  options: https.RequestOptions,
  body?: string,
): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { ...options, ca }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve(JSON.parse(text));
    });
    request.on("error", reject);
    request.end(body);
  });
}

const { value } = await fetchJson(`${requestUrl}&audience=x`, {
  headers: { authorization: `Bearer ${requestToken.trim()}` },
});
const reply = await fetchJson(
  "https://auth.openai.com/oauth/token",
  { method: "POST", headers: { "content-type": "application/json" } },
  JSON.stringify({ subject_token: value }),
);
process.stderr.write("listening on 127.0.0.1:1\n"); // what startProxy waits for
setInterval(() => (reply.access_token as string).length, 1000);
