#include "CLinux.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

typedef ssize_t copy_call(pid_t, const struct iovec *, unsigned long, const struct iovec *,
                          unsigned long, unsigned long);

// One call stops early at a page that is not there, and after 2 GiB; the next one tells which.
static int64_t copy(copy_call *call, pid_t process, char *ours, uintptr_t theirs,
                    size_t length) {
  size_t done = 0;
  while (done < length) {
    const struct iovec local = {ours + done, length - done};
    const struct iovec remote = {(void *)(theirs + done), length - done};
    const ssize_t count = call(process, &local, 1, &remote, 1, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EPERM || errno == ENOSYS)) return -1;
    if (count <= 0) break;
    done += (size_t)count;
  }
  return (int64_t)done;
}

int64_t clinux_copy_in(void *target, uintptr_t source, size_t length) {
  return copy(process_vm_readv, getpid(), target, source, length);
}

int64_t clinux_copy_in_from(int32_t process, void *target, uintptr_t source, size_t length) {
  return copy(process_vm_readv, process, target, source, length);
}

int64_t clinux_copy_out(uintptr_t target, const void *source, size_t length) {
  return copy(process_vm_writev, getpid(), (char *)source, target, length);
}
