// The look at a connection before Node makes a socket of it.

import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { lookBeforeSockets } from "../../../proxy/access/before-sockets.ts";

let server: net.Server;
let served = 0;
let look: () => boolean = () => true;

before(async () => {
  server = net.createServer((socket) => {
    served++;
    socket.end("served");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  lookBeforeSockets(server, () => look());
});
after(() => server.close());

/** What a client is sent until its connection ends, and how many sockets were made meanwhile. */
async function connect(): Promise<{ text: string; sockets: number }> {
  const madeBefore = served;
  const client = net.connect((server.address() as AddressInfo).port, "127.0.0.1");
  let text = "";
  client.on("data", (chunk) => {
    text += chunk;
  });
  client.on("error", () => {}); // closed without a word, which may come as a reset
  await once(client, "close");
  return { text, sockets: served - madeBefore };
}

test("what is wanted becomes a socket as ever, what is not is closed without one", async () => {
  look = () => true;
  assert.deepEqual(await connect(), { text: "served", sockets: 1 });
  look = () => false;
  assert.deepEqual(await connect(), { text: "", sockets: 0 });
});

test("a look that throws counts as no", async () => {
  look = () => {
    throw new Error("of the look");
  };
  assert.deepEqual(await connect(), { text: "", sockets: 0 });
  look = () => true;
  assert.deepEqual(await connect(), { text: "served", sockets: 1 });
});
