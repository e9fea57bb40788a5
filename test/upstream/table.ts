// All cases that need nothing of the proxy but its defaults.

import type { Case } from "./case.ts";
import { badChunkCases, cutStreamCases, unframedCases, wholeBodyCases } from "./cases/body.ts";
import { connectionCases } from "./cases/connection.ts";
import { echoCases } from "./cases/echo.ts";
import { framingCases, headerCases, statusLineCases } from "./cases/head.ts";
import { bodylessCases, interimCases } from "./cases/interim.ts";
import type { Lane } from "./lane.ts";
import { testCases } from "./test-cases.ts";

const groups: Readonly<Record<string, readonly Case[]>> = {
  "an upstream that fails before its answer": connectionCases,
  "an upstream whose status line is not one": statusLineCases,
  "an upstream whose headers are not ones": headerCases,
  "an answer that says badly where it ends": framingCases,
  "what comes before an answer, or in place of one": interimCases,
  "an answer without a body": bodylessCases,
  "an answer that is cut": cutStreamCases,
  "an answer that ends with its connection": unframedCases,
  "a chunk that is none": badChunkCases,
  "an answer that is whole": wholeBodyCases,
  "an answer that holds the key": echoCases,
};

/** Make a test of every case that applies to an upstream over TCP or TLS. */
export function testTable(over: "TCP" | "TLS", lane: () => Lane): void {
  for (const [group, cases] of Object.entries(groups)) {
    testCases(
      `${group}, over ${over}`,
      cases.filter((row) => row.over === undefined || row.over === over),
      lane,
    );
  }
}
