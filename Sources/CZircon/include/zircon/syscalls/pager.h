// The dirty ranges of a pager's VMO. Fuchsia declares them in <zircon/syscalls-next.h>; here both
// that header and <zircon/syscalls.h> do.
#ifndef ZIRCON_SYSCALLS_PAGER_H_
#define ZIRCON_SYSCALLS_PAGER_H_

#include <zircon/types.h>

__BEGIN_CDECLS

// A run of dirty pages: bytes [offset, offset + length).
typedef struct zx_vmo_dirty_range {
  uint64_t offset;
  uint64_t length;
  // ZX_VMO_DIRTY_RANGE_IS_ZERO or 0.
  uint64_t options;
} zx_vmo_dirty_range_t;

// The run is zeros that no page holds. Also for `data` of ZX_PAGER_OP_WRITEBACK_BEGIN.
#define ZX_VMO_DIRTY_RANGE_IS_ZERO ((uint64_t)1u)

__END_CDECLS

#endif  // ZIRCON_SYSCALLS_PAGER_H_
