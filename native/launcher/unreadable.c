// Starts Node so that it is not dumpable from the exec on, when its user is not root: the kernel makes
// a process non-dumpable if its executable cannot be read by it, so the executable is a copy of Node's
// dynamic loader with mode 0111, which then loads Node. Otherwise another process of the same user
// could open the new process before its first instruction and change its code at leisure.

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher.h"

#ifdef __linux__

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3: asks for what vm.memfd_noexec=1 denies by default
#endif

// The path in the PT_INTERP header of an ELF file, elf(5); false where it has none.
static bool read_interpreter(const char *file, char *interpreter) {
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  Elf64_Ehdr header;
  bool found = false;
  if (pread(fd, &header, sizeof header, 0) == sizeof header && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
      header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_phentsize == sizeof(Elf64_Phdr)) {
    for (int i = 0; i < header.e_phnum && !found; i++) {
      Elf64_Phdr program;
      off_t at = (off_t)(header.e_phoff + (size_t)i * sizeof program);
      if (pread(fd, &program, sizeof program, at) != sizeof program) break;
      if (program.p_type != PT_INTERP || program.p_filesz == 0 || program.p_filesz > PATH_MAX) continue;
      found = pread(fd, interpreter, program.p_filesz, (off_t)program.p_offset) == (ssize_t)program.p_filesz &&
              interpreter[program.p_filesz - 1] == '\0';
    }
  }
  close(fd);
  return found;
}

static int copy_unreadable(const char *file) {
  int from = open(file, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (from < 0) return -1;
  int copy = memfd_create("loader", MFD_CLOEXEC | MFD_EXEC);
  if (copy < 0 && errno == EINVAL) copy = memfd_create("loader", MFD_CLOEXEC);  // before Linux 6.3
  bool is_whole = copy >= 0 && fstat(from, &status) == 0;
  for (off_t done = 0; is_whole && done < status.st_size;) {
    is_whole = sendfile(copy, from, &done, (size_t)(status.st_size - done)) > 0;
  }
  close(from);
  if (is_whole && fchmod(copy, 0111) == 0) return copy;
  if (copy >= 0) close(copy);
  return -1;
}

// Does not return where it works. Where it does not, the caller starts Node plainly.
void become_node_unreadably(const char *const arguments[], char **environment) {
  char interpreter[PATH_MAX];
  if (!read_interpreter(NODE_PATH, interpreter)) return;
  int copy = copy_unreadable(interpreter);
  if (copy < 0) return;
  int count = 0;
  while (arguments[count] != NULL) count++;
  const char *with_loader[count + 2];
  with_loader[0] = interpreter;
  memcpy(with_loader + 1, arguments, (size_t)(count + 1) * sizeof *arguments);
  syscall(SYS_execveat, copy, "", with_loader, environment, AT_EMPTY_PATH);
  close(copy);
}

#else
void become_node_unreadably(const char *const arguments[], char **environment) { (void)arguments, (void)environment; }
#endif
