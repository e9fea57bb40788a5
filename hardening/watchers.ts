// Refuses to go on where somebody already has a hand in the process that is about to read a key: a
// tracer, an inspector, a user namespace of his own. The command line, which holds none, runs there.

import inspector from "node:inspector";
import { HardeningError } from "./errors.ts";
import { native, type ProcessFacts } from "./native.ts";

/**
 * Refuse a process into which its starter, or anyone of the same uid, could still reach.
 *
 * @param facts - what the kernel says of the process
 * @param inspectorUrl - where an inspector listens, undefined for nowhere
 * @param uid - effective uid, undefined where the platform has none
 * @throws {HardeningError} HRD_ERR_TRACED, HRD_ERR_INSPECTOR or HRD_ERR_USER_NAMESPACE
 * @see ptrace(2), user_namespaces(7): the owner of a namespace has every capability in it, dumpable or not
 */
export function refuseWatchers(
  facts: ProcessFacts,
  inspectorUrl: string | undefined,
  uid: number | undefined,
): void {
  if (facts.tracerPid !== undefined && facts.tracerPid !== 0) throw new HardeningError("HRD_ERR_TRACED");
  if (inspectorUrl !== undefined) throw new HardeningError("HRD_ERR_INSPECTOR");
  if (facts.inUserNamespace && facts.userNamespaceOwner === uid) {
    throw new HardeningError("HRD_ERR_USER_NAMESPACE");
  }
}

// Discard, which nobody serves; what comes of it does not matter here.
const forbiddenPort = 9;

/** Run the checks on this very process. */
export function refuseWatchersHere(): void {
  refuseWatchers(native.readFacts(forbiddenPort), inspector.url(), process.geteuid?.());
}
