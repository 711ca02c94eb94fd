// Where Fuchsia declares zx_pager_query_dirty_ranges and its types. Nothing more than syscalls.h.
#ifndef ZIRCON_SYSCALLS_NEXT_H_
#define ZIRCON_SYSCALLS_NEXT_H_

#include <zircon/syscalls.h>

#endif  // ZIRCON_SYSCALLS_NEXT_H_
