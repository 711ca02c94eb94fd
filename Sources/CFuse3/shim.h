#ifndef VMOFS_CFUSE3_SHIM_H
#define VMOFS_CFUSE3_SHIM_H

// The API level of libfuse 3.14 (Debian 12); later libraries keep it.
#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>
// The wire format: for what libfuse 3.14 hides of requests and leaves out of the INIT reply.
#include <linux/fuse.h>
#include <linux/stat.h>

#include <stdio.h>

// The reply to FUSE_STATX, which headers before Linux 6.6 do not have.
struct cfuse3_statx_out {
    // Seconds, and nanoseconds, that the kernel may trust the attributes.
    uint64_t attr_valid;
    uint32_t attr_valid_nsec;
    uint32_t flags;
    uint64_t spare[2];
    struct statx stat;
};
_Static_assert(sizeof(struct cfuse3_statx_out) == 288, "the size on the wire");

// Some of these are macros in later versions of libfuse, which Swift cannot call.

static inline struct fuse_session *cfuse3_session_new(
    struct fuse_args *args,
    const struct fuse_lowlevel_ops *operations,
    void *userdata
) {
    return fuse_session_new(args, operations, sizeof *operations, userdata);
}

static inline int cfuse3_session_custom_io(
    struct fuse_session *session,
    ssize_t (*writev)(int fd, struct iovec *iov, int count, void *userdata),
    ssize_t (*read)(int fd, void *buf, size_t buf_len, void *userdata),
    int fd
) {
    struct fuse_custom_io io = {.writev = writev, .read = read};
    return fuse_session_custom_io(session, &io, fd);
}

// Swift cannot take a va_list apart: lines of libfuse's log are formatted here and handed on to
// this function, which FuseServer defines.
void vmofs_fuse_log(int level, const char *line);

static inline void cfuse3_log_line(enum fuse_log_level level, const char *format,
                                   va_list arguments) {
    char line[1024];
    vsnprintf(line, sizeof line, format, arguments);
    vmofs_fuse_log(level, line);
}

static inline void cfuse3_take_log(void) {
    fuse_set_log_func(cfuse3_log_line);
}

#endif
