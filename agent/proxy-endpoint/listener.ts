// Whose a listening TCP port of this machine is, by the kernel's table. Where a proxy has died, anybody
// may have taken its port.

import { readSocketTable, tableEnds, wildcardEnds } from "../socket-table.ts";

/**
 * @param address - a loopback address without brackets
 * @returns uids of the sockets that take the connections made there: those bound to the address, or else
 *   to all of them; undefined where the kernel does not say
 */
export function listenersOf(address: string, port: number): readonly number[] | undefined {
  const listeners = readSocketTable()?.filter(({ isListening }) => isListening);
  if (listeners === undefined) return undefined;
  const uidsAt = (ends: readonly string[]) =>
    listeners.filter(({ local }) => ends.includes(local)).map(({ uid }) => uid);
  const exact = uidsAt(tableEnds(address, port));
  return exact.length > 0 ? exact : uidsAt(wildcardEnds(address, port));
}
