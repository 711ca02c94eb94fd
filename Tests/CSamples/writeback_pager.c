// A small pager with writeback: a file as a VMO. A thread serves the VMO's page requests from the
// file; `flush` writes back what was modified, and only that.
//
//   writeback_pager FILE     edits FILE (16 KiB or more) as main() below does
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

enum { PAGE = 4096, PIECE = 1 << 20 };

typedef struct {
  int file;
  zx_handle_t port, pager, vmo;
  pthread_t server;
} paged_file;

static void must(zx_status_t status, const char* what) {
  if (status == ZX_OK) return;
  fprintf(stderr, "%s: %s\n", what, zx_status_get_string(status));
  exit(1);
}

// ---- Serving page requests ----

// Reads a part of the file into a VMO of its own and moves its pages into the file's VMO. What lies
// beyond the end of the file stays zero.
static zx_status_t supply(const paged_file* f, uint64_t offset, uint64_t length) {
  static char bytes[PIECE];
  const ssize_t count = pread(f->file, bytes, length, (off_t)offset);
  if (count < 0) return ZX_ERR_IO;
  zx_handle_t aux = 0;
  zx_status_t status = zx_vmo_create(length, 0, &aux);
  if (status == ZX_OK && count > 0) status = zx_vmo_write(aux, bytes, 0, (size_t)count);
  if (status == ZX_OK) status = zx_pager_supply_pages(f->pager, f->vmo, offset, length, aux, 0);
  zx_handle_close(aux);
  return status;
}

static void serve_read(const paged_file* f, uint64_t offset, uint64_t length) {
  while (length > 0) {
    const uint64_t piece = length < PIECE ? length : PIECE;
    // Whoever waits is told. The VMO may have shrunk meanwhile; then nobody waits any more.
    if (supply(f, offset, piece) != ZX_OK) {
      const uint64_t status = (uint64_t)(int64_t)ZX_ERR_IO;
      (void)zx_pager_op_range(f->pager, ZX_PAGER_OP_FAIL, f->vmo, offset, piece, status);
    }
    offset += piece;
    length -= piece;
  }
}

static void* serve(void* argument) {
  const paged_file* f = argument;
  for (;;) {
    zx_port_packet_t packet;
    must(zx_port_wait(f->port, ZX_TIME_INFINITE, &packet), "port");
    const zx_packet_page_request_t* request = &packet.page_request;
    switch (request->command) {
      case ZX_PAGER_VMO_READ:
        serve_read(f, request->offset, request->length);
        break;
      case ZX_PAGER_VMO_DIRTY:
        // Here a file system would reserve space, or fail the request with ZX_ERR_NO_SPACE. If the
        // page has gone meanwhile (ZX_ERR_NOT_FOUND), the writer asks again by itself.
        (void)zx_pager_op_range(f->pager, ZX_PAGER_OP_DIRTY, f->vmo, request->offset,
                                request->length, 0);
        break;
      default:
        return NULL;  // ZX_PAGER_VMO_COMPLETE: the last packet.
    }
  }
}

// ---- Writing back ----

// Writes a data range into the file. Bytes beyond the file's size belong to nobody.
static bool write_data(const paged_file* f, uint64_t offset, uint64_t length, uint64_t size) {
  static char bytes[PIECE];
  const uint64_t end = offset + length < size ? offset + length : size;
  while (offset < end) {
    const size_t piece = end - offset < PIECE ? end - offset : PIECE;
    must(zx_vmo_read(f->vmo, bytes, offset, piece), "read");
    if (pwrite(f->file, bytes, piece, (off_t)offset) != (ssize_t)piece) return false;
    offset += piece;
  }
  return true;
}

static bool write_zeros(const paged_file* f, uint64_t offset, uint64_t length) {
  const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  return fallocate(f->file, mode, (off_t)offset, (off_t)length) == 0;
}

// Writes back one range. The data is read after BEGIN: a write that comes later makes its page
// dirty again, and END leaves it so. A range that could not be written gets no END and stays dirty.
static bool flush_range(const paged_file* f, const zx_vmo_dirty_range_t* range) {
  const uint64_t zero = range->options & ZX_VMO_DIRTY_RANGE_IS_ZERO;
  uint64_t size = 0;
  must(zx_pager_op_range(f->pager, ZX_PAGER_OP_WRITEBACK_BEGIN, f->vmo, range->offset,
                         range->length, zero),
       "BEGIN");
  must(zx_vmo_get_stream_size(f->vmo, &size), "stream size");
  const bool is_written = zero ? write_zeros(f, range->offset, range->length)
                               : write_data(f, range->offset, range->length, size);
  if (!is_written) return false;
  must(zx_pager_op_range(f->pager, ZX_PAGER_OP_WRITEBACK_END, f->vmo, range->offset,
                         range->length, 0),
       "END");
  printf("flushed %" PRIu64 " + %" PRIu64 "%s\n", range->offset, range->length,
         zero ? " zero" : "");
  return true;
}

// Writes back everything that was dirty before. Must not race a shrink of the VMO.
static bool flush(const paged_file* f) {
  zx_vmo_dirty_range_t ranges[5];
  size_t actual = 0, avail = 0;
  uint64_t offset = 0, size = 0;
  must(zx_vmo_get_size(f->vmo, &size), "size");
  do {
    must(zx_pager_query_dirty_ranges(f->pager, f->vmo, offset, size - offset, ranges,
                                     sizeof(ranges), &actual, &avail),
         "query");
    for (size_t i = 0; i < actual; i++) {
      if (!flush_range(f, &ranges[i])) return false;
      offset = ranges[i].offset + ranges[i].length;
    }
  } while (actual < avail);
  return fsync(f->file) == 0;
}

int main(int argc, char** argv) {
  paged_file f = {open(argc > 1 ? argv[1] : "", O_RDWR), 0, 0, 0, 0};
  struct stat status;
  if (f.file < 0 || fstat(f.file, &status) != 0) {
    perror("writeback_pager");
    return 1;
  }
  must(zx_port_create(0, &f.port), "port");
  must(zx_pager_create(0, &f.pager), "pager");
  must(zx_pager_create_vmo(f.pager, ZX_VMO_TRAP_DIRTY, f.port, 1, (uint64_t)status.st_size, &f.vmo),
       "VMO");
  if (pthread_create(&f.server, NULL, serve, &f) != 0) return 1;

  // As a program would: a few bytes over a page boundary, two pages zeroed, one byte at the end.
  must(zx_vmo_write(f.vmo, "hello", PAGE - 2, 5), "write");
  must(zx_vmo_op_range(f.vmo, ZX_VMO_OP_ZERO, 2 * PAGE, 2 * PAGE, NULL, 0), "zero");
  must(zx_vmo_write(f.vmo, "!", (uint64_t)status.st_size - 1, 1), "write");
  const bool is_flushed = flush(&f);

  must(zx_pager_detach_vmo(f.pager, f.vmo), "detach");
  pthread_join(f.server, NULL);
  const zx_handle_t handles[] = {f.vmo, f.pager, f.port};
  must(zx_handle_close_many(handles, 3), "close");
  return is_flushed && close(f.file) == 0 ? 0 : 1;
}
