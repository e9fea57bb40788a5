// The macOS sandbox: the profile for sandbox-exec and its parameters. Its text is tested, its effect is
// not: no macOS was at hand. Paths are parameters and never part of the profile, so no file name can
// change what it says.

import type { SandboxPolicy } from "./policy.ts";
import { hasNetwork } from "./policy.ts";
import type { WritableRoot } from "./writable-roots.ts";

/** The only one that is run: a sandbox-exec of PATH could be anybody's. */
export const sandboxExec = "/usr/bin/sandbox-exec";

// What a shell, a compiler or an interpreter wants of the system to start at all.
const base = `(version 1)
(deny default)

; a child has the sandbox of its parent
(allow process-exec)
(allow process-fork)
(allow process-info* (target same-sandbox))
(allow signal (target same-sandbox))

; reading is open in every mode
(allow file-read*)
(allow user-preference-read)

; writing: what is no file
(allow file-write-data
  (require-all (path "/dev/null") (vnode-type CHARACTER-DEVICE)))

; terminals: the one that is inherited, and new ones
(allow pseudo-tty)
(allow file-read* file-write* file-ioctl (literal "/dev/ptmx"))
(allow file-read* file-write* file-ioctl
  (require-all (regex #"^/dev/ttys[0-9]+$") (extension "com.apple.sandbox.pty")))
(allow file-ioctl (regex #"^/dev/ttys[0-9]+$"))

; what runtimes ask of the machine: processors, memory, release
(allow sysctl-read
  (sysctl-name-prefix "hw.")
  (sysctl-name-prefix "machdep.cpu.")
  (sysctl-name-prefix "kern.proc.")
  (sysctl-name "kern.argmax")
  (sysctl-name "kern.boottime")
  (sysctl-name "kern.hostname")
  (sysctl-name "kern.maxfilesperproc")
  (sysctl-name "kern.maxproc")
  (sysctl-name "kern.ngroups")
  (sysctl-name "kern.osproductversion")
  (sysctl-name "kern.osrelease")
  (sysctl-name "kern.ostype")
  (sysctl-name "kern.osvariant_status")
  (sysctl-name "kern.osversion")
  (sysctl-name "kern.secure_kernel")
  (sysctl-name "kern.usrstack64")
  (sysctl-name "kern.version")
  (sysctl-name "sysctl.proc_cputype")
  (sysctl-name "vm.loadavg"))

; semaphores of multiprocessing, names of users, power state
(allow ipc-posix-sem)
(allow mach-lookup
  (global-name "com.apple.system.opendirectoryd.libinfo")
  (global-name "com.apple.PowerManagement.control"))
(allow iokit-open (iokit-registry-entry-class "RootDomainUserClient"))
`;

const network = `; network, names and certificates
(allow network-outbound)
(allow network-inbound)
(allow system-socket)
(allow mach-lookup
  (global-name "com.apple.SecurityServer")
  (global-name "com.apple.SystemConfiguration.DNSConfiguration")
  (global-name "com.apple.SystemConfiguration.configd")
  (global-name "com.apple.networkd")
  (global-name "com.apple.ocspd")
  (global-name "com.apple.trustd.agent"))
`;

/** A profile and the values of its parameters. */
export interface SeatbeltProfile {
  readonly text: string;
  /** NAME=VALUE, for -D */
  readonly parameters: readonly string[];
}

/**
 * The profile of a policy.
 *
 * @param roots - what may be written; none for read-only
 */
export function seatbeltProfile(policy: SandboxPolicy, roots: readonly WritableRoot[]): SeatbeltProfile {
  const parameters: string[] = [];
  const writable = roots.map(({ root, readOnlySubpaths }, index) => {
    const name = `WRITABLE_ROOT_${index}`;
    parameters.push(`${name}=${root}`);
    if (readOnlySubpaths.length === 0) return `  (subpath (param "${name}"))`;
    const exceptions = readOnlySubpaths.map((path, at) => {
      parameters.push(`${name}_RO_${at}=${path}`);
      return `(require-not (subpath (param "${name}_RO_${at}")))`;
    });
    return `  (require-all (subpath (param "${name}")) ${exceptions.join(" ")})`;
  });
  const sections = [base];
  if (writable.length > 0) sections.push(`; writable roots\n(allow file-write*\n${writable.join("\n")})\n`);
  if (hasNetwork(policy)) sections.push(network);
  return { text: sections.join("\n"), parameters };
}

/** What follows the name of sandbox-exec. */
export function seatbeltArguments(profile: SeatbeltProfile, command: readonly string[]): string[] {
  return ["-p", profile.text, ...profile.parameters.map((one) => `-D${one}`), "--", ...command];
}
