// The protections of the running process as a table: each one on, off or unavailable, with the
// reason and what it stops. Read off the kernel at the time of asking, never off our own intentions.

import inspector from "node:inspector";
import { constants } from "node:os";
import { HardeningError } from "./errors.ts";
import { native, type ProcessFacts } from "./native.ts";
import type { SecretMemoryKind } from "./secret.ts";

export type MeasureState = "on" | "off" | "unavailable";

/** Which measures must be on for a start: all, those on which the key's secrecy rests, or none. */
export type HardeningLevel = "all" | "secrecy" | "none";

export interface Measure {
  readonly name: string;
  /** exit status of a start that is refused because this one is off */
  readonly exitCode: number;
  /** whether the key's secrecy from other users of this machine rests on it */
  readonly isForSecrecy: boolean;
  readonly state: MeasureState;
  /** what was found, in a few words */
  readonly reason: string;
  /** the attack that it stops */
  readonly stops: string;
}

/** What start-up did and the kernel cannot tell. */
export interface StartFacts {
  readonly wasRoot: boolean;
  /** effective uid of the starter, undefined where the platform has none */
  readonly startUid: number | undefined;
  readonly hasTrustedFiles: boolean;
  /** a TCP port that is not the upstream's and not 53 */
  readonly forbiddenPort: number;
  readonly hasStaticLauncher: boolean;
  readonly memoryKind: SecretMemoryKind;
  readonly hasCrashTrace: boolean;
  readonly hasResourceLimits: boolean;
  /** dumps or an audit log, which have no size of their own */
  readonly writesFiles: boolean;
  /** undefined where no files are made; else whether Landlock holds them in their folder on every thread */
  readonly areNewFilesFenced: boolean | undefined;
}

/** Ask the kernel for the state of every measure, in the order in which they are taken. */
export function readMeasures(start: StartFacts): readonly Measure[] {
  return [
    ...judge(native.readFacts(start.forbiddenPort), inspector.url(), process.geteuid?.() === 0, start),
    ...judgeStart(start),
  ];
}

/**
 * Refuse a start for which a required measure is off.
 *
 * @throws {HardeningError} HRD_ERR_REQUIRED naming the first of them, with its exit status
 */
export function requireMeasures(measures: readonly Measure[], level: HardeningLevel): void {
  if (level === "none") return;
  const missing = measures.find(({ state, isForSecrecy }) =>
    level === "all" ? state !== "on" : isForSecrecy && state === "off",
  );
  if (missing === undefined) return;
  throw new HardeningError("HRD_ERR_REQUIRED", `${missing.name}: ${missing.reason}`, {
    exitCode: missing.exitCode,
  });
}

/** One line for the log: how many are on, and which are not, with the reason. */
export function summarise(measures: readonly Measure[]): string {
  const parts = [`${measures.filter(({ state }) => state === "on").length} on`];
  for (const wanted of ["off", "unavailable"] as const) {
    const found = measures.filter(({ state }) => state === wanted);
    if (found.length === 0) continue;
    parts.push(
      `${found.length} ${wanted} (${found.map(({ name, reason }) => `${name}: ${reason}`).join("; ")})`,
    );
  }
  return parts.join(", ");
}

