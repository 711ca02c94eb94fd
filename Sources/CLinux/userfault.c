#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// What headers older than Linux 6.6 lack.
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif
#ifndef UFFD_FEATURE_POISON
#define UFFD_FEATURE_POISON (1 << 14)
#endif
#ifndef UFFDIO_CONTINUE_MODE_WP
#define UFFDIO_CONTINUE_MODE_WP ((__u64)1 << 1)
#endif
#ifndef UFFDIO_POISON
struct uffdio_poison {
  struct uffdio_range range;
  __u64 mode;
  __s64 updated;
};
#define UFFDIO_POISON _IOWR(UFFDIO, 0x08, struct uffdio_poison)
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

static int result_of(int result) { return result < 0 ? -errno : result; }

static int open_device(void) {
  int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
  if (device < 0)
    return -1;
  int descriptor = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
  int error = errno;
  close(device);
  errno = error;
  return descriptor;
}

int clinux_userfault_open(void) {
  int descriptor = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    descriptor = open_device();
  if (descriptor < 0)
    descriptor = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
  if (descriptor < 0)
    return -errno;
  struct uffdio_api api = {
      .api = UFFD_API,
      .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_MISSING_SHMEM |
                  UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_WP_HUGETLBFS_SHMEM |
                  UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_POISON,
  };
  if (ioctl(descriptor, UFFDIO_API, &api) == 0)
    return descriptor;
  int error = errno;
  close(descriptor);
  return -error;
}

int clinux_userfault_register(int descriptor, uintptr_t start, size_t length) {
  struct uffdio_register call = {
      .range = {start, length},
      .mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR |
              UFFDIO_REGISTER_MODE_WP,
  };
  return result_of(ioctl(descriptor, UFFDIO_REGISTER, &call));
}

