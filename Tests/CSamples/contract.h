// What the zircon_contract programs share: checks that count, a pager with one VMO, calls on a
// thread of their own.
//
// A program prints each check that fails, and at its end how many passed; it ends with 1 if one
// failed. What should never end ends with SIGALRM after two minutes.
#ifndef CONTRACT_H
#define CONTRACT_H

#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls-next.h>
#include <zircon/syscalls/vmofs.h>

#define PAGE ((uint64_t)4096)
#define ZERO ZX_VMO_DIRTY_RANGE_IS_ZERO
#define KEY ((uint64_t)7000)
// A handle number of the right form that nothing has.
#define DEAD ((zx_handle_t)0x7ffffff3)

static atomic_int checks_passed, checks_failed;

static inline bool check(bool is_true, const char* what, const char* file, int line) {
  if (is_true) {
    atomic_fetch_add(&checks_passed, 1);
  } else {
    atomic_fetch_add(&checks_failed, 1);
    printf("%s:%d: %s\n", file, line, what);
  }
  return is_true;
}

static inline bool check_status(zx_status_t status, zx_status_t expected, const char* what,
                                const char* file, int line) {
  if (check(status == expected, what, file, line)) return true;
  printf("  gives %s, not %s\n", zx_status_get_string(status), zx_status_get_string(expected));
  return false;
}

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define STATUS(expected, call) check_status((call), (expected), #call, __FILE__, __LINE__)
#define OK(call) STATUS(ZX_OK, call)
// Without this nothing that follows makes sense.
#define MUST(call) \
  if (!OK(call)) exit(1)

static inline void contract_begin(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(120);
}

static inline int contract_end(const char* program) {
  printf("%s: %d checks passed, %d failed\n", program, checks_passed, checks_failed);
  return checks_failed == 0 ? 0 : 1;
}

// ---- A pager with one VMO ----

typedef struct {
  zx_handle_t port, pager, vmo;
} fixture;

static inline fixture make_fixture(uint32_t options, uint64_t pages) {
  fixture f = {0, 0, 0};
  MUST(zx_port_create(0, &f.port));
  MUST(zx_pager_create(0, &f.pager));
  MUST(zx_pager_create_vmo(f.pager, options, f.port, KEY, pages * PAGE, &f.vmo));
  return f;
}

static inline void end_fixture(fixture f) {
  const zx_handle_t handles[] = {f.vmo, f.pager, f.port};
  OK(zx_handle_close_many(handles, 3));
}

// A plain VMO in which every byte of page `i` is `first + i`.
static inline zx_handle_t make_data(uint64_t pages, unsigned char first) {
  zx_handle_t vmo = 0;
  MUST(zx_vmo_create(pages * PAGE, 0, &vmo));
  unsigned char bytes[4096];
  for (uint64_t i = 0; i < pages; i++) {
    memset(bytes, (int)(first + i), sizeof(bytes));
    MUST(zx_vmo_write(vmo, bytes, i * PAGE, PAGE));
  }
  return vmo;
}

// Supplies pages; page `i` of the VMO is full of the byte `i + 1`.
static inline void supply(fixture f, uint64_t page, uint64_t count) {
  const zx_handle_t data = make_data(count, (unsigned char)(page + 1));
  MUST(zx_pager_supply_pages(f.pager, f.vmo, page * PAGE, count * PAGE, data, 0));
  OK(zx_handle_close(data));
}

// Supplies pages of zeros that take no memory.
static inline void supply_zeros(fixture f, uint64_t page, uint64_t count) {
  zx_handle_t zeros = 0;
  MUST(zx_vmo_create(count * PAGE, 0, &zeros));
  MUST(zx_pager_supply_pages(f.pager, f.vmo, page * PAGE, count * PAGE, zeros, 0));
  OK(zx_handle_close(zeros));
}

static inline zx_status_t operate(fixture f, uint32_t op, uint64_t page, uint64_t count,
                                  uint64_t data) {
  return zx_pager_op_range(f.pager, op, f.vmo, page * PAGE, count * PAGE, data);
}

static inline zx_status_t begin_writeback(fixture f, uint64_t page, uint64_t count, uint64_t data) {
  return operate(f, ZX_PAGER_OP_WRITEBACK_BEGIN, page, count, data);
}

static inline zx_status_t end_writeback(fixture f, uint64_t page, uint64_t count) {
  return operate(f, ZX_PAGER_OP_WRITEBACK_END, page, count, 0);
}

static inline zx_status_t make_dirty(fixture f, uint64_t page, uint64_t count) {
  return operate(f, ZX_PAGER_OP_DIRTY, page, count, 0);
}

static inline zx_status_t fail_requests(fixture f, uint64_t page, uint64_t count, int64_t status) {
  return operate(f, ZX_PAGER_OP_FAIL, page, count, (uint64_t)status);
}

static inline zx_status_t write_pages(fixture f, uint64_t page, uint64_t count) {
  unsigned char* bytes = malloc(count * PAGE);
  memset(bytes, 0xEE, count * PAGE);
  const zx_status_t status = zx_vmo_write(f.vmo, bytes, page * PAGE, count * PAGE);
  free(bytes);
  return status;
}

static inline zx_status_t zero_pages(fixture f, uint64_t page, uint64_t count) {
  return zx_vmo_op_range(f.vmo, ZX_VMO_OP_ZERO, page * PAGE, count * PAGE, NULL, 0);
}

// The first byte of a page; -1 if it cannot be read.
static inline int first_byte(fixture f, uint64_t page) {
  unsigned char byte = 0;
  return zx_vmo_read(f.vmo, &byte, page * PAGE, 1) == ZX_OK ? byte : -1;
}

// Waits for the next packet of the VMO and compares it whole.
#define REQUEST(f, command, page, count) expect_request(f, command, page, count, __FILE__, __LINE__)

static inline void expect_request(fixture f, uint16_t command, uint64_t page, uint64_t count,
                                  const char* file, int line) {
  zx_port_packet_t packet, expected;
  memset(&expected, 0, sizeof(expected));
  expected.key = KEY;
  expected.type = ZX_PKT_TYPE_PAGE_REQUEST;
  expected.page_request.command = command;
  expected.page_request.offset = page * PAGE;
  expected.page_request.length = count * PAGE;
  check_status(zx_port_wait(f.port, ZX_TIME_INFINITE, &packet), ZX_OK, "a packet", file, line);
  if (!check(memcmp(&packet, &expected, sizeof(packet)) == 0, "the packet", file, line)) {
    printf("  is command %d, pages %d + %d\n", packet.page_request.command,
           (int)(packet.page_request.offset / PAGE), (int)(packet.page_request.length / PAGE));
  }
}

#define NO_REQUEST(f) expect_no_request(f, __FILE__, __LINE__)

static inline void expect_no_request(fixture f, const char* file, int line) {
  zx_port_packet_t packet;
  check_status(zx_port_wait(f.port, 0, &packet), ZX_ERR_TIMED_OUT, "no packet", file, line);
}

// ---- Dirty ranges, in pages: DIRTY(f, {first, count, options}, ...) ----

typedef struct {
  uint64_t first, count, options;
} page_run;

#define DIRTY(f, ...)                                                                 \
  expect_dirty(f, (const page_run[]){__VA_ARGS__},                                    \
               sizeof((const page_run[]){__VA_ARGS__}) / sizeof(page_run), __FILE__, __LINE__)
#define CLEAN(f) expect_dirty(f, NULL, 0, __FILE__, __LINE__)

static inline void expect_dirty(fixture f, const page_run* runs, size_t count, const char* file,
                                int line) {
  uint64_t size = 0;
  zx_vmo_dirty_range_t ranges[64];
  size_t actual = 0, avail = 0;
  MUST(zx_vmo_get_size(f.vmo, &size));
  MUST(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, size, ranges, sizeof(ranges), &actual,
                                   &avail));
  bool is_equal = actual == count && avail == count;
  for (size_t i = 0; is_equal && i < count; i++) {
    is_equal = ranges[i].offset == runs[i].first * PAGE &&
               ranges[i].length == runs[i].count * PAGE && ranges[i].options == runs[i].options;
  }
  if (check(is_equal, "the dirty ranges", file, line)) return;
  printf("  are");
  for (size_t i = 0; i < actual; i++) {
    printf(" {%d, %d%s}", (int)(ranges[i].offset / PAGE), (int)(ranges[i].length / PAGE),
           ranges[i].options == ZERO ? ", ZERO" : "");
  }
  printf("\n");
}

