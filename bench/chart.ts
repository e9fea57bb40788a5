import type { Results } from "./results.ts";
export function chart(_: Results): string {
  return "";
}
