// Connections that fail before there is an answer.

import { type Case, type ClientVersion, onConnection, onHead, onRequest, passed, refused } from "../case.ts";
import { smallRequest } from "../lane.ts";
import { fin, pause, reset, send, stayOpen, untilClientHas } from "../steps.ts";

/** A request of which only the first part of the body is ever sent. */
export function unfinishedRequest(version: ClientVersion): string {
  return smallRequest(version).replace(
    /Content-Length: \d+\r\n\r\n.*$/s,
    `Content-Length: 100000\r\n\r\n{"in`,
  );
}

const early = '{"error":{"message":"no","type":"x","code":null}}';
const earlyAnswer = `HTTP/1.1 401 Unauthorized\r\nContent-Length: ${early.length}\r\n\r\n${early}`;

export const connectionCases: readonly Case[] = [
  {
    name: "a port on which nothing listens is a 502",
    upstream: "not listening",
    outcome: refused("connecting", /connection refused/),
  },
  {
    name: "a connection that is accepted and reset is a 502",
    over: "TCP",
    upstream: onConnection(reset),
    // A reset may be there before the connection is seen to be made.
    outcome: refused(
      ["connecting", "sending the request", "waiting for the answer"],
      /connection (reset|closed)/,
    ),
  },
  {
    name: "a connection that is accepted and closed is a 502",
    over: "TCP",
    upstream: onConnection(fin),
    outcome: refused(["sending the request", "waiting for the answer"], /connection (reset|closed)/),
  },
  {
    name: "a reset after the request's head is a 502",
    upstream: onHead(reset),
    outcome: refused(["sending the request", "waiting for the answer"], /connection (reset|closed)/),
  },
  {
    name: "a reset while the body is being sent is a 502",
    request: unfinishedRequest,
    upstream: onHead(reset),
    outcome: refused("sending the request", /connection (reset|closed)/),
  },
  {
    name: "a close while the body is being sent is a 502",
    request: unfinishedRequest,
    upstream: onHead(fin),
    outcome: refused("sending the request", /connection closed/),
  },
  {
    name: "a reset after the request is a 502",
    upstream: onRequest(reset),
    outcome: refused("waiting for the answer", /connection reset/),
  },
  {
    name: "a close after the request is a 502",
    upstream: onRequest(fin),
    outcome: refused("waiting for the answer", /connection closed/),
  },
  {
    name: "an answer before the request's body has ended is passed on at once",
    request: unfinishedRequest,
    upstream: onHead(send(earlyAnswer), stayOpen),
    outcome: passed(401, early),
  },
  {
    name: "an answer followed by a close while the body is still being sent is passed on",
    request: unfinishedRequest,
    upstream: onHead(send(earlyAnswer), fin),
    outcome: passed(401, early),
  },
  {
    name: "an answer followed by a reset while the body is still being sent is passed on",
    request: unfinishedRequest,
    upstream: onHead(send(earlyAnswer), untilClientHas(early), reset),
    outcome: passed(401, early),
  },
  {
    name: "an answer that comes after a while is passed on",
    upstream: onRequest(pause(300), send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")),
    outcome: passed(200, "slow"),
  },
];
