// Bodies that break off, that are framed badly, and those that are whole in an unusual way.

import { bothVersions, type Case, cut, onRequest, type Passed, passed, refused } from "../case.ts";
import {
  fin,
  reset,
  send,
  sendByteByByte,
  sendWithoutEnd,
  stayOpen,
  untilClientHas,
  whileProxyIsStopped,
} from "../steps.ts";

const chunkedHead =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const firstChunk = "5\r\none!!\r\n";

// Where a chunked stream can be cut, and what has been said of its body by then.
const cuts: readonly (readonly [place: string, bytes: string, body: string])[] = [
  ["in a chunk's size line", "6", ""],
  ["in the CRLF of a size line", "6\r", ""],
  ["before a chunk's data", "6\r\n", ""],
  ["in a chunk's data", "6\r\ntw!", "tw!"],
  ["before the CRLF of a chunk", "6\r\ntwo!!!", "two!!!"],
  ["in the CRLF of a chunk", "6\r\ntwo!!!\r", "two!!!"],
  ["between two chunks", "6\r\ntwo!!!\r\n", "two!!!"],
  ["in the last chunk's size line", "6\r\ntwo!!!\r\n0", "two!!!"],
  ["behind the last chunk's size line", "6\r\ntwo!!!\r\n0\r\n", "two!!!"],
  ["in the trailers", "6\r\ntwo!!!\r\n0\r\nX-Trailer: ", "two!!!"],
  ["behind the trailers", "6\r\ntwo!!!\r\n0\r\nX-Trailer: 1\r\n", "two!!!"],
];

const ends = [
  { how: "reset", step: reset, cause: /connection (reset|closed)/ },
  { how: "close", step: fin, cause: /connection closed|malformed response/ },
];

/** Streams that end at every place where they may not. */
export const cutStreamCases: readonly Case[] = ends.flatMap(({ how, step, cause }) => [
  {
    name: `a ${how} right behind the head breaks the client's connection`,
    clients: bothVersions,
    upstream: onRequest(send(chunkedHead), untilClientHas("\r\n\r\n"), step),
    outcome: cut("", cause),
  },
  ...cuts.map(
    ([place, bytes, body]): Case => ({
      name: `a ${how} ${place} breaks the client's connection`,
      clients: bothVersions,
      upstream: onRequest(
        send(`${chunkedHead}${firstChunk}`),
        untilClientHas("one!!"),
        send(bytes),
        untilClientHas(body),
        step,
      ),
      outcome: cut(`one!!${body}`, cause),
    }),
  ),
  {
    name: `a ${how} before the first byte of a Content-Length breaks the client's connection`,
    clients: bothVersions,
    upstream: onRequest(
      send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
      untilClientHas("\r\n\r\n"),
      step,
    ),
    outcome: cut("", cause),
  },
  {
    name: `a ${how} before the last byte of a Content-Length breaks the client's connection`,
    clients: bothVersions,
    upstream: onRequest(
      send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345678!"),
      untilClientHas("12345678!"),
      step,
    ),
    outcome: cut("12345678!", cause),
  },
  {
    name: `a ${how} in the body of an error answer breaks the client's connection`,
    upstream: onRequest(
      send('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 100\r\n\r\n{"error":'),
      untilClientHas('{"error":'),
      step,
    ),
    outcome: cut('{"error":', cause, 429),
  },
]);

