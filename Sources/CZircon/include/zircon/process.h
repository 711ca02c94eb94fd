// Handles that a process has from its start.
#ifndef ZIRCON_PROCESS_H_
#define ZIRCON_PROCESS_H_

#include <zircon/types.h>

__BEGIN_CDECLS

// The address space of this process, for zx_vmar_map and its like. The caller does not own the
// handle and must not close it.
zx_handle_t zx_vmar_root_self(void);

__END_CDECLS

#endif  // ZIRCON_PROCESS_H_
