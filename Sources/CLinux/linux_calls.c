#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CHECK(name) _Static_assert(CLINUX_##name == name, #name)

CHECK(O_PATH);
CHECK(O_DIRECT);
CHECK(O_TMPFILE);
CHECK(AT_EMPTY_PATH);
CHECK(SEEK_DATA);
CHECK(SEEK_HOLE);
CHECK(FALLOC_FL_KEEP_SIZE);
CHECK(FALLOC_FL_PUNCH_HOLE);
CHECK(FALLOC_FL_COLLAPSE_RANGE);
CHECK(FALLOC_FL_ZERO_RANGE);
CHECK(FALLOC_FL_INSERT_RANGE);
CHECK(FALLOC_FL_UNSHARE_RANGE);
CHECK(RENAME_NOREPLACE);
CHECK(RENAME_EXCHANGE);
CHECK(RENAME_WHITEOUT);
CHECK(UTIME_NOW);
CHECK(UTIME_OMIT);
CHECK(XATTR_CREATE);
CHECK(XATTR_REPLACE);
CHECK(SYNC_FILE_RANGE_WAIT_BEFORE);
CHECK(SYNC_FILE_RANGE_WRITE);
CHECK(SYNC_FILE_RANGE_WAIT_AFTER);
CHECK(IOV_MAX);
CHECK(FS_IMMUTABLE_FL);
CHECK(FS_APPEND_FL);
CHECK(FS_XFLAG_IMMUTABLE);
CHECK(FS_XFLAG_APPEND);
CHECK(FS_IOC_GETFLAGS);
CHECK(FS_IOC_SETFLAGS);
CHECK(FS_IOC_FSGETXATTR);
CHECK(FS_IOC_FSSETXATTR);

_Static_assert(CLINUX_DIRENT_INODE_OFFSET == offsetof(struct dirent64, d_ino), "d_ino");
_Static_assert(CLINUX_DIRENT_NEXT_OFFSET == offsetof(struct dirent64, d_off), "d_off");
_Static_assert(CLINUX_DIRENT_LENGTH_OFFSET == offsetof(struct dirent64, d_reclen), "d_reclen");
_Static_assert(CLINUX_DIRENT_TYPE_OFFSET == offsetof(struct dirent64, d_type), "d_type");
_Static_assert(CLINUX_DIRENT_NAME_OFFSET == offsetof(struct dirent64, d_name), "d_name");
_Static_assert(sizeof(off_t) == sizeof(int64_t), "file offsets have 64 bits");
_Static_assert(sizeof(mode_t) == sizeof(uint32_t), "modes have 32 bits");
_Static_assert(sizeof(ssize_t) == sizeof(ptrdiff_t), "ssize_t is as wide as a pointer");

int clinux_openat(int directory, const char *path, int flags, uint32_t mode) {
  return openat(directory, path, flags, mode);
}

int clinux_renameat2(int from_directory, const char *from, int to_directory, const char *to,
                     unsigned int flags) {
  return renameat2(from_directory, from, to_directory, to, flags);
}

ptrdiff_t clinux_getdents64(int descriptor, void *buffer, size_t size) {
  return getdents64(descriptor, buffer, size);
}

static struct clinux_time time_of(struct statx_timestamp time) {
  return (struct clinux_time){.seconds = time.tv_sec, .nanoseconds = time.tv_nsec};
}

int clinux_attributes(int directory, const char *name, struct clinux_attributes *attributes) {
  struct statx status;
  if (statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
            &status) != 0)
    return -1;
  *attributes = (struct clinux_attributes){
      .device = makedev(status.stx_dev_major, status.stx_dev_minor),
      .inode = status.stx_ino,
      .link_count = status.stx_nlink,
      .device_number = makedev(status.stx_rdev_major, status.stx_rdev_minor),
      .size = status.stx_size,
      .blocks = status.stx_blocks,
      .access = time_of(status.stx_atime),
      .modification = time_of(status.stx_mtime),
      .change = time_of(status.stx_ctime),
      .mode = status.stx_mode,
      .uid = status.stx_uid,
      .gid = status.stx_gid,
      .block_size = status.stx_blksize,
  };
  if (status.stx_mask & STATX_BTIME)
    attributes->birth = time_of(status.stx_btime);
  return 0;
}