/** A reset where the end of the connection would have been the end of the body. */
export const unframedCases: readonly Case[] = [
  {
    name: "a body that a reset ends in place of the close breaks the client's connection",
    clients: bothVersions,
    over: "TCP",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\n\r\nhalf!"), untilClientHas("half!"), reset),
    outcome: cut("half!", /connection reset/),
  },
  {
    name: "a reset that comes along with the last bytes of such a body is not taken for its end",
    clients: bothVersions,
    over: "TCP",
    upstream: onRequest(
      send("HTTP/1.1 200 OK\r\n\r\nhalf!"),
      untilClientHas("half!"),
      whileProxyIsStopped(send(" and!"), reset),
    ),
    outcome: cut("half! and!", /connection reset/),
  },
  {
    name: "a body that ends with its connection, in order, is whole",
    clients: bothVersions,
    over: "TCP",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\n\r\nwhole"), fin),
    outcome: passed(200, "whole"),
  },
  {
    name: "an HTTP/1.0 answer that ends with its connection, in order, is whole",
    clients: bothVersions,
    over: "TCP",
    upstream: onRequest(send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nwhole"), fin),
    outcome: passed(200, "whole"),
  },
  {
    name: "an HTTP/1.0 answer with a length is whole, whether its connection ends or not",
    clients: bothVersions,
    upstream: onRequest(send("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nwhole"), stayOpen),
    outcome: passed(200, "whole"),
  },
  {
    name: "an HTTP/1.0 answer shorter than its length breaks the client's connection",
    clients: bothVersions,
    upstream: onRequest(
      send("HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nhalf!"),
      untilClientHas("half!"),
      fin,
    ),
    outcome: cut("half!", /connection closed|shorter/),
  },
];

const badChunks: readonly (readonly [name: string, bytes: string, body?: string])[] = [
  ["that is no number", "xyz\r\nabc\r\n"],
  ["with a minus", "-1\r\nabc\r\n"],
  ["with a plus", "+3\r\nabc\r\n"],
  ["with 0x before it", "0x3\r\nabc\r\n"],
  ["with a space before it", " 3\r\nabc\r\n"],
  ["with a space behind it", "3 \r\nabc\r\n"],
  ["of twenty digits", "ffffffffffffffffffff\r\nabc\r\n"],
  ["of 64 bits and one", "10000000000000000\r\nabc\r\n"],
  ["that is empty", "\r\nabc\r\n"],
  ["that ends with a bare LF", "3\nabc\r\n"],
  ["that ends with a bare CR", "3\rabc\r\n"],
  ["with a NUL", "3\0\r\nabc\r\n"],
  ["with a bare LF in its extension", "3;a\nb\r\nabc\r\n"],
  ["smaller than the data", "3\r\nab!def\r\n", "ab!"],
  ["whose data ends with a bare LF", "3\r\nab!\n0\r\n\r\n", "ab!"],
  ["that an answer follows in place of the data's end", "3\r\nab!HTTP/1.1 200 OK\r\n\r\n", "ab!"],
];

/** Chunks that are no chunks: none of their bytes may be taken for the end of the body. */
export const badChunkCases: readonly Case[] = [
  ...badChunks.map(
    ([name, bytes, body = ""]): Case => ({
      name: `a chunk size ${name} breaks the client's connection`,
      upstream: onRequest(
        send(`${chunkedHead}${firstChunk}`),
        untilClientHas("one!!"),
        send(`${bytes}0\r\n\r\n`),
        stayOpen,
      ),
      outcome: cut(`one!!${body}`, /malformed response/),
    }),
  ),
  {
    name: "trailers without end break the client's connection",
    upstream: onRequest(
      send(`${chunkedHead}${firstChunk}0\r\n`),
      untilClientHas("one!!"),
      sendWithoutEnd("X-Trailer: more\r\n"),
    ),
    outcome: cut("one!!", /larger than 64 KiB|malformed response/),
  },
  {
    name: "a trailer Content-Length, which would frame the body again, breaks the client's connection",
    clients: bothVersions,
    upstream: onRequest(
      send(`${chunkedHead}${firstChunk}`),
      untilClientHas("one!!"),
      send("0\r\nContent-Length: 5\r\n\r\n"),
      stayOpen,
    ),
    outcome: cut("one!!", /malformed response|Content-Length/),
  },
  {
    name: "a trailer that is no field breaks the client's connection",
    upstream: onRequest(
      send(`${chunkedHead}${firstChunk}`),
      untilClientHas("one!!"),
      send("0\r\nnot a field\r\n\r\n"),
      stayOpen,
    ),
    outcome: cut("one!!", /malformed response/),
  },
];

const stream = "data: {}\n\n";
const trailed = (
  lines: string,
  trailers: readonly string[],
): Pick<Case, "upstream" | "outcome" | "clients"> => ({
  clients: bothVersions,
  upstream: onRequest(send(`${chunkedHead}${firstChunk}0\r\n${lines}\r\n`)),
  outcome: passed(200, "one!!", { trailers } satisfies Partial<Passed>),
});

/** Answers that are whole and must stay so. */
export const wholeBodyCases: readonly Case[] = [
  {
    name: "an answer of which each byte is sent for itself arrives whole",
    clients: bothVersions,
    upstream: onRequest(
      sendByteByByte(
        `HTTP/1.1 200 All Right\r\nContent-Type: text/event-stream\r\nX-Request-Id: req_1\r\nTransfer-Encoding: chunked\r\n\r\n${`a\r\n${stream}\r\n`.repeat(5)}0\r\n\r\n`,
      ),
    ),
    outcome: passed(200, stream.repeat(5), {
      reason: /^(All Right|OK)$/,
      headers: ["Content-Type: text/event-stream", "X-Request-Id: req_1"],
    }),
  },
  {
    name: "an answer in chunks of one byte arrives whole",
    upstream: onRequest(
      send(chunkedHead),
      ...[...stream.repeat(20)].map((byte) => send(`1\r\n${byte}\r\n`)),
      send("0\r\n\r\n"),
    ),
    outcome: passed(200, stream.repeat(20)),
  },
  {
    name: "chunk extensions are dropped",
    upstream: onRequest(send(`${chunkedHead}5;a=b;c="d e"\r\none!!\r\n0;last\r\n\r\n`)),
    outcome: passed(200, "one!!"),
  },
  {
    name: "chunk sizes with zeros before them, and in both cases, are what they are",
    upstream: onRequest(
      send(`${chunkedHead}0005\r\none!!\r\nA\r\n012345678!\r\na\r\n012345678!\r\n000\r\n\r\n`),
    ),
    outcome: passed(200, "one!!012345678!012345678!"),
  },
  {
    name: "bytes behind a Content-Length are not passed on",
    clients: bothVersions,
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}EXTRA")),
    outcome: passed(200, "{}"),
  },
  {
    name: "bytes behind the last chunk are not passed on",
    clients: bothVersions,
    upstream: onRequest(send(`${chunkedHead}${firstChunk}0\r\n\r\nEXTRA`)),
    outcome: passed(200, "one!!"),
  },
  {
    name: "trailers are passed on",
    ...trailed("X-Checksum: abc\r\nX-Cost: 7\r\n", ["X-Checksum: abc", "X-Cost: 7"]),
  },
  {
    name: "trailers that would change routing or the body's meaning are not passed on",
    ...trailed(
      [
        "Transfer-Encoding: chunked\r\nHost: a\r\nContent-Type: text/html\r\n",
        "Content-Encoding: gzip\r\nContent-Range: bytes 0-1/2\r\nTrailer: X-A\r\nTE: trailers\r\n",
        "Connection: close\r\nKeep-Alive: timeout=1\r\nUpgrade: h2c\r\nAuthorization: x\r\n",
        "WWW-Authenticate: Basic\r\nProxy-Authenticate: Basic\r\nSet-Cookie: s=1\r\nCache-Control: no-store\r\n",
        "Retry-After: 1\r\nLocation: /a\r\nX-Kept: 1\r\n",
      ].join(""),
      ["X-Kept: 1"],
    ),
  },
  {
    // RFC 9112 9.8: anyone in the middle could end such a body, and Node does not tell of close_notify.
    name: "an answer with neither length nor chunks is a 502 over TLS",
    clients: bothVersions,
    over: "TLS",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\n\r\nwhole"), fin),
    outcome: refused("waiting for the answer", /neither a length nor chunks/),
  },
];
