// Runs in a private network namespace, as GitHub's token service, OpenAI's token service, the upstream
// and a client of the proxy, and does what its parent tells it over IPC. Every token that it gives out
// is new, and remembered.

import { randomBytes } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { Credentials } from "../mock/certificate.ts";
import { type MockForwardProxy, startMockForwardProxy } from "../mock/forward-proxy.ts";

export type HostName = "github" | "exchange" | "upstream";

export const hostNames: Readonly<Record<HostName, string>> = {
  github: "token.actions.example",
  exchange: "auth.openai.com",
  upstream: "api.openai.com",
};

/** Not 443, to see that the launcher's rule on connections follows the URL. */
export const githubPort = 8443;

/** How a host answers; `{jwt}`, `{token}` and `{now+N}` in a body are replaced. */
export interface HostReply {
  readonly status?: number;
  readonly body?: string;
  readonly framing?: "length" | "chunked" | "close";
  /** everything that goes over the connection, instead of the above */
  readonly raw?: string;
  /** what happens instead of an answer */
  readonly instead?: "silence" | "reset";
}

export interface HostRecord {
  readonly host: HostName;
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface ClientAnswer {
  readonly status: number;
  readonly body: string;
}

export type Order =
  | { readonly order: "begin"; readonly tls: Credentials }
  | { readonly order: "set"; readonly host: HostName; readonly replies: readonly HostReply[] }
  | { readonly order: "seen" }
  | { readonly order: "post"; readonly port: number; readonly count: number };

export interface Seen {
  readonly requests: readonly HostRecord[];
  readonly jwts: readonly string[];
  readonly tokens: readonly string[];
  /** what the forward proxy was asked for, ever, and all that clients sent through it */
  readonly tunnels: readonly string[];
  readonly tunnelled: string;
}

export const goodReplies: Readonly<Record<HostName, HostReply>> = {
  github: { body: '{"count":1,"value":"{jwt}"}', framing: "chunked" },
  exchange: {
    body:
      '{"access_token":"{token}","issued_token_type":"urn:ietf:params:oauth:token-type:access_token",' +
      '"token_type":"Bearer","expires_in":3600,"expires_at":{now+3600}}',
  },
  upstream: { body: '{"ok":true}' },
};

export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/** A reply of OpenAI's token service, with changes; undefined leaves a member out. */
export function exchangeReply(change: Readonly<Record<string, unknown>> = {}): HostReply {
  const members = {
    access_token: "{token}",
    issued_token_type: accessTokenType,
    token_type: "Bearer",
    expires_in: 3600,
    ...change,
  };
  return { body: JSON.stringify(members) };
}

let forwardProxy: MockForwardProxy | undefined;
const requests: HostRecord[] = [];
const jwts: string[] = [];
const tokens: string[] = [];
/** of each host what it answers next; the last one is repeated */
const replies: Record<HostName, readonly HostReply[]> = {
  github: [goodReplies.github],
  exchange: [goodReplies.exchange],
  upstream: [goodReplies.upstream],
};

// Of the size and shape of real ones.
const makeSecret = (prefix: string, bytes: number) => `${prefix}.${randomBytes(bytes).toString("base64url")}`;

function fill(template: string): string {
  return template
    .replace("{jwt}", () => {
      jwts.push(makeSecret("eyJhbGciOiJSUzI1NiJ9", 1200));
      return jwts.at(-1) as string;
    })
    .replace("{token}", () => {
      tokens.push(makeSecret("eyJ0eXAiOiJhdCtqd3QifQ", 900));
      return tokens.at(-1) as string;
    })
    .replace(/\{now([+-]\d+)\}/, (_, seconds) => String(Math.floor(Date.now() / 1000) + Number(seconds)));
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = (request.headers.host ?? "").replace(/:\d+$/, "");
  const host = (Object.keys(hostNames) as HostName[]).find((key) => hostNames[key] === name) ?? "upstream";
  let body = "";
  for await (const chunk of request) body += chunk;
  const { method = "", url = "", headers } = request;
  requests.push({ host, method, url, headers, body });

  const [reply = {}, ...rest] = replies[host];
  if (rest.length > 0) replies[host] = rest;
  if (reply.instead === "silence") return;
  if (reply.instead === "reset") {
    request.socket.destroy();
    return;
  }
  if (reply.raw !== undefined) {
    request.socket.end(fill(reply.raw), "latin1");
    return;
  }
  const text = fill(reply.body ?? "{}");
  response.statusCode = reply.status ?? 200;
  response.setHeader("content-type", "application/json");
  if (reply.framing === "chunked") {
    const middle = Math.floor(text.length / 2);
    response.write(text.slice(0, middle));
    response.end(text.slice(middle));
  } else if (reply.framing === "close") {
    request.socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${text}`);
  } else {
    response.setHeader("content-length", Buffer.byteLength(text));
    response.end(text);
  }
}

function post(port: number, agent: http.Agent): Promise<ClientAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: "127.0.0.1",
      port,
      path: "/v1/responses",
      method: "POST",
      headers: { "content-type": "application/json" },
      agent,
    });
    request.on("response", (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.on("error", reject);
    request.end('{"input":"hi"}');
  });
}

async function obey(order: Order): Promise<unknown> {
  switch (order.order) {
    case "begin": {
      const listen = (port: number) =>
        new Promise<void>((resolve) => {
          https.createServer({ ...order.tls }, answer).listen(port, "127.0.0.1", resolve);
        });
      await Promise.all([listen(443), listen(githubPort)]);
      forwardProxy = await startMockForwardProxy();
      return forwardProxy.url;
    }
    case "set":
      replies[order.host] = order.replies;
      return undefined;
    case "seen": {
      const seen: Seen = {
        requests: requests.splice(0),
        jwts: jwts.splice(0),
        tokens: tokens.splice(0),
        tunnels: forwardProxy?.asked ?? [],
        tunnelled: forwardProxy?.seen() ?? "",
      };
      return seen;
    }
    case "post": {
      const agent = new http.Agent({ keepAlive: true });
      const answers: ClientAnswer[] = [];
      await Promise.all(
        Array.from({ length: Math.min(16, order.count) }, async (_, worker) => {
          for (let i = worker; i < order.count; i += 16) answers.push(await post(order.port, agent));
        }),
      );
      agent.destroy();
      return answers;
    }
  }
}

process.on("message", ({ id, order }: { id: number; order: Order }) => {
  obey(order).then(
    (result) => process.send?.({ id, result }),
    (error) => process.send?.({ id, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
