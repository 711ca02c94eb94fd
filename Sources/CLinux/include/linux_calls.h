// File system calls and constants of Linux; see CLinux.h for the rules.
//
// No header of the system that defines structures is included: Swift would take timespec or iovec
// for CLinux's own or for Glibc's, whichever it met first, and ask for the import of that one.
#ifndef VMOFS_LINUX_CALLS_H
#define VMOFS_LINUX_CALLS_H

#include <stddef.h>
#include <stdint.h>

enum {
  CLINUX_O_PATH = 010000000,
#if defined(__aarch64__) || defined(__arm__)
  CLINUX_O_DIRECT = 0200000,
  CLINUX_O_TMPFILE = 020040000,
#else
  CLINUX_O_DIRECT = 040000,
  CLINUX_O_TMPFILE = 020200000,
#endif
  CLINUX_AT_EMPTY_PATH = 0x1000,
  CLINUX_SEEK_DATA = 3,
  CLINUX_SEEK_HOLE = 4,
  CLINUX_FALLOC_FL_KEEP_SIZE = 0x01,
  CLINUX_FALLOC_FL_PUNCH_HOLE = 0x02,
  CLINUX_FALLOC_FL_COLLAPSE_RANGE = 0x08,
  CLINUX_FALLOC_FL_ZERO_RANGE = 0x10,
  CLINUX_FALLOC_FL_INSERT_RANGE = 0x20,
  CLINUX_FALLOC_FL_UNSHARE_RANGE = 0x40,
  CLINUX_RENAME_NOREPLACE = 1,
  CLINUX_RENAME_EXCHANGE = 2,
  CLINUX_RENAME_WHITEOUT = 4,
  CLINUX_UTIME_NOW = 0x3fffffff,
  CLINUX_UTIME_OMIT = 0x3ffffffe,
  CLINUX_XATTR_CREATE = 1,
  CLINUX_XATTR_REPLACE = 2,
  CLINUX_SYNC_FILE_RANGE_WAIT_BEFORE = 1,
  CLINUX_SYNC_FILE_RANGE_WRITE = 2,
  CLINUX_SYNC_FILE_RANGE_WAIT_AFTER = 4,
  CLINUX_IOV_MAX = 1024,
  CLINUX_FS_IMMUTABLE_FL = 0x10,
  CLINUX_FS_APPEND_FL = 0x20,
  CLINUX_FS_XFLAG_IMMUTABLE = 0x8,
  CLINUX_FS_XFLAG_APPEND = 0x10,
};

// Flags of files, as a word of 32 bits, and in a structure of which that word is the first. The
// size of the structure is that in the number of the command.
#define CLINUX_FS_IOC_GETFLAGS 0x80086601U
#define CLINUX_FS_IOC_SETFLAGS 0x40086602U
#define CLINUX_FS_IOC_FSGETXATTR 0x801c581fU
#define CLINUX_FS_IOC_FSSETXATTR 0x401c5820U

// One record of getdents64; the name follows its fixed part and ends with NUL.
enum {
  CLINUX_DIRENT_INODE_OFFSET = 0,
  CLINUX_DIRENT_NEXT_OFFSET = 8,
  CLINUX_DIRENT_LENGTH_OFFSET = 16,
  CLINUX_DIRENT_TYPE_OFFSET = 18,
  CLINUX_DIRENT_NAME_OFFSET = 19,
};

// Names.
int clinux_openat(int directory, const char *path, int flags, uint32_t mode);
int clinux_renameat2(int from_directory, const char *from, int to_directory, const char *to,
                     unsigned int flags);
ptrdiff_t clinux_getdents64(int descriptor, void *buffer, size_t size);

struct clinux_time {
  int64_t seconds;
  uint32_t nanoseconds;
};

// What statx(2) tells; `birth` is 0 where the file system does not keep it.
struct clinux_attributes {
  uint64_t device;
  uint64_t inode;
  uint64_t link_count;
  uint64_t device_number;
  uint64_t size;
  uint64_t blocks;
  struct clinux_time access, modification, change, birth;
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
  uint32_t block_size;
};

// Of what is called `name` in `directory`, a symbolic link itself included; of the descriptor's own
// object for an empty name.
int clinux_attributes(int directory, const char *name, struct clinux_attributes *attributes);

// File handles of the kind that is an inode number and a generation of 32 bits each, as ext4 and
// XFS have them; EOPNOTSUPP for others.
// As above for names.
int clinux_name_to_handle(int directory, const char *name, uint32_t *inode, uint32_t *generation);
int clinux_open_by_handle(int mount, uint32_t inode, uint32_t generation, int flags);

// Data. `vectors` are `count` times struct iovec.
ptrdiff_t clinux_preadv(int descriptor, const void *vectors, int count, int64_t offset);
ptrdiff_t clinux_pwritev(int descriptor, const void *vectors, int count, int64_t offset);
int clinux_fallocate(int descriptor, int mode, int64_t offset, int64_t length);
ptrdiff_t clinux_copy_file_range(int from, int64_t *from_offset, int to, int64_t *to_offset,
                                 size_t length, unsigned int flags);
int clinux_flock(int descriptor, int operation);
int clinux_syncfs(int descriptor);
int clinux_ioctl(int descriptor, uint32_t command, void *argument);
int clinux_sync_file_range(int descriptor, int64_t offset, int64_t length, unsigned int flags);

// Extended attributes, following the last symbolic link of `path`.
ptrdiff_t clinux_getxattr(const char *path, const char *name, void *value, size_t size);
int clinux_setxattr(const char *path, const char *name, const void *value, size_t size,
                    int flags);
ptrdiff_t clinux_listxattr(const char *path, char *names, size_t size);
int clinux_removexattr(const char *path, const char *name);
ptrdiff_t clinux_fgetxattr(int descriptor, const char *name, void *value, size_t size);
int clinux_fsetxattr(int descriptor, const char *name, const void *value, size_t size, int flags);

// Credentials of this thread alone. The first two return the previous id and never fail; an id
// that cannot be set is left as it was, and (uid_t)-1 only asks.
uint32_t clinux_setfsuid(uint32_t uid);
uint32_t clinux_setfsgid(uint32_t gid);
int clinux_setgroups_of_thread(size_t count, const uint32_t *groups);
int clinux_getgroups_of_thread(int count, uint32_t *groups);

// The soft and hard limit on open descriptors.
int clinux_get_descriptor_limit(uint64_t *soft, uint64_t *hard);
int clinux_set_descriptor_limit(uint64_t soft, uint64_t hard);

#endif
