// Names of statuses.
#ifndef ZIRCON_STATUS_H_
#define ZIRCON_STATUS_H_

#include <zircon/types.h>

__BEGIN_CDECLS

// The name of a status, as it stands in errors.h: "ZX_ERR_TIMED_OUT"; "(UNKNOWN)" for a number that
// is none. The string lives for ever.
const char* zx_status_get_string(zx_status_t status);

__END_CDECLS

#endif  // ZIRCON_STATUS_H_
