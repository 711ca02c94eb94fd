#include "CLinux.h"

#include <sys/prctl.h>
#include <syslog.h>

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

void clinux_log(int priority, const char *message) { syslog(priority, "%s", message); }

int clinux_become_io_flusher(void) { return prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0); }