// FILEID_INO32_GEN of the kernel's exportfs.h.
enum { INO32_GEN = 1 };

struct ino32_gen_handle {
  struct file_handle header;
  uint32_t words[2];
};

int clinux_name_to_handle(int directory, const char *name, uint32_t *inode, uint32_t *generation) {
  struct ino32_gen_handle handle = {.header.handle_bytes = sizeof handle.words};
  int mount;
  if (name_to_handle_at(directory, name, &handle.header, &mount, AT_EMPTY_PATH) != 0)
    return -1;
  if (handle.header.handle_type != INO32_GEN ||
      handle.header.handle_bytes != sizeof handle.words) {
    errno = EOPNOTSUPP;
    return -1;
  }
  *inode = handle.words[0];
  *generation = handle.words[1];
  return 0;
}

int clinux_open_by_handle(int mount, uint32_t inode, uint32_t generation, int flags) {
  struct ino32_gen_handle handle = {
      .header = {.handle_bytes = sizeof handle.words, .handle_type = INO32_GEN},
      .words = {inode, generation},
  };
  return open_by_handle_at(mount, &handle.header, flags);
}

ptrdiff_t clinux_preadv(int descriptor, const void *vectors, int count, int64_t offset) {
  return preadv(descriptor, vectors, count, offset);
}

ptrdiff_t clinux_pwritev(int descriptor, const void *vectors, int count, int64_t offset) {
  return pwritev(descriptor, vectors, count, offset);
}

int clinux_fallocate(int descriptor, int mode, int64_t offset, int64_t length) {
  return fallocate(descriptor, mode, offset, length);
}

ptrdiff_t clinux_copy_file_range(int from, int64_t *from_offset, int to, int64_t *to_offset,
                                 size_t length, unsigned int flags) {
  return copy_file_range(from, from_offset, to, to_offset, length, flags);
}

int clinux_flock(int descriptor, int operation) { return flock(descriptor, operation); }

int clinux_syncfs(int descriptor) { return syncfs(descriptor); }

int clinux_ioctl(int descriptor, uint32_t command, void *argument) {
  return ioctl(descriptor, command, argument);
}

int clinux_sync_file_range(int descriptor, int64_t offset, int64_t length, unsigned int flags) {
  return sync_file_range(descriptor, offset, length, flags);
}

ptrdiff_t clinux_getxattr(const char *path, const char *name, void *value, size_t size) {
  return getxattr(path, name, value, size);
}

int clinux_setxattr(const char *path, const char *name, const void *value, size_t size,
                    int flags) {
  return setxattr(path, name, value, size, flags);
}

ptrdiff_t clinux_listxattr(const char *path, char *names, size_t size) {
  return listxattr(path, names, size);
}

int clinux_removexattr(const char *path, const char *name) { return removexattr(path, name); }

ptrdiff_t clinux_fgetxattr(int descriptor, const char *name, void *value, size_t size) {
  return fgetxattr(descriptor, name, value, size);
}

int clinux_fsetxattr(int descriptor, const char *name, const void *value, size_t size, int flags) {
  return fsetxattr(descriptor, name, value, size, flags);
}

uint32_t clinux_setfsuid(uint32_t uid) { return (uint32_t)setfsuid(uid); }

uint32_t clinux_setfsgid(uint32_t gid) { return (uint32_t)setfsgid(gid); }

// The raw call: glibc's setgroups sets the groups of every thread.
int clinux_setgroups_of_thread(size_t count, const uint32_t *groups) {
  return (int)syscall(SYS_setgroups, count, groups);
}

int clinux_getgroups_of_thread(int count, uint32_t *groups) {
  return (int)syscall(SYS_getgroups, count, groups);
}

int clinux_get_descriptor_limit(uint64_t *soft, uint64_t *hard) {
  struct rlimit limit = {0};
  int result = getrlimit(RLIMIT_NOFILE, &limit);
  *soft = limit.rlim_cur;
  *hard = limit.rlim_max;
  return result;
}

int clinux_set_descriptor_limit(uint64_t soft, uint64_t hard) {
  struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
  return setrlimit(RLIMIT_NOFILE, &limit);
}
