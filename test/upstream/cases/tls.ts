// What only an upstream over TLS can get wrong: the handshake, the certificate, the records.

import type tls from "node:tls";
import { bothVersions, type Case, cut, onConnection, onRequest, refused } from "../case.ts";
import {
  fin,
  finWithoutNotify,
  handshake,
  reset,
  send,
  sendRawBytes,
  stayOpen,
  untilClientHas,
  untilSomethingCame,
} from "../steps.ts";

/** Servers that are not to be trusted with a key. */
export interface BadServers {
  readonly expired: tls.SecureContext;
  readonly notYetValid: tls.SecureContext;
  readonly otherName: tls.SecureContext;
  readonly selfSigned: tls.SecureContext;
  readonly otherAuthority: tls.SecureContext;
  readonly sameNameAuthority: tls.SecureContext;
  readonly tls11: tls.SecureContext;
}

const ended = refused("in the TLS handshake", /connection (reset|closed)/);
const noTls = refused("in the TLS handshake", /TLS/);

function badServer(name: string, context: () => tls.SecureContext, cause: RegExp): Case {
  return {
    name: `${name} is a 502, and no byte of a request is sent`,
    upstream: onConnection(handshake(context), stayOpen),
    outcome: refused("in the TLS handshake", cause),
  };
}

/** An alert of two bytes in a record of its own (RFC 8446 6). */
function alert(description: number): string {
  return `\x15\x03\x03\0\x02\x02${String.fromCharCode(description)}`;
}

const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\none!!\r\n";
const brokenRecord = `\x17\x03\x03\0\x20${"x".repeat(32)}`;

/** @param servers - made before the tests run, and after this table */
export function tlsCases(servers: () => BadServers): readonly Case[] {
  return [
    {
      name: "a connection that is accepted and reset is a 502",
      upstream: onConnection(reset),
      // A reset may be there before the connection is seen to be made.
      outcome: refused(["connecting", "in the TLS handshake"], /connection (reset|closed)/),
    },
    {
      name: "a connection that is accepted and closed is a 502",
      upstream: onConnection(fin),
      outcome: ended,
    },
    {
      name: "a reset after the ClientHello is a 502",
      upstream: onConnection(untilSomethingCame, reset),
      outcome: ended,
    },
    {
      name: "a close after the ClientHello is a 502",
      upstream: onConnection(untilSomethingCame, fin),
      outcome: ended,
    },
    {
      name: "a close in the middle of the ServerHello is a 502",
      upstream: onConnection(untilSomethingCame, sendRawBytes("\x16\x03\x03\0\x7a\x02\0\0"), fin),
      outcome: ended,
    },
    {
      name: "an answer in plain HTTP to the ClientHello is a 502",
      upstream: onConnection(
        untilSomethingCame,
        sendRawBytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        stayOpen,
      ),
      outcome: noTls,
    },
    {
      name: "the alert handshake_failure is a 502",
      upstream: onConnection(untilSomethingCame, sendRawBytes(alert(40)), stayOpen),
      outcome: noTls,
    },
    {
      name: "the alert internal_error is a 502",
      upstream: onConnection(untilSomethingCame, sendRawBytes(alert(80)), fin),
      outcome: noTls,
    },
    badServer("a server that speaks at most TLS 1.1", () => servers().tls11, /TLS/),
    badServer("an expired certificate", () => servers().expired, /certificate has expired/),
    badServer(
      "a certificate that is not valid yet",
      () => servers().notYetValid,
      /certificate is not (yet valid|valid yet)/,
    ),
    badServer(
      "a certificate for another name",
      () => servers().otherName,
      /certificate is for another host name/,
    ),
    badServer("a self-signed certificate", () => servers().selfSigned, /certificate is self-signed/),
    badServer(
      "a certificate of another authority",
      () => servers().otherAuthority,
      /certificate authority is not trusted/,
    ),
    badServer(
      "a certificate of an authority that has only the name of ours",
      () => servers().sameNameAuthority,
      /certificate authority is not trusted/,
    ),
    {
      name: "a record that cannot be decrypted in place of the answer is a 502",
      upstream: onRequest(sendRawBytes(brokenRecord), stayOpen),
      outcome: refused("waiting for the answer", /TLS/),
    },
    {
      name: "a record that cannot be decrypted in the middle of an answer breaks the client's connection",
      clients: bothVersions,
      upstream: onRequest(send(chunkedHead), untilClientHas("one!!"), sendRawBytes(brokenRecord), stayOpen),
      outcome: cut("one!!", /TLS/),
    },
    {
      name: "a close of TCP alone in the middle of a chunked answer breaks the client's connection",
      clients: bothVersions,
      upstream: onRequest(send(chunkedHead), untilClientHas("one!!"), finWithoutNotify),
      outcome: cut("one!!", /connection closed/),
    },
  ];
}
