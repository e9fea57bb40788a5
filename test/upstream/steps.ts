// What a scripted upstream can do.

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type tls from "node:tls";
import type { Step } from "./byte-upstream.ts";

/** Write bytes; strings are latin1. */
export function send(bytes: string | Buffer): Step {
  return (connection) => connection.write(bytes);
}

/** Write each byte for itself. */
export function sendByteByByte(text: string): Step {
  return async (connection) => {
    for (const byte of Buffer.from(text, "latin1")) {
      await connection.write(Buffer.of(byte));
      await nextTurn();
    }
  };
}

/** Write the same bytes until the connection ends, or `maxBytes` were taken. */
export function sendWithoutEnd(bytes: string, maxBytes = 256 * 1024 * 1024): Step {
  return async (connection) => {
    const block = Buffer.from(bytes.repeat(Math.ceil(16_384 / bytes.length)), "latin1");
    for (let sent = 0; sent < maxBytes; sent += block.length) await connection.write(block);
  };
}

/** Write the same bytes again and again, with pauses. */
export function dribble(bytes: string, gapMs: number, times = Number.POSITIVE_INFINITY): Step {
  return async (connection) => {
    for (let i = 0; i < times; i++) {
      await connection.write(bytes);
      await sleep(gapMs);
    }
  };
}

/** Wait until the client that asked has got this. */
export function untilClientHas(text: string): Step {
  return async ({ upstream }) => {
    await upstream.client?.has(text);
  };
}

export function pause(ms: number): Step {
  return () => sleep(ms);
}

/** Do nothing until the proxy closes. */
export const stayOpen: Step = (connection) => {
  connection.stream.resume();
  return connection.until(() => false);
};

/** Close in order: over TLS with its close_notify. */
export const fin: Step = async (connection) => {
  connection.stream.end();
  connection.stream.resume();
  await connection.until(() => false);
};

/** Close TCP and leave the TLS above it open, as one in the middle of the network can do. */
export const finWithoutNotify: Step = async (connection) => {
  connection.raw.end();
  connection.stream.resume();
  await connection.until(() => false);
};

/** Send a RST. */
export const reset: Step = async (connection) => {
  const isOver = new Promise<void>((resolve) => connection.raw.once("close", () => resolve()));
  connection.raw.resetAndDestroy();
  await isOver;
};

/** Write bytes under the TLS. */
export function sendRawBytes(bytes: string): Step {
  return (connection) => connection.writeRaw(bytes);
}

/** Wait until the proxy has sent something, which is not read as a request. */
export const untilSomethingCame: Step = (connection) =>
  new Promise((resolve) => {
    connection.raw.once("data", () => resolve());
    connection.raw.once("close", () => resolve());
  });

/** Speak TLS as this context has it. */
export function handshake(context: () => tls.SecureContext): Step {
  return (connection) => {
    connection.startTls(context());
    connection.receive();
  };
}

/** Let all of these have happened when the proxy sees the first of them. */
export function whileProxyIsStopped(...steps: readonly Step[]): Step {
  return async (connection) => {
    const pid = connection.upstream.proxyPid as number;
    process.kill(pid, "SIGSTOP");
    try {
      for (const step of steps) await step(connection);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  };
}
