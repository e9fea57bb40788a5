// Questions to a running proxy over its admin socket.

import http from "node:http";
import { plainText } from "../telemetry/plain-text.ts";
import { CommandError } from "./errors.ts";
import { toSocketPath } from "./running-proxy.ts";

const timeoutMs = 5000;
const maxAnswerBytes = 16 * 1024 * 1024;
const maxReasonLength = 200;
const readersHint =
  "run it as root, as the user who started the proxy, or as one whom --admin-socket-group lets in";

/**
 * GET a path of the admin socket that answers in JSON.
 *
 * @throws {CommandError} CMD_UNREACHABLE with what the proxy or the system says
 */
export function readAdmin(socket: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      const hint = reason === "EACCES" ? { hint: readersHint } : {};
      reject(new CommandError("CMD_UNREACHABLE", `${socket} does not answer ${path}: ${reason}`, hint));
    };
    const request = http.get({ socketPath: toSocketPath(socket), path, agent: false, timeout: timeoutMs });
    request.on("timeout", () => request.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })));
    request.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? "unknown error"));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) request.destroy();
        else chunks.push(chunk);
      });
      response.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? "cut off"));
      response.on("end", () => {
        let answer: { readonly error?: { readonly message?: unknown } } | null;
        try {
          answer = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        } catch {
          return fail(response.statusCode === 200 ? "it is no JSON" : `status ${response.statusCode}`);
        }
        if (response.statusCode === 200) return resolve(answer);
        const told = answer?.error?.message;
        fail(typeof told === "string" ? plainText(told, maxReasonLength) : `status ${response.statusCode}`);
      });
    });
  });
}
