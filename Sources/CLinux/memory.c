#include "CLinux.h"

#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int clinux_memfd_create(const char *name, unsigned int flags) {
  return memfd_create(name, flags | MFD_CLOEXEC);
}

int clinux_populate_write(void *address, size_t length) {
  return madvise(address, length, MADV_POPULATE_WRITE);
}

uint64_t clinux_file_size_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return INT64_MAX;
  return limit.rlim_cur;
}
