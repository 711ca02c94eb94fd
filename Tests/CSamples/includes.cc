// Every header, in C++: what a C++ program for Fuchsia includes compiles and links.
#include <zircon/compiler.h>
#include <zircon/errors.h>
#include <zircon/limits.h>
#include <zircon/process.h>
#include <zircon/rights.h>
#include <zircon/status.h>
#include <zircon/syscalls-next.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/pager.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/types.h>
#include <zircon/syscalls/vmofs.h>
#include <zircon/time.h>
#include <zircon/types.h>

#include <cstdio>

static_assert(sizeof(zx_port_packet_t) == 48, "the packet");
static_assert(sizeof(zx_vmo_dirty_range_t) == 24, "the range");
static_assert(ZX_SEC(1) == zx_duration_from_msec(1000), "time, in constant expressions");
static_assert(zx_time_add_duration(1, ZX_TIME_INFINITE) == ZX_TIME_INFINITE, "the end of time");

int main() {
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  uint64_t size = 0;
  zx_status_t status = zx_vmo_create(1, ZX_VMO_RESIZABLE, &vmo);
  if (status == ZX_OK) status = zx_vmo_get_size(vmo, &size);
  if (status == ZX_OK) status = zx_handle_close(vmo);
  std::printf("%s %d\n", zx_status_get_string(status), static_cast<int>(size));
  return status == ZX_OK && size == zx_system_get_page_size() ? 0 : 1;
}