/** Turn what the kernel says into measures; separate from the asking so that it can be tested. */
export function judge(
  facts: ProcessFacts,
  inspectorUrl: string | undefined,
  isRoot: boolean,
  { wasRoot, startUid }: Pick<StartFacts, "wasRoot" | "startUid">,
): readonly Measure[] {
  const isOwnNamespace = facts.inUserNamespace === true && facts.userNamespaceOwner === startUid;
  const { EACCES, ENOSYS, EPERM } = constants.errno;
  return [
    measure("not dumpable", facts.dumpable, facts.dumpable === 0, {
      on: "PR_GET_DUMPABLE is 0",
      off: `PR_GET_DUMPABLE is ${facts.dumpable}`,
      exitCode: 5,
      stops: "ptrace, /proc/PID/mem and environ, core files, by processes of the same uid",
    }),
    measure("not dumpable at start", facts.runsUnreadably, facts.runsUnreadably === true || wasRoot, {
      on: wasRoot
        ? "started by root, whom no other user can open"
        : "executed from an unreadable copy of the loader",
      off: "no executable memfd here (vm.memfd_noexec)",
      stops: "opening the process between its exec and its first instruction",
    }),
    measure("no core files", facts.coreLimitBytes, facts.coreLimitBytes === 0, {
      on: "RLIMIT_CORE is 0, hard",
      off: `RLIMIT_CORE is ${facts.coreLimitBytes} bytes`,
      exitCode: 7,
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
      exitCode: 10,
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
    measure("locked", facts.memfdErrno, facts.memfdErrno === EPERM, {
      on: "seccomp on every thread; memfd_create(2) was tried: EPERM",
      off: "memfd_create(2) was tried: it works",
      stops: "starting programs, changing files, listening, and much else from inside a taken-over process",
    }),
    measure("unprivileged", true, !isRoot && facts.hasCapabilities !== true, {
      on: "serves as a user without capabilities",
      off: isRoot ? "serves as root" : "serves with capabilities",
      stops: "root's reach for whoever takes the process over",
    }),
    measure("no tracer", facts.tracerPid, facts.tracerPid === 0, {
      on: "TracerPid is 0",
      off: `TracerPid is ${facts.tracerPid}`,
      exitCode: 9,
      stops: "a debugger that started the proxy",
    }),
    measure("no inspector", true, inspectorUrl === undefined, {
      on: "none is open",
      off: "one is open",
      exitCode: 9,
      stops: "running code in the process through its debugging port",
    }),
    measure("user namespace", facts.inUserNamespace, !isOwnNamespace, {
      on: facts.inUserNamespace === true ? "one that another user made" : "the initial one",
      off: "one of its own, whose owner has every capability in it",
      exitCode: 9,
      stops: "reading memory as the owner of the namespace",
    }),
  ];
}

function judgeStart(start: StartFacts): readonly Measure[] {
  const isSecretMemory = start.memoryKind === "memfd_secret";
  return [
    measure("trusted files", true, start.hasTrustedFiles, {
      on: "Node, the package and the folders above are root's alone to write",
      off: "others than root may write Node, the package or a folder above",
      stops: "replacing what runs with the key",
    }),
    measure("static launcher", true, start.hasStaticLauncher, {
      on: "linked with the static C library",
      off: "built where libc.a is missing",
      stops: "LD_PRELOAD and LD_AUDIT of the starter, in the launcher itself",
    }),
    measure("secret memory", true, true, {
      on: isSecretMemory ? "memfd_secret(2)" : "locked pages (no memfd_secret(2) here)",
      off: "",
      stops: isSecretMemory
        ? "reading the key's pages, by anyone outside of the process, and swapping them"
        : "swapping the key's pages; root can read them",
    }),
    ...judgeNewFiles(start),
    measure("resource limits", start.hasResourceLimits || undefined, start.hasResourceLimits, {
      on: !start.writesFiles
        ? "posix: file size, and processes where the user is the proxy's own"
        : "posix: processes where the user is the proxy's own; not file size, for --dump-dir or --audit-log",
      off: "",
      unavailable: "posix is not installed for this Node",
      stops: "filling disks and process tables from inside a taken-over process",
    }),
    measure("crash trace", start.hasCrashTrace || undefined, start.hasCrashTrace, {
      on: "segfault-handler",
      off: "",
      unavailable: "segfault-handler is not installed for this Node",
      stops: "crashes without a trace, since there are no core files",
    }),
  ];
}

// Only where --dump-dir opens what is closed without it.
function judgeNewFiles({ areNewFilesFenced }: StartFacts): readonly Measure[] {
  if (areNewFilesFenced === undefined) return [];
  return [
    measure("new files confined", true, areNewFilesFenced, {
      on: "--dump-dir opens making files: there alone (Landlock on every thread), none that exists",
      off: "--dump-dir opens making files, and no Landlock here: wherever its user may, none that exists",
      stops: "leaving files elsewhere, or changing one, from inside a taken-over process",
    }),
  ];
}

interface MeasureTexts {
  readonly on: string;
  readonly off: string;
  readonly stops: string;
  /** why it cannot be had, where that is not the platform */
  readonly unavailable?: string;
  /** set for a measure on which secrecy rests */
  readonly exitCode?: number;
}

// `fact` undefined: the platform does not know the thing at all.
function measure(name: string, fact: unknown, isOn: boolean, texts: MeasureTexts): Measure {
  const state = fact === undefined ? "unavailable" : isOn ? "on" : "off";
  const reason =
    fact === undefined ? (texts.unavailable ?? "not on this platform") : isOn ? texts.on : texts.off;
  const { exitCode = 10, stops } = texts;
  return { name, state, reason, stops, exitCode, isForSecrecy: texts.exitCode !== undefined };
}
