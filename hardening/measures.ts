// The protections of the running process as a table: each one on, off or unavailable, with the
// reason and what it stops. Read off the kernel at the time of asking, never off our own intentions.

import inspector from "node:inspector";
import { constants } from "node:os";
import { native, type ProcessFacts } from "./native.ts";
import type { SecretMemoryKind } from "./secret.ts";

export type MeasureState = "on" | "off" | "unavailable";

export interface Measure {
  readonly name: string;
  readonly state: MeasureState;
  /** what was found, in a few words */
  readonly reason: string;
  /** the attack that it stops */
  readonly stops: string;
}

/** What start-up did and the kernel cannot tell. */
export interface StartFacts {
  /** a TCP port that is not the upstream's and not 53 */
  readonly forbiddenPort: number;
  readonly hasStaticLauncher: boolean;
  readonly memoryKind: SecretMemoryKind;
  readonly hasCrashTrace: boolean;
}

/** Ask the kernel for the state of every measure, in the order in which they are taken. */
export function readMeasures(start: StartFacts): readonly Measure[] {
  return [
    ...judge(native.readFacts(start.forbiddenPort), inspector.url(), process.geteuid?.() === 0),
    ...judgeStart(start),
  ];
}

/** Turn what the kernel says into measures; separate from the asking so that it can be tested. */
export function judge(
  facts: ProcessFacts,
  inspectorUrl: string | undefined,
  isRoot: boolean,
): readonly Measure[] {
  const { EACCES, ENOSYS } = constants.errno;
  return [
    measure("not dumpable", facts.dumpable, facts.dumpable === 0, {
      on: "PR_GET_DUMPABLE is 0",
      off: `PR_GET_DUMPABLE is ${facts.dumpable}`,
      stops: "ptrace, /proc/PID/mem and environ, core files, by processes of the same uid",
    }),
    measure("not dumpable at start", facts.runsUnreadably, facts.runsUnreadably === true || isRoot, {
      on: isRoot
        ? "started by root, whom no other user can open"
        : "executed from an unreadable copy of the loader",
      off: "no executable memfd here (vm.memfd_noexec)",
      stops: "opening the process between its exec and its first instruction",
    }),
    measure("no core files", facts.coreLimitBytes, facts.coreLimitBytes === 0, {
      on: "RLIMIT_CORE is 0, hard",
      off: `RLIMIT_CORE is ${facts.coreLimitBytes} bytes`,
      stops: "the key in a core file after a crash",
    }),
    measure("no new privileges", facts.noNewPrivileges, facts.noNewPrivileges === 1, {
      on: "PR_GET_NO_NEW_PRIVS is 1",
      off: "PR_GET_NO_NEW_PRIVS is 0",
      stops: "gaining rights through setuid programs",
    }),
    measure("bind denied", facts.bindErrno, facts.bindErrno === EACCES, {
      on: "bind(2) was tried: EACCES",
      off:
        facts.bindErrno === 0 ? "bind(2) was tried: it works" : `bind(2) was tried: errno ${facts.bindErrno}`,
      stops: "an inspector that listens, whatever signal or flag asks for it",
    }),
    measure("io_uring off", facts.ioUringErrno, facts.ioUringErrno === ENOSYS, {
      on: "io_uring_setup(2) was tried: ENOSYS",
      off: "io_uring_setup(2) was tried: it exists",
      stops: "input and output that passes by system call filters",
    }),
    measure("files restricted", facts.readVarErrno, facts.readVarErrno === EACCES, {
      on: "Landlock; reading /var was tried: EACCES",
      off: "no Landlock here; reading /var was tried: it works",
      stops: "reading or writing other files from inside a taken-over process",
    }),
    measure("connections restricted", facts.connectErrno, facts.connectErrno === EACCES, {
      on: "Landlock; connecting elsewhere was tried: EACCES",
      off: "Landlock before ABI 4; connecting elsewhere was tried: nothing forbids it",
      stops: "TCP to other ports than the upstream's and DNS from inside a taken-over process",
    }),
    measure("no tracer", facts.tracerPid, facts.tracerPid === 0, {
      on: "TracerPid is 0",
      off: `TracerPid is ${facts.tracerPid}`,
      stops: "a debugger that started the proxy",
    }),
    measure("no inspector", true, inspectorUrl === undefined, {
      on: "none is open",
      off: "one is open",
      stops: "running code in the process through its debugging port",
    }),
    measure("user namespace", facts.inUserNamespace, facts.inUserNamespace === false, {
      on: "the initial one",
      off: "one of its own, whose owner has every capability in it",
      stops: "reading memory as the owner of the namespace",
    }),
  ];
}

function judgeStart(start: StartFacts): readonly Measure[] {
  return [
    {
      name: "static launcher",
      state: start.hasStaticLauncher ? "on" : "off",
      reason: start.hasStaticLauncher ? "linked with the static C library" : "built where libc.a is missing",
      stops: "LD_PRELOAD and LD_AUDIT of the starter, in the launcher itself",
    },
    {
      name: "secret memory",
      state: "on",
      reason:
        start.memoryKind === "memfd_secret" ? "memfd_secret(2)" : "locked pages (no memfd_secret(2) here)",
      stops:
        start.memoryKind === "memfd_secret"
          ? "reading the key's pages, by anyone outside of the process, and swapping them"
          : "swapping the key's pages; root can read them",
    },
    {
      name: "crash trace",
      state: start.hasCrashTrace ? "on" : "unavailable",
      reason: start.hasCrashTrace ? "segfault-handler" : "segfault-handler is not installed for this Node",
      stops: "crashes without a trace, since there are no core files",
    },
  ];
}

function measure(
  name: string,
  fact: unknown,
  isOn: boolean,
  texts: { readonly on: string; readonly off: string; readonly stops: string },
): Measure {
  if (fact === undefined)
    return { name, state: "unavailable", reason: "not on this platform", stops: texts.stops };
  return { name, state: isOn ? "on" : "off", reason: isOn ? texts.on : texts.off, stops: texts.stops };
}
