// The parts of the man page that no table holds.

export const manPageSections = [
  [
    "SIGNALS",
    [
      [
        "SIGTERM, SIGINT, SIGHUP",
        "Stop accepting, remove server info, let open streams finish within --drain-timeout-ms, exit 0. A second one does not wait. SIGHUP is ignored under nohup(1).",
      ],
    ],
  ],
  [
    "EXAMPLES",
    [
      [
        "sudo codex-responses-api-proxy --server-info /run/codex/info.json < key.txt",
        "Serve every user of this machine until it is stopped.",
      ],
      [
        "codex-responses-api-proxy --check",
        "Say which protections are on, off or unavailable on this machine, without a key.",
      ],
    ],
  ],
  [
    "SEE ALSO",
    [
      "README.md, SECURITY.md and docs/operations.md in the package; memfd_secret(2), landlock(7), seccomp(2), systemd.exec(5).",
    ],
  ],
] as const;
