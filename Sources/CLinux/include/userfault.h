// Page faults of this process as events on a descriptor: userfaultfd(2), and what an answer to a
// fault needs to know about the thread that waits for it.
//
// A result below zero is a negated errno value.
#ifndef VMOFS_USERFAULT_H
#define VMOFS_USERFAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Opens a descriptor, non-blocking, with all that mapped access needs: Linux 6.6 and permission. It
// is tried without limits first; the last way serves no access of the kernel's own (read(2) into
// such memory fails).
int clinux_userfault_open(void);

// Makes the descriptor responsible for loads of pages that are not there, for loads of pages that
// are in the memory file but not in the page table, and for stores to protected pages.
int clinux_userfault_register(int descriptor, uintptr_t start, size_t length);

// A descriptor that becomes readable, for everybody and for ever, with `clinux_event_set`.
int clinux_event_open(void);
void clinux_event_set(int event);
// Waits until there is an event, or until `stop` is set.
void clinux_userfault_wait(int descriptor, int stop);
// One event: 1, or 0 if there is none.
int clinux_userfault_next(int descriptor, uint64_t *address, bool *is_write, int *thread);

// Puts pages of the memory file into the page table, up to the first that is there already, and
// wakes who waits for them; `mapped` is how many bytes.
int clinux_userfault_continue(int descriptor, uintptr_t start, size_t length, bool is_protected,
                              size_t *mapped);
// Puts copies of `source` into the memory file and, protected, into the page table.
int clinux_userfault_copy(int descriptor, uintptr_t start, const void *source, size_t length);
// Lets stores fault (waits for all processors to see it), or lets them through and wakes.
int clinux_userfault_protect(int descriptor, uintptr_t start, size_t length, bool is_protected);
// Makes accesses to pages that are not in the page table fail with SIGBUS, or EFAULT for the
// kernel's, and wakes.
int clinux_userfault_poison(int descriptor, uintptr_t start, size_t length);
// Makes who waits look again.
int clinux_userfault_wake(int descriptor, uintptr_t start, size_t length);

enum {
  CLINUX_THREAD_UNKNOWN = -1,
  // Running, about to, or gone.
  CLINUX_THREAD_RUNS = 0,
  // Waits outside of any system call, as in a fault of its own code.
  CLINUX_THREAD_WAITS_IN_USER_MODE = 1,
  CLINUX_THREAD_WAITS_IN_SYSTEM_CALL = 2,
  // Waits for what no signal ends: a lock of the kernel's, a disk.
  CLINUX_THREAD_WAITS_FOR_KERNEL = 3,
};
int clinux_thread_state(int thread);
// Tells apart in which system call, with which arguments and from which place, a thread waits: a
// hash of that; 0 if it does not wait now.
uint64_t clinux_thread_call(int thread);
// Whether a signal sent to the thread is neither blocked nor ignored.
bool clinux_thread_takes_signal(int thread, int signal);
// Nanoseconds of processor time; -1 if the thread is gone.
int64_t clinux_thread_cpu_time(int thread);
// Sends SIGBUS with si_code SI_QUEUE, `status` in si_errno and si_value, and si_addr.
int clinux_send_bus_error(int thread, uintptr_t address, int status);
// Blocks every signal for the calling thread.
void clinux_block_all_signals(void);

#endif
