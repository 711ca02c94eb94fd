#include "CLinux.h"

#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int clinux_memfd_create(const char *name, unsigned int flags) {
  return memfd_create(name, flags | MFD_CLOEXEC);
}

int clinux_populate_write(void *address, size_t length) {
  return madvise(address, length, MADV_POPULATE_WRITE);
}
