// The reader that the suites judge answers with: whatever it let pass, they could not see.

import assert from "node:assert/strict";
import net, { type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { readAnswers } from "./raw-answer.ts";
import { RawClient } from "./raw-client.ts";

test("a body is whole at its length, at its last chunk and trailers, or at an orderly close, and not before", () => {
  const sized = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
  const chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Trailer: 1\r\n\r\n";
  for (const whole of [sized, chunked]) {
    assert.equal(readAnswers(whole, "open").final?.isWhole, true);
    for (let length = 0; length < whole.length; length++) {
      assert.ok(!readAnswers(whole.slice(0, length), "closed").final?.isWhole, whole.slice(0, length));
    }
  }
  const unframed = "HTTP/1.1 200 OK\r\n\r\nbody";
  assert.deepEqual(
    (["open", "reset", "closed"] as const).map((ending) => readAnswers(unframed, ending).final?.isWhole),
    [false, false, true],
  );
});

test("what is not well-formed is an error", () => {
  for (const bad of [
    "HTTP/1.1 99 Low\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX-Split: a\rb\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX-Split: a\nb\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX-Nul: \0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
  ]) {
    assert.throws(() => readAnswers(bad, "open"), SyntaxError, JSON.stringify(bad));
  }
});

test("a reset is told from a close, also one that comes along with data", async () => {
  const seen = async (end: (socket: Socket) => void) => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.write("data", () => end(socket)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = await RawClient.connect((server.address() as AddressInfo).port);
    client.write("x");
    await client.until(() => client.ending !== "open");
    client.leave();
    server.close();
    return client.ending;
  };
  assert.equal(await seen((socket) => socket.end()), "closed");
  assert.equal(await seen((socket) => socket.resetAndDestroy()), "reset");
});
