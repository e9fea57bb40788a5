#!/bin/sh
# Stands where the native launcher belongs until it is built, because npm links a command only if
# its file is in the package. It reads nothing from stdin: a key piped to it stays unread.
echo "codex: error: the native launcher of codex-responses-api-proxy is not built" >&2
name=codex-responses-api-proxy
prefix=$(readlink -f -- "$0" 2>/dev/null)
case $prefix in
  */lib/node_modules/$name/*) prefix=" --prefix '${prefix%/lib/node_modules/"$name"/*}'" ;;
  *) prefix= ;;
esac
echo "codex: hint: install a C and C++ compiler (Debian: apt-get install build-essential), then run: npm rebuild -g$prefix $name --allow-scripts=$name" >&2
exit 1
