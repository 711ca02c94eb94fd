// Types that calls only point to.
#ifndef ZIRCON_SYSCALLS_TYPES_H_
#define ZIRCON_SYSCALLS_TYPES_H_

#include <zircon/compiler.h>

__BEGIN_CDECLS

typedef struct zx_port_packet zx_port_packet_t;

__END_CDECLS

#endif  // ZIRCON_SYSCALLS_TYPES_H_
