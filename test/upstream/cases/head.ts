// Answers whose status line or headers are broken, hostile or merely odd.

import { type Case, onRequest, passed, refused } from "../case.ts";
import { fin, pause, reset, send, sendWithoutEnd, stayOpen } from "../steps.ts";

const malformed = refused("waiting for the answer", /malformed response|Content-Length/);
const tooLarge = refused("waiting for the answer", /response headers larger than 64 KiB/);

/** Bytes in place of an answer, after which the connection stays open: they alone must be refused. */
function garbage(name: string, bytes: string): Case {
  return { name: `${name} is a 502`, upstream: onRequest(send(bytes), stayOpen), outcome: malformed };
}

function badStatusLine(line: string): Case {
  return garbage(`the status line ${JSON.stringify(line)}`, `${line}\r\nContent-Length: 2\r\n\r\n{}`);
}

function badHeader(name: string, lines: string): Case {
  return garbage(name, `HTTP/1.1 200 OK\r\n${lines}\r\nContent-Length: 2\r\n\r\n{}`);
}

export const statusLineCases: readonly Case[] = [
  {
    name: "a reset in the middle of the status line is a 502",
    upstream: onRequest(send("HTTP/1.1 20"), reset),
    outcome: refused("waiting for the answer", /connection (reset|closed)/),
  },
  {
    name: "a close in the middle of the status line is a 502",
    upstream: onRequest(send("HTTP/1.1 20"), fin),
    outcome: refused("waiting for the answer", /connection closed/),
  },
  badStatusLine("HTTP/1.1 20 OK"),
  badStatusLine("HTTP/1.1 2000 OK"),
  badStatusLine("HTTP/1.1 abc OK"),
  badStatusLine("HTTP/1.1 -20 OK"),
  badStatusLine("HTTP/1.1 099 Low"),
  badStatusLine("HTTP/1.1 200OK"),
  badStatusLine("HTTP/1.1  200 OK"),
  badStatusLine("HTTP/1.1\t200\tOK"),
  badStatusLine("HTTP/1.1"),
  badStatusLine("HTTP/1.10 200 OK"),
  badStatusLine("HTTP/3 200 OK"),
  badStatusLine("http/1.1 200 OK"),
  badStatusLine(" HTTP/1.1 200 OK"),
  badStatusLine("ICY 200 OK"),
  badStatusLine("200 OK"),
  badStatusLine("POST /v1/responses HTTP/1.1"),
  garbage("a bare document, as HTTP/0.9 has it,", "<html><body>hello</body></html>\n"),
  garbage("a JSON document without a head", '{"id":"resp_1","status":"completed"}\n\r\n\r\n'),
  garbage(
    "an HTTP/2 SETTINGS frame",
    "\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x10\0\0\0\x06\0\0\x40\0",
  ),
  garbage("an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  garbage("a TLS alert in plain text", "\x15\x03\x01\x00\x02\x02\x46"),
  garbage("an SSH banner", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n"),
  garbage("a bare CR in the reason", "HTTP/1.1 200 OK\rX-Injected: 1\r\nContent-Length: 2\r\n\r\n{}"),
  {
    name: "a reason without end is a 502",
    upstream: onRequest(send("HTTP/1.1 200 "), sendWithoutEnd("reason ")),
    outcome: refused("waiting for the answer", /larger than 64 KiB|malformed response/),
  },
  {
    name: "an empty reason is passed on as it is",
    upstream: onRequest(send("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{}")),
    outcome: passed(200, "{}", { reason: /^$/ }),
  },
  {
    name: "a missing reason with its space is taken for an empty one",
    upstream: onRequest(send("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}")),
    outcome: passed(200, "{}", { reason: /^$/ }),
  },
  {
    name: "a status of no known class is passed on",
    upstream: onRequest(send("HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\n{}")),
    outcome: passed(799, "{}", { reason: /^Odd$/ }),
  },
  {
    name: "a reason with a NUL in it is replaced",
    upstream: onRequest(send("HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\n{}")),
    outcome: passed(200, "{}", { reason: /^OK$/ }),
  },
  {
    name: "the version HTTP/2.0 in an answer of HTTP/1.1's form is replaced by ours",
    upstream: onRequest(send("HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}")),
    outcome: passed(200, "{}"),
  },
  {
    name: "a reason that arrives in pieces is passed on whole or not at all",
    upstream: onRequest(
      send("HTTP/1.1 429 Too Ma"),
      pause(50),
      send("ny Requests\r\nContent-Length: 2\r\n\r\n{}"),
    ),
    outcome: passed(429, "{}", { reason: /^(Too Many Requests)?$/ }),
  },
];

export const headerCases: readonly Case[] = [
  {
    name: "a reset in the middle of the headers is a 502",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nContent-Ty"), reset),
    outcome: refused("waiting for the answer", /connection (reset|closed)/),
  },
  {
    name: "a close in the middle of the headers is a 502",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nContent-Ty"), fin),
    outcome: refused("waiting for the answer", /connection closed/),
  },
  {
    name: "a close before the empty line that ends the headers is a 502",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"), fin),
    outcome: refused("waiting for the answer", /connection closed/),
  },
  {
    name: "headers without end are a 502",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\n"), sendWithoutEnd("X-More: and more\r\n")),
    outcome: tooLarge,
  },
  {
    name: "one header of 1 MB is a 502",
    upstream: onRequest(send(`HTTP/1.1 200 OK\r\nX-Large: ${"x".repeat(1_000_000)}\r\n\r\n`), stayOpen),
    outcome: tooLarge,
  },
  {
    name: "one header value without end is a 502",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nX-Large: "), sendWithoutEnd("x")),
    outcome: tooLarge,
  },
  {
    name: "one header name without end is a 502",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\n"), sendWithoutEnd("x")),
    outcome: tooLarge,
  },
  {
    name: "20,000 headers are a 502",
    upstream: onRequest(send(`HTTP/1.1 200 OK\r\n${"X-Many: 1\r\n".repeat(20_000)}\r\n`), stayOpen),
    outcome: tooLarge,
  },
  {
    name: "2,000 headers, which are not too large, are passed on",
    upstream: onRequest(
      send(`HTTP/1.1 200 OK\r\n${"X-Many: 1\r\n".repeat(1999)}X-Last: 1\r\nContent-Length: 2\r\n\r\n{}`),
    ),
    outcome: passed(200, "{}", { headers: ["X-Last: 1"] }),
  },
  badHeader("a header without a colon", "X-Without colon"),
  badHeader("a header without a name", ": value"),
  badHeader("a space before the colon", "X-Space : 1"),
  badHeader("a header name with a bracket", "X(a): 1"),
  badHeader("a header name with a byte above 0x7f", "X-\xe9: 1"),
  badHeader("a NUL in a header name", "X-\0: 1"),
  badHeader("a NUL in a header value", "X-Nul: a\0b"),
  badHeader("a control byte in a header value", "X-Control: a\x01b"),
  badHeader("a bare CR that would inject a header", "X-Split: a\rX-Injected: 1"),
  badHeader("a bare CR before the line's end", "X-Split: a\r\r"),
  badHeader("a first header line that begins with a space", " X-Folded: 1"),
  badHeader("a header continued on the next line (obs-fold)", "X-Folded: a\r\n b"),
  badHeader("a header line that ends with a bare LF", "X-Bare: a\nX-Next: b"),
  garbage("a head whose lines all end with a bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"),
  {
    name: "a header value that would be CRLF when decoded stays what it is",
    upstream: onRequest(
      send("HTTP/1.1 200 OK\r\nX-Encoded: a%0d%0aX-Injected:%201\r\nContent-Length: 2\r\n\r\n{}"),
    ),
    outcome: passed(200, "{}", {
      headers: ["X-Encoded: a%0d%0aX-Injected:%201"],
      withoutHeaders: ["x-injected"],
    }),
  },
  {
    name: "a header value of bytes that UTF-8 would read as a CR stays what it is",
    upstream: onRequest(
      send("HTTP/1.1 200 OK\r\nX-Odd: a\xc4\x8d\xc4\x8aX-Injected: 1\r\nContent-Length: 2\r\n\r\n{}"),
    ),
    outcome: passed(200, "{}", { headers: ["X-Odd: a\xc4\x8d\xc4\x8aX-Injected: 1"] }),
  },
];

/** Heads that say in two ways, or in a bad one, where the body ends. */
export const framingCases: readonly Case[] = [
  badHeader("a second, other Content-Length", "Content-Length: 5"),
  badHeader("a second Content-Length, the same", "Content-Length: 2"),
  badHeader("a Transfer-Encoding before the Content-Length", "Transfer-Encoding: chunked"),
  ...["2, 2", "+2", "-2", "0x2", "2 2", "2.0", "two", "", "99999999999999999999999"].map((value) =>
    garbage(
      `the Content-Length ${JSON.stringify(value)}`,
      `HTTP/1.1 200 OK\r\nContent-Length: ${value}\r\n\r\n{}`,
    ),
  ),
  garbage(
    "a Content-Length before a Transfer-Encoding",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ),
  ...[
    "gzip",
    "gzip, chunked",
    "chunked, gzip",
    "chunked, chunked",
    "xchunked",
    "chunked;a=b",
    "identity",
    "",
  ].map(
    (value): Case => ({
      name: `the Transfer-Encoding ${JSON.stringify(value)} is a 502`,
      upstream: onRequest(
        send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${value}\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
        stayOpen,
      ),
      outcome: refused("waiting for the answer", /transfer coding|malformed response/),
    }),
  ),
  {
    name: "a Transfer-Encoding given twice is a 502",
    upstream: onRequest(
      send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      stayOpen,
    ),
    outcome: refused("waiting for the answer", /transfer coding|malformed response/),
  },
  {
    name: "the transfer coding CHUNKED is chunked",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n2\r\n{}\r\n0\r\n\r\n")),
    outcome: passed(200, "{}"),
  },
];
