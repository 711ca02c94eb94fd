// In a sandbox that forbids process_vm_readv(2) and process_vm_writev(2), where the library copies
// by itself: everything works, and a null pointer is still an error and no fault.
#include "contract.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static void forbid_copies(void) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_process_vm_readv, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_process_vm_writev, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) abort();
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) abort();
  char byte = 0;
  const struct iovec one = {&byte, 1};
  CHECK(process_vm_readv(getpid(), &one, 1, &one, 1, 0) == -1 && errno == EPERM);
}

int main(void) {
  contract_begin();
  forbid_copies();
  const fixture f = make_fixture(0, 4);
  supply(f, 0, 4);
  OK(write_pages(f, 1, 2));
  DIRTY(f, {1, 2, 0});
  CHECK(is_modified(f) && first_byte(f, 1) == 0xEE && first_byte(f, 3) == 4);
  char name[ZX_MAX_NAME_LEN] = {0};
  OK(zx_object_set_property(f.vmo, ZX_PROP_NAME, "boxed", 5));
  OK(zx_object_get_property(f.vmo, ZX_PROP_NAME, name, sizeof(name)));
  CHECK(strcmp(name, "boxed") == 0);

  size_t actual = 9;
  STATUS(ZX_ERR_INVALID_ARGS, zx_port_create(0, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_get_size(f.vmo, NULL));
  STATUS(ZX_ERR_NOT_FOUND, zx_vmo_read(f.vmo, NULL, 0, 1));
  STATUS(ZX_ERR_NOT_FOUND, zx_vmo_write(f.vmo, NULL, 0, 1));
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, 4 * PAGE, NULL, 24, &actual, NULL));
  CHECK(actual == 9);
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 3 * PAGE, PAGE, NULL, 24, &actual, NULL));
  CHECK(actual == 0);
  end_fixture(f);
  return contract_end("zircon_contract_sandbox");
}
