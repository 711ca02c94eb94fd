#ifndef VMOFS_CFUSE3_SHIM_H
#define VMOFS_CFUSE3_SHIM_H

// The API level of libfuse 3.14 (Debian 12); later libraries keep it.
#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>

#endif
