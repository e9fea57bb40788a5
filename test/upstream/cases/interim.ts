// What may stand before an answer, or claim to be one: 1xx, upgrades, redirects, answers without a body.

import { bothVersions, type Case, onRequest, passed, refused } from "../case.ts";
import { fin, send, sendWithoutEnd, stayOpen } from "../steps.ts";

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const earlyHints = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";

export const interimCases: readonly Case[] = [
  {
    name: "an unsolicited 100 is a 502 that names it",
    upstream: onRequest(send(`HTTP/1.1 100 Continue\r\n\r\n${answer}`), stayOpen),
    outcome: refused("waiting for the answer", /100 Continue/),
  },
  {
    name: "an unsolicited 100 and nothing more is a 502 that names it",
    upstream: onRequest(send("HTTP/1.1 100 Continue\r\n\r\n"), stayOpen),
    outcome: refused("waiting for the answer", /100 Continue/),
  },
  {
    name: "a 103 before the answer does not hurt it",
    clients: bothVersions,
    upstream: onRequest(send(`${earlyHints}${answer}`)),
    outcome: passed(200, "{}"),
  },
  {
    name: "ten 103s before the answer do not hurt it",
    upstream: onRequest(send(`${earlyHints.repeat(10)}${answer}`)),
    outcome: passed(200, "{}"),
  },
  {
    name: "a 102 before the answer does not hurt it",
    clients: bothVersions,
    upstream: onRequest(send(`HTTP/1.1 102 Processing\r\n\r\n${answer}`)),
    outcome: passed(200, "{}"),
  },
  {
    name: "a 199, which nobody knows, does not hurt the answer",
    upstream: onRequest(send(`HTTP/1.1 199 Odd\r\n\r\n${answer}`)),
    outcome: passed(200, "{}"),
  },
  {
    name: "a 103 and then a close is a 502",
    upstream: onRequest(send(earlyHints), fin),
    outcome: refused("waiting for the answer", /connection closed/),
  },
  {
    name: "a 103 with headers without end is a 502",
    upstream: onRequest(send("HTTP/1.1 103 Early Hints\r\n"), sendWithoutEnd("Link: </a>\r\n")),
    outcome: refused("waiting for the answer", /response headers larger than 64 KiB/),
  },
  {
    name: "an upgrade that nobody asked for is a 502 that names it",
    upstream: onRequest(send(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n\x81\x05hello`), stayOpen),
    outcome: refused("waiting for the answer", /upgrade|switched to another protocol/i),
  },
  {
    name: "an upgrade without its headers is a 502 that names it",
    upstream: onRequest(send("HTTP/1.1 101 Switching Protocols\r\n\r\n"), stayOpen),
    outcome: refused("waiting for the answer", /upgrade|switched to another protocol/i),
  },
  {
    name: "an Upgrade header in an ordinary answer switches nothing and is not passed on",
    upstream: onRequest(send(`HTTP/1.1 200 OK\r\n${upgrade}Content-Length: 2\r\n\r\n{}`)),
    outcome: passed(200, "{}", { withoutHeaders: ["upgrade"] }),
  },
  {
    name: "a 426 is passed on",
    upstream: onRequest(send(`HTTP/1.1 426 Upgrade Required\r\n${upgrade}Content-Length: 2\r\n\r\n{}`)),
    outcome: passed(426, "{}"),
  },
];

export const bodylessCases: readonly Case[] = [
  {
    name: "a 204 is passed on",
    clients: bothVersions,
    upstream: onRequest(send("HTTP/1.1 204 No Content\r\n\r\n")),
    outcome: passed(204, ""),
  },
  {
    name: "a body behind a 204 is not passed on",
    upstream: onRequest(send("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nextra")),
    outcome: passed(204, ""),
  },
  {
    name: "an answer behind a 204 is not passed on",
    upstream: onRequest(send(`HTTP/1.1 204 No Content\r\n\r\n${answer.replace("{}", "no")}`)),
    outcome: passed(204, ""),
  },
  {
    name: "a chunked body behind a 304 is not passed on",
    upstream: onRequest(
      send("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nextra\r\n0\r\n\r\n"),
    ),
    outcome: passed(304, ""),
  },
  {
    name: "a 304 with the length of a body that it does not have is passed on",
    upstream: onRequest(send("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n")),
    outcome: passed(304, ""),
  },
  {
    name: "a length of 0 is passed on",
    clients: bothVersions,
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
    outcome: passed(200, ""),
  },
];
