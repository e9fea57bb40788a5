// The upstream of the corpus: a plain TCP server that records every byte, reads it strictly and
// answers 200 to whole requests. It repairs nothing, so what it accepts had one meaning.

import net, { type AddressInfo } from "node:net";
import { Ambiguity, StrictReader, type StrictRequest } from "./strict-request.ts";

export interface Recording {
  readonly requests: readonly StrictRequest[];
  /** the rules that the bytes broke */
  readonly ambiguities: readonly string[];
  /** requests that began and ended with their connection */
  readonly brokenOff: number;
  /** everything that arrived, as latin1 */
  readonly text: string;
}

export interface Recorder {
  readonly port: number;
  /** what came since the last call */
  take(): Recording;
  /** requests that have begun and are not complete */
  unfinished(): number;
  close(): Promise<void>;
}

/** Start a recorder on a loopback port; 0 takes a free one. */
export async function startRecorder(port = 0): Promise<Recorder> {
  const readers = new Map<net.Socket, StrictReader>();
  let requests: StrictRequest[] = [];
  let ambiguities: string[] = [];
  let brokenOff = 0;
  let text = "";

  const server = net.createServer({ noDelay: true }, (socket) => {
    const reader = new StrictReader();
    readers.set(socket, reader);
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      try {
        reader.push(bytes);
      } catch (error) {
        if (!(error instanceof Ambiguity)) throw error;
        ambiguities.push(error.message);
        readers.delete(socket);
        socket.destroy();
      }
      for (const request of reader.requests.splice(0)) {
        requests.push(request);
        socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (readers.get(socket)?.isBetweenRequests === false) brokenOff++;
      readers.delete(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));

  return {
    port: (server.address() as AddressInfo).port,
    take: () => {
      const recording = { requests, ambiguities, brokenOff, text };
      requests = [];
      ambiguities = [];
      brokenOff = 0;
      text = "";
      return recording;
    },
    unfinished: () => [...readers.values()].filter((reader) => !reader.isBetweenRequests).length,
    close: () => {
      for (const socket of readers.keys()) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