static inline bool is_modified(fixture f) {
  zx_pager_vmo_stats_t stats = {9};
  OK(zx_pager_query_vmo_stats(f.pager, f.vmo, ZX_PAGER_RESET_VMO_STATS, &stats, sizeof(stats)));
  return stats.modified == ZX_PAGER_VMO_STATS_MODIFIED;
}

// ---- Calls that block ----

typedef enum { READING, WRITING, ZEROING, COMMITTING, RESIZING } kind;

typedef struct {
  pthread_t thread;
  zx_handle_t vmo;
  kind what;
  uint64_t offset, length;
  atomic_bool is_done;
  zx_status_t status;
} task;

static inline void* run_task(void* argument) {
  task* t = argument;
  void* bytes = t->what == READING || t->what == WRITING ? calloc(1, t->length) : NULL;
  switch (t->what) {
    case READING:
      t->status = zx_vmo_read(t->vmo, bytes, t->offset, t->length);
      break;
    case WRITING:
      memset(bytes, 0xEE, t->length);
      t->status = zx_vmo_write(t->vmo, bytes, t->offset, t->length);
      break;
    case ZEROING:
      t->status = zx_vmo_op_range(t->vmo, ZX_VMO_OP_ZERO, t->offset, t->length, NULL, 0);
      break;
    case COMMITTING:
      t->status = zx_vmo_op_range(t->vmo, ZX_VMO_OP_COMMIT, t->offset, t->length, NULL, 0);
      break;
    case RESIZING:
      t->status = zx_vmo_set_size(t->vmo, t->length);
      break;
  }
  free(bytes);
  atomic_store(&t->is_done, true);
  return NULL;
}

