// How many clients may be connected, counted over all sockets on which the proxy listens.

import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { limitConnections } from "../../proxy/connection-limit.ts";
import { openFileLimit } from "../../proxy/open-file-limit.ts";
import { waitFor } from "../wait-for.ts";

test("connections of one socket leave fewer to the other, and come back when they end", async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-limit-"));
  const path = join(folder, "socket");
  const [first, second] = [net.createServer(), net.createServer()];
  // Handed on, as the proxy does: told of by both, counted once.
  second.on("connection", (socket) => first.emit("connection", socket));
  const files = openFileLimit() as number;
  limitConnections([first, second], 1, files - 40 - 5);
  first.listen(0, "127.0.0.1");
  second.listen(path);
  await Promise.all([once(first, "listening"), once(second, "listening")]);
  const { port } = first.address() as net.AddressInfo;

  const open: net.Socket[] = [];
  const closed = new Set<net.Socket>();
  const connect = async (where: number | string) => {
    const socket = typeof where === "number" ? net.connect(where, "127.0.0.1") : net.connect(where);
    socket.on("error", () => {}).once("close", () => closed.add(socket));
    socket.resume();
    await once(socket, "connect");
    open.push(socket);
  };
  const accepted = () => [first.maxConnections, second.maxConnections];
  assert.deepEqual(accepted(), [5, 5]);
  for (const where of [port, port, path]) await connect(where);
  await waitFor(() => first.maxConnections === 4 && second.maxConnections === 3, "three to be counted");
  for (const where of [path, path]) await connect(where);
  await waitFor(() => first.maxConnections === 2 && second.maxConnections === 3, "five to be counted");
  await connect(path);
  await connect(port);
  await waitFor(() => closed.size === 2, "both that are too many to be closed");
  open[0]?.destroy();
  await waitFor(() => second.maxConnections === 4, "the place to be free");
  await connect(path);
  await waitFor(() => second.maxConnections === 4 && first.maxConnections === 1, "it to be taken");
  assert.equal(closed.size, 3);
  for (const socket of open) socket.destroy();
  first.close();
  second.close();
  fs.rmSync(folder, { recursive: true });
});
