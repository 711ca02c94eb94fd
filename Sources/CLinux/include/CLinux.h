// Linux calls and constants that Glibc's Swift overlay does not show (it is built without
// _GNU_SOURCE). Every function is a plain forward; every constant is checked in linux_calls.c.
#ifndef VMOFS_CLINUX_H
#define VMOFS_CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linux_calls.h"
#include "control.h"
#include "userfault.h"

// lock_hooks.c: the ranks this thread holds, one bit a rank (debug builds only).
uint64_t clinux_held_ranks(void);
void clinux_set_held_ranks(uint64_t ranks);

// thread.c: names the calling thread, at most 15 bytes.
void clinux_name_thread(const char *name);

// thread_word.c: 64 bits of this thread's own, 0 at first. The FUSE transport keeps there what
// libfuse hides of the request that the thread is serving.
uint64_t clinux_thread_word(void);
void clinux_set_thread_word(uint64_t word);

// daemon.c: one line for syslog(3), and PR_SET_IO_FLUSHER of prctl(2).
void clinux_log(int priority, const char *message);
int clinux_become_io_flusher(void);

// Memory.
static inline void clinux_prefetch(const void *address) { __builtin_prefetch(address); }
int clinux_memfd_create(const char *name, unsigned int flags);
int clinux_populate_write(void *address, size_t length);
// How long a file may become, in bytes (RLIMIT_FSIZE).
uint64_t clinux_file_size_limit(void);

// user_memory.c: copies between memory of ours and memory of this process, or of another one, that
// may not be there. Source: process_vm_readv(2), process_vm_writev(2). Returns how many bytes were
// there, fewer than `length` where an address follows that cannot be accessed; -1 if the kernel
// forbids the call.
int64_t clinux_copy_in(void *target, uintptr_t source, size_t length);
int64_t clinux_copy_in_from(int32_t process, void *target, uintptr_t source, size_t length);
int64_t clinux_copy_out(uintptr_t target, const void *source, size_t length);

#endif