// Starts a call over bytes on a thread; `finish` waits for its end and gives its status.
static inline task* start_bytes(fixture f, kind what, uint64_t offset, uint64_t length) {
  task* t = calloc(1, sizeof(task));
  t->vmo = f.vmo;
  t->what = what;
  t->offset = offset;
  t->length = length;
  if (pthread_create(&t->thread, NULL, run_task, t) != 0) abort();
  return t;
}

static inline task* start(fixture f, kind what, uint64_t page, uint64_t count) {
  return start_bytes(f, what, page * PAGE, count * PAGE);
}

static inline zx_status_t finish(task* t) {
  pthread_join(t->thread, NULL);
  const zx_status_t status = t->status;
  free(t);
  return status;
}

// ---- Memory that ends ----

// Pages of memory behind which nothing can be touched.
static inline unsigned char* make_edge(size_t pages) {
  unsigned char* memory = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory + pages * PAGE, PAGE, PROT_NONE) != 0) abort();
  return memory;
}

static inline void end_edge(unsigned char* memory, size_t pages) {
  munmap(memory, (pages + 1) * PAGE);
}

// How many handles there are to the object of a handle.
static inline uint32_t handle_count(zx_handle_t handle) {
  zx_info_handle_count_t info = {0};
  OK(zx_object_get_info(handle, ZX_INFO_HANDLE_COUNT, &info, sizeof(info), NULL, NULL));
  return info.handle_count;
}

// The same object with fewer rights.
static inline zx_handle_t with_rights(zx_handle_t handle, zx_rights_t rights) {
  zx_handle_t copy = 0;
  MUST(zx_handle_duplicate(handle, rights, &copy));
  return copy;
}

#endif
