// The key on its way to another process: from secret memory into the socket, without libuv between.

import type { Socket } from "node:net";
import { native } from "./native.ts";
import { errnoName, type Secret } from "./secret.ts";
import { descriptorOf } from "./tcp.ts";

const sendTimeoutMs = 10_000;

/**
 * Write the key and a newline to a connected unix socket. Blocks the thread for a moment.
 *
 * @returns the name of the error, undefined for success
 */
export function sendSecret(socket: Socket, secret: Secret): string | undefined {
  const fd = descriptorOf(socket);
  if (fd === undefined) return "the connection is closed";
  const errno = native.sendKey(fd, secret.bytes, sendTimeoutMs);
  return errno === 0 ? undefined : errnoName(errno);
}
