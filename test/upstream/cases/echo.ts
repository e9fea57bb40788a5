// Upstreams that send the key back, as some do in their errors: the client gets stars in its place.

import { testKey } from "../../proxy-process.ts";
import { bothVersions, type Case, onRequest, type Passed, passed } from "../case.ts";
import { fin, pause, send, sendByteByByte, untilClientHas } from "../steps.ts";

const stars = "*".repeat(testKey.length);
const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const masked: Partial<Passed> = { isMasked: true };

const chunk = (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`;
const chunked = (...parts: readonly string[]) => `${chunkedHead}${parts.map(chunk).join("")}0\r\n\r\n`;
const sized = (body: string, lines = "", status = "200 OK") =>
  `HTTP/1.1 ${status}\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;

const everySplit = Array.from({ length: testKey.length - 1 }, (_, index) => index + 1);
const refusal = (key: string) => `{"error":{"message":"Incorrect API key provided: ${key}."}}`;
const prefix = testKey.slice(0, 9);

export const echoCases: readonly Case[] = [
  {
    name: "a header value with the key in it has stars there",
    clients: bothVersions,
    upstream: onRequest(
      send(sized("{}", `X-Echo: Bearer ${testKey}, again ${testKey}!\r\nX-Key: ${testKey}\r\n`)),
    ),
    outcome: passed(200, "{}", {
      ...masked,
      headers: [`X-Echo: Bearer ${stars}, again ${stars}!`, `X-Key: ${stars}`],
    }),
  },
  {
    name: "a header that arrives byte by byte has stars in the key's place",
    upstream: onRequest(sendByteByByte(sized("{}", `X-Echo: Bearer ${testKey}\r\n`))),
    outcome: passed(200, "{}", { ...masked, headers: [`X-Echo: Bearer ${stars}`] }),
  },
  {
    name: "an error of the upstream that quotes the key has stars there, and its status",
    clients: bothVersions,
    upstream: onRequest(send(sized(refusal(testKey), "", "401 Unauthorized"))),
    outcome: passed(401, refusal(stars), masked),
  },
  {
    name: "a body that is the key and nothing else is stars",
    upstream: onRequest(send(sized(testKey))),
    outcome: passed(200, stars, masked),
  },
  {
    name: "the key many times in one answer is stars every time, and logged once",
    upstream: onRequest(send(chunked(`${testKey}${testKey} ${testKey}`, `a${testKey}`, `${testKey}b`))),
    outcome: passed(200, `${stars}${stars} ${stars}a${stars}${stars}b`, masked),
  },
  {
    name: "the key in a body that ends with its connection is stars",
    over: "TCP",
    clients: bothVersions,
    upstream: onRequest(send(`HTTP/1.1 200 OK\r\n\r\nkey: ${testKey}`), fin),
    outcome: passed(200, `key: ${stars}`, masked),
  },
  {
    name: "the key split over two chunks, at each of its places, is stars",
    clients: bothVersions,
    upstream: onRequest(
      send(chunked(...everySplit.flatMap((at) => [`<${testKey.slice(0, at)}`, `${testKey.slice(at)}>`]))),
    ),
    outcome: passed(200, `<${stars}>`.repeat(everySplit.length), masked),
  },
  {
    name: "the key split over two chunks that arrive apart, at each of its places, is stars",
    upstream: onRequest(
      send(chunkedHead),
      ...everySplit.flatMap((at) => [
        send(chunk(`${at}<${testKey.slice(0, at)}`)),
        untilClientHas(`${at}<`),
        send(chunk(`${testKey.slice(at)}>`)),
      ]),
      send("0\r\n\r\n"),
    ),
    outcome: passed(200, everySplit.map((at) => `${at}<${stars}>`).join(""), masked),
  },
  {
    name: "the key in chunks of one byte is stars",
    upstream: onRequest(send(chunked("a", ...testKey, "b", ...testKey, ...testKey))),
    outcome: passed(200, `a${stars}b${stars}${stars}`, masked),
  },
  {
    name: "the key that arrives byte by byte in one chunk is stars",
    upstream: onRequest(sendByteByByte(chunked(`a${testKey}b`))),
    outcome: passed(200, `a${stars}b`, masked),
  },
  {
    name: "the key behind a false beginning of itself is stars",
    upstream: onRequest(
      send(
        chunked(`${prefix}${testKey}`, prefix, testKey, testKey.slice(0, 1), testKey.slice(0, 1), testKey),
      ),
    ),
    outcome: passed(
      200,
      `${prefix}${stars}${prefix}${stars}${testKey.slice(0, 1).repeat(2)}${stars}`,
      masked,
    ),
  },
  {
    name: "what stands before a possible beginning of the key does not wait for its end",
    upstream: onRequest(
      send(`${chunkedHead}${chunk(`data: 1\n\n${prefix}`)}`),
      untilClientHas("data: 1\n\n"),
      send(`${chunk("no key")}0\r\n\r\n`),
    ),
    outcome: passed(200, `data: 1\n\n${prefix}no key`),
  },
  {
    name: "a beginning of the key at the end of a body is passed on as it is",
    clients: bothVersions,
    upstream: onRequest(send(chunked("data: ", testKey.slice(0, -1)))),
    outcome: passed(200, `data: ${testKey.slice(0, -1)}`),
  },
  {
    name: "a beginning of the key at the end of a sized body is passed on as it is",
    upstream: onRequest(send(sized(`data: ${prefix}`)), pause(20)),
    outcome: passed(200, `data: ${prefix}`),
  },
  {
    name: "a key that the upstream has shortened is passed on as it is",
    upstream: onRequest(send(sized(refusal(`${testKey.slice(0, 7)}****${testKey.slice(-4)}`)))),
    outcome: passed(200, refusal(`${testKey.slice(0, 7)}****${testKey.slice(-4)}`)),
  },
  {
    name: "the key in the reason does not reach the client",
    upstream: onRequest(send(sized("{}", "", `200 ${testKey}`))),
    outcome: passed(200, "{}", { isMasked: "either" }),
  },
  {
    name: "the key as a header name does not reach the client",
    upstream: onRequest(send(sized("{}", `${testKey}: 1\r\n`))),
    outcome: passed(200, "{}", { isMasked: "either" }),
  },
  {
    name: "the key in a trailer does not reach the client",
    clients: bothVersions,
    upstream: onRequest(send(`${chunkedHead}${chunk("data")}0\r\nX-Echo: ${testKey}\r\n\r\n`)),
    outcome: passed(200, "data", { isMasked: "either" }),
  },
  {
    name: "the key in an interim answer does not reach the client",
    upstream: onRequest(send(`HTTP/1.1 103 Early Hints\r\nLink: ${testKey}\r\n\r\n${sized("{}")}`)),
    outcome: passed(200, "{}", { isMasked: "either" }),
  },
];
