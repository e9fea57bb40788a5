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
    "EXIT STATUS OF COMMANDS",
    [
      ["0", "Done; status: it runs."],
      ["1", "Failed, or not permitted."],
      ["2", "The command line is wrong."],
      ["3", "The proxy does not run, or cannot be reached."],
      ["4", "Not in time: wait, stop."],
      ["126, 127, others", "exec: the command cannot be run, is not found, or has ended so."],
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
        "codex-responses-api-proxy --daemon --log-file proxy.log --server-info info.json < key.txt",
        "Serve in the background; return when it does.",
      ],
      [
        "codex-responses-api-proxy exec --server-info info.json -- codex exec 'fix the failing test'",
        "Run Codex against it, without any key in its environment.",
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
