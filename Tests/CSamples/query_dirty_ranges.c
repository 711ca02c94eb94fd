// Lists the dirty ranges of a VMO with a buffer for five of them, as often as it takes.
//
//   cc -I Sources/CZircon/include Tests/CSamples/query_dirty_ranges.c -L .build/debug -lzircon
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

static void must(zx_status_t status, const char* what) {
  if (status == ZX_OK) return;
  fprintf(stderr, "%s: %s\n", what, zx_status_get_string(status));
  exit(1);
}

// Prints every dirty range of the VMO and gives their number. What was dirty before the call is
// all there; what is made dirty meanwhile may or may not be.
static size_t list_dirty_ranges(zx_handle_t pager, zx_handle_t vmo) {
  zx_vmo_dirty_range_t ranges[5];
  size_t actual = 0, avail = 0, total = 0;
  uint64_t offset = 0, size = 0;
  must(zx_vmo_get_size(vmo, &size), "size");
  do {
    must(zx_pager_query_dirty_ranges(pager, vmo, offset, size - offset, ranges, sizeof(ranges),
                                     &actual, &avail),
         "query");
    for (size_t i = 0; i < actual; i++) {
      const char* kind = ranges[i].options & ZX_VMO_DIRTY_RANGE_IS_ZERO ? "zero" : "data";
      printf("%8" PRIu64 " + %6" PRIu64 " %s\n", ranges[i].offset, ranges[i].length, kind);
    }
    total += actual;
    // More than the buffer could hold: go on where the last range ended.
    if (actual > 0) offset = ranges[actual - 1].offset + ranges[actual - 1].length;
  } while (actual < avail);
  return total;
}

int main(void) {
  zx_handle_t port = 0, pager = 0, vmo = 0, zeros = 0;
  const uint64_t page = zx_system_get_page_size(), size = 32 * page;
  must(zx_port_create(0, &port), "port");
  must(zx_pager_create(0, &pager), "pager");
  must(zx_pager_create_vmo(pager, ZX_VMO_RESIZABLE, port, 1, size, &vmo), "VMO");
  // Supplied in advance, so that nobody has to serve page requests.
  must(zx_vmo_create(size, 0, &zeros), "zeros");
  must(zx_pager_supply_pages(pager, vmo, 0, size, zeros, 0), "supply");

  for (uint64_t i = 0; i < 32; i += 3) must(zx_vmo_write(vmo, "dirty", i * page, 5), "write");
  must(zx_vmo_set_size(vmo, 40 * page), "growing");
  printf("%zu ranges\n", list_dirty_ranges(pager, vmo));

  const zx_handle_t handles[] = {zeros, vmo, pager, port};
  must(zx_handle_close_many(handles, 4), "close");
  return 0;
}
