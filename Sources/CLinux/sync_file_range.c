#include "CLinux.h"

#include <fcntl.h>

int clinux_write_out_page_cache(int file) {
  return sync_file_range(file, 0, 0,
                         SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                             SYNC_FILE_RANGE_WAIT_AFTER);
}
