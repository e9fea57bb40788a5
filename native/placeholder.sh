#!/bin/sh
# Stands where the native launcher belongs until it is built, because npm links a command only if
# its file is in the package. It reads nothing from stdin: a key piped to it stays unread.
echo "codex: error: the native launcher of codex-responses-api-proxy is not built" >&2
echo "codex: hint: install a C and C++ compiler (Debian: apt-get install build-essential), then run: npm rebuild -g codex-responses-api-proxy --allow-scripts=codex-responses-api-proxy" >&2
exit 1
