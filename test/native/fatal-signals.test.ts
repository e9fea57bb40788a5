// A signal that ends the process finds the key zeroed: tried on memory that a parent shares and can
// look at afterwards, with and without the handler.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { packageRoot } from "../proxy-process.ts";

// Dies in the way named by its first argument, with the handler if there is a second one; prints the
// signal and what the shared memory holds then.
const program = `
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fatal-signals.h"

static int overflow(int depth) {
  volatile char frame[4096];
  frame[0] = (char)depth;
  return overflow(depth + 1) + frame[0];
}

int main(int argc, char **argv) {
  char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memset(shared, 'k', 8192);
  pid_t child = fork();
  if (child == 0) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (argc > 2) wipe_on_fatal_signals(shared, 8192);
    if (strcmp(argv[1], "overflow") == 0) return overflow(0);
    if (strcmp(argv[1], "fault") == 0) *(volatile int *)8 = 1;
    if (strcmp(argv[1], "abort") == 0) abort();
    kill(getpid(), atoi(argv[1]));
    sleep(5);
  }
  int status;
  waitpid(child, &status, 0);
  int left = 0;
  for (int i = 0; i < 8192; i++) left += shared[i] != 0;
  printf("%d %d\\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1, left);
}
`;

let folder: string;
before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-fatal-"));
  fs.writeFileSync(join(folder, "dies.c"), program);
  const addon = join(packageRoot, "native/addon");
  const sources = [join(folder, "dies.c"), join(addon, "fatal-signals.c")];
  execFileSync(process.env.CC ?? "cc", [
    "-D_GNU_SOURCE",
    "-O0",
    "-w",
    `-I${addon}`,
    ...sources,
    "-o",
    join(folder, "dies"),
  ]);
});
after(() => fs.rmSync(folder, { recursive: true }));

const die = (...args: string[]) => spawnSync(join(folder, "dies"), args, { encoding: "utf8" }).stdout.trim();

for (const [way, signal] of [
  ["fault", 11],
  ["overflow", 11],
  ["abort", 6],
  ["3", 3], // SIGQUIT
  ["7", 7], // SIGBUS
  ["5", 5], // SIGTRAP
] as const) {
  test(`dying by ${way} leaves the key zeroed, and without the handler whole`, () => {
    assert.deepEqual([die(way), die(way, "handler")], [`${signal} 8192`, `${signal} 0`]);
  });
}
