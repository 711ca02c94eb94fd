// NOT Fuchsia's: the calls that libzircon has of its own.
#ifndef ZIRCON_SYSCALLS_VMOFS_H_
#define ZIRCON_SYSCALLS_VMOFS_H_

#include <zircon/types.h>

__BEGIN_CDECLS

// Pins the pages of bytes [offset, offset + size) of a VMO, as zx_bti_pin does for a device: until
// zx_pmt_unpin, or the close of the handle, they cannot be cut off or given back, and pages pinned
// for writing stay dirty. There are no devices here: no BTI is needed, and no addresses are given.
//
// `options` is ZX_BTI_PERM_READ, ZX_BTI_PERM_WRITE or both. The VMO handle needs the rights MAP,
// READ and, to pin for writing, WRITE. Asks the pager for what is missing, as a read or write does.
zx_status_t zx_vmo_pin(zx_handle_t vmo, uint32_t options, uint64_t offset, uint64_t size,
                       zx_handle_t* out);

__END_CDECLS

#endif  // ZIRCON_SYSCALLS_VMOFS_H_
