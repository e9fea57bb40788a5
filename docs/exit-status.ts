// The exit statuses of the proxy, for people. Those of a start that fails stand in the error tables of
// proxy/ and hardening/ and in native/launcher/launcher.h; a test compares.

export const exitStatus = [
  ["0", "It was shut down, or answered --check, --help or --version."],
  ["1", "The key, a file, a URL or the network is not as it must be."],
  ["2", "The command line is wrong."],
  ["5", "The process could not be made undumpable (Linux)."],
  ["6", "The process could not be protected from tracers (macOS)."],
  ["7", "The limit on core dumps could not be set."],
  ["8", "Memory for the key cannot be locked."],
  ["9", "A tracer or inspector is attached, or the user namespace belongs to the starter."],
  [
    "10",
    "It was not started by its launcher, the launcher failed, others may write its files, or a required protection is off.",
  ],
] as const;