int clinux_event_open(void) { return result_of(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

void clinux_event_set(int event) { eventfd_write(event, 1); }

void clinux_userfault_wait(int descriptor, int stop) {
  struct pollfd descriptors[] = {
      {.fd = descriptor, .events = POLLIN},
      {.fd = stop, .events = POLLIN},
  };
  poll(descriptors, 2, -1);
}

int clinux_userfault_next(int descriptor, uint64_t *address, bool *is_write, int *thread) {
  struct uffd_msg message;
  ssize_t length = read(descriptor, &message, sizeof message);
  if (length < 0)
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  if (length != sizeof message || message.event != UFFD_EVENT_PAGEFAULT)
    return 0;
  *address = message.arg.pagefault.address;
  *is_write = (message.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WRITE) != 0;
  *thread = (int)message.arg.pagefault.feat.ptid;
  return 1;
}

int clinux_userfault_continue(int descriptor, uintptr_t start, size_t length, bool is_protected,
                              size_t *mapped) {
  struct uffdio_continue call = {
      .range = {start, length},
      .mode = is_protected ? UFFDIO_CONTINUE_MODE_WP : 0,
  };
  int result = result_of(ioctl(descriptor, UFFDIO_CONTINUE, &call));
  *mapped = call.mapped > 0 ? (size_t)call.mapped : 0;
  return result;
}

int clinux_userfault_copy(int descriptor, uintptr_t start, const void *source, size_t length) {
  struct uffdio_copy call = {
      .dst = start,
      .src = (uintptr_t)source,
      .len = length,
      .mode = UFFDIO_COPY_MODE_WP,
  };
  return result_of(ioctl(descriptor, UFFDIO_COPY, &call));
}

int clinux_userfault_protect(int descriptor, uintptr_t start, size_t length, bool is_protected) {
  struct uffdio_writeprotect call = {
      .range = {start, length},
      .mode = is_protected ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
  };
  return result_of(ioctl(descriptor, UFFDIO_WRITEPROTECT, &call));
}

int clinux_userfault_poison(int descriptor, uintptr_t start, size_t length) {
  // A page that was protected leaves a mark, which would be in the way.
  struct uffdio_writeprotect unprotect = {
      .range = {start, length},
      .mode = UFFDIO_WRITEPROTECT_MODE_DONTWAKE,
  };
  ioctl(descriptor, UFFDIO_WRITEPROTECT, &unprotect);
  struct uffdio_poison call = {.range = {start, length}};
  return result_of(ioctl(descriptor, UFFDIO_POISON, &call));
}

int clinux_userfault_wake(int descriptor, uintptr_t start, size_t length) {
  struct uffdio_range call = {start, length};
  return result_of(ioctl(descriptor, UFFDIO_WAKE, &call));
}

// Reads the beginning of a file of a thread under /proc; -1 if there is none.
static ssize_t read_of_thread(int thread, const char *file, char *text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/%s", thread, file);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return -1;
  ssize_t length = read(descriptor, text, size - 1);
  close(descriptor);
  text[length < 0 ? 0 : length] = 0;
  return length;
}

// R, S, D and so on, as ps(1) shows it; 0 if the thread is not one of this process, or gone.
static char state_letter(int thread) {
  char text[512];
  if (read_of_thread(thread, "stat", text, sizeof text) <= 0)
    return 0;
  const char *name_end = strrchr(text, ')');
  return name_end == NULL || name_end[1] == 0 ? 0 : name_end[2];
}

int clinux_thread_state(int thread) {
  for (int look = 0; look < 100; look++) {
    // First, since "syscall" takes a thread that was woken but has not run yet for one that waits.
    char letter = state_letter(thread);
    if (letter == 0)
      return CLINUX_THREAD_UNKNOWN;
    if (letter == 'R')
      return CLINUX_THREAD_RUNS;
    if (letter == 'D')
      return CLINUX_THREAD_WAITS_FOR_KERNEL;
    char text[512];
    if (read_of_thread(thread, "syscall", text, sizeof text) <= 0)
      return CLINUX_THREAD_UNKNOWN;
    if (strncmp(text, "-1 ", 3) == 0)
      return CLINUX_THREAD_WAITS_IN_USER_MODE;
    if (text[0] >= '0' && text[0] <= '9')
      return CLINUX_THREAD_WAITS_IN_SYSTEM_CALL;
    // It runs by now; or a processor turned away from it at this moment.
    usleep(100);
  }
  return CLINUX_THREAD_RUNS;
}

uint64_t clinux_thread_call(int thread) {
  char text[512];
  if (read_of_thread(thread, "syscall", text, sizeof text) <= 0 || text[0] == 'r')
    return 0;
  // FNV-1a.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char *at = text; *at != 0; at++)
    hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
  return hash;
}

bool clinux_thread_takes_signal(int thread, int signal) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return false;
  unsigned long long unheard = 0, mask;
  int found = 0;
  char line[256];
  while (fgets(line, sizeof line, file) != NULL) {
    if (sscanf(line, "SigBlk: %llx", &mask) == 1 || sscanf(line, "SigIgn: %llx", &mask) == 1) {
      unheard |= mask;
      found += 1;
    }
  }
  fclose(file);
  return found == 2 && (unheard >> (signal - 1) & 1) == 0;
}

int64_t clinux_thread_cpu_time(int thread) {
  // The scheduler's clock of one thread; how the kernel packs a thread into a clock's number.
  clockid_t clock = (clockid_t)(~(unsigned int)thread << 3 | 6);
  struct timespec time;
  if (clock_gettime(clock, &time) != 0)
    return -1;
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int clinux_send_bus_error(int thread, uintptr_t address, int status) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = SIGBUS;
  info.si_code = SI_QUEUE;
  info.si_errno = status;
  // The address lies over the sender's ids, the value behind it.
  info.si_value.sival_int = status;
  info.si_addr = (void *)address;
  return result_of((int)syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, SIGBUS, &info));
}

void clinux_block_all_signals(void) {
  sigset_t every;
  sigfillset(&every);
  pthread_sigmask(SIG_SETMASK, &every, NULL);
}
