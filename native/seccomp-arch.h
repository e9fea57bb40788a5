// What a seccomp filter must check before it looks at a system call's number: that the number belongs
// to this machine's own table. One place for the launcher's filter and the addon's.
#ifndef SECCOMP_ARCH_H
#define SECCOMP_ARCH_H

#include <linux/audit.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "no system call table for this architecture: x86-64 and aarch64 only"
#endif

// x32 calls run under the x86-64 audit architecture with this bit set, past a list of plain numbers.
enum { X32_SYSCALL_BIT = 0x40000000 };

#endif
