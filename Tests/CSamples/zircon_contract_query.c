// zx_pager_query_dirty_ranges: what is dirty, how ranges merge and are cut, buffers of every kind,
// going on where the last call ended, and a query that races threads that write.
#include "contract.h"

static void merging(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 8);
  CLEAN(f);
  supply(f, 0, 8);
  CLEAN(f);
  // Neighbours are one range, Dirty or AwaitingClean; bytes that are zero do not make it a zero.
  OK(write_pages(f, 1, 1));
  OK(begin_writeback(f, 1, 1, 0));
  OK(write_pages(f, 2, 1));
  OK(zx_vmo_op_range(f.vmo, ZX_VMO_OP_ZERO, 3 * PAGE, 9, NULL, 0));
  OK(write_pages(f, 5, 1));
  DIRTY(f, {1, 3, 0}, {5, 1, 0});
  // Zeros are ranges of their own, also back to back with data.
  OK(zero_pages(f, 4, 1));
  OK(zx_vmo_set_size(f.vmo, 12 * PAGE));
  OK(write_pages(f, 9, 1));
  DIRTY(f, {1, 3, 0}, {4, 1, ZERO}, {5, 1, 0}, {8, 1, ZERO}, {9, 1, 0}, {10, 2, ZERO});
  // A part of a zero range that is being written back is still one range with the rest.
  OK(zero_pages(f, 6, 2));
  OK(begin_writeback(f, 6, 1, ZERO));
  DIRTY(f, {1, 3, 0}, {4, 1, ZERO}, {5, 1, 0}, {6, 3, ZERO}, {9, 1, 0}, {10, 2, ZERO});
  end_fixture(f);
}

// Ranges {1 + 2}, {4 + 1}, {6 + 3 ZERO} of ten pages.
static fixture three_ranges(void) {
  const fixture f = make_fixture(0, 10);
  supply(f, 0, 10);
  OK(write_pages(f, 1, 2));
  OK(write_pages(f, 4, 1));
  OK(zero_pages(f, 6, 3));
  return f;
}

static void windows(void) {
  const fixture f = three_ranges();
  zx_vmo_dirty_range_t r[3];
  size_t actual = 9, avail = 9;
#define WINDOW(offset, length) \
  zx_pager_query_dirty_ranges(f.pager, f.vmo, offset, length, r, sizeof(r), &actual, &avail)
  // Cut to the window, which is rounded outward to pages.
  OK(WINDOW(2 * PAGE + 4095, 5 * PAGE));
  CHECK(actual == 3 && avail == 3);
  CHECK(r[0].offset == 2 * PAGE && r[0].length == PAGE && r[0].options == 0);
  CHECK(r[2].offset == 6 * PAGE && r[2].length == 2 * PAGE && r[2].options == ZERO);
  OK(WINDOW(7 * PAGE, PAGE));
  CHECK(actual == 1 && r[0].offset == 7 * PAGE && r[0].length == PAGE);
  OK(WINDOW(4 * PAGE, 0));
  CHECK(actual == 0 && avail == 0);
  OK(WINDOW(10 * PAGE, 0));
  CHECK(actual == 0 && avail == 0);
  STATUS(ZX_ERR_OUT_OF_RANGE, WINDOW(0, 10 * PAGE + 1));
  end_fixture(f);
}

static void small_buffers(void) {
  const fixture f = three_ranges();
  zx_vmo_dirty_range_t r[4];
  size_t actual = 9, avail = 9;
  // Never an error: counting, a part of an entry, one entry, with a rest that is left alone.
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, 10 * PAGE, NULL, 0, &actual, &avail));
  CHECK(actual == 0 && avail == 3);
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, 10 * PAGE, NULL, 0, &actual, NULL));
  CHECK(actual == 0);
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, 10 * PAGE, (void*)8, 23, &actual, &avail));
  CHECK(actual == 0 && avail == 3);
  memset(r, 0x55, sizeof(r));
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, 10 * PAGE, r, 47, &actual, &avail));
  CHECK(actual == 1 && avail == 3 && r[0].offset == PAGE && r[0].length == 2 * PAGE);
  CHECK(r[1].offset == 0x5555555555555555);
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, 10 * PAGE, r, 48, &actual, NULL));
  CHECK(actual == 2 && r[1].offset == 4 * PAGE && r[2].offset == 0x5555555555555555);
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, 10 * PAGE, r, SIZE_MAX, NULL, NULL));
  CHECK(r[2].offset == 6 * PAGE && r[2].length == 3 * PAGE && r[2].options == ZERO);
  CHECK(r[3].offset == 0x5555555555555555);
  // An entry need not be aligned.
  unsigned char bytes[73];
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, 10 * PAGE, bytes + 1, 72, &actual, NULL));
  CHECK(actual == 3 && memcmp(bytes + 1, r, 72) == 0);
  end_fixture(f);
}

static void bad_buffers(void) {
  const fixture f = three_ranges();
  const uint64_t all = 10 * PAGE;
  size_t actual = 9, avail = 9;
  size_t* const bad = (size_t*)8;
  // A bad buffer is one only if something is copied into it.
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, PAGE, NULL, 24, &actual, &avail));
  CHECK(actual == 0 && avail == 0);
  actual = avail = 9;
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, all, NULL, 24, &actual, &avail));
  CHECK(actual == 9 && avail == 9);

  // Three entries where two and a half have room: those are there, the counts are not.
  unsigned char* memory = make_edge(1);
  zx_vmo_dirty_range_t* r = (zx_vmo_dirty_range_t*)(memory + PAGE - 60);
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, all, r, 72, &actual, &avail));
  CHECK(actual == 9 && avail == 9);
  zx_vmo_dirty_range_t second;
  memcpy(&second, r + 1, sizeof(second));
  CHECK(second.offset == 4 * PAGE && second.length == PAGE && second.options == 0);
  r = (zx_vmo_dirty_range_t*)(memory + PAGE) - 3;
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, all, r, 9999, &actual, &avail));
  CHECK(actual == 3 && avail == 3 && r[2].offset == 6 * PAGE);

  // The counts: ranges first, then actual, then avail.
  memset(r, 0x55, 72);
  avail = 9;
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, all, r, 72, bad, &avail));
  CHECK(r[0].offset == PAGE && avail == 9);
  actual = 9;
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, all, r, 72, &actual, bad));
  CHECK(actual == 3);
  actual = 9;
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, all, r, 72,
                                                          (size_t*)(memory + PAGE), &avail));
  end_edge(memory, 1);

  // Memory that may be read but not written.
  memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, all, memory, 72, &actual, &avail));
  munmap(memory, PAGE);
  end_fixture(f);
}

static void going_on(void) {
  const fixture f = make_fixture(0, 64);
  supply_zeros(f, 0, 64);
  for (uint64_t page = 0; page < 64; page += 3) OK(write_pages(f, page, 1));
  for (size_t room = 1; room <= 23; room++) {
    zx_vmo_dirty_range_t r[23];
    uint64_t offset = 0, expected = 0;
    size_t actual = 0, avail = 0;
    do {
      OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, offset, 64 * PAGE - offset, r,
                                     room * sizeof(r[0]), &actual, &avail));
      for (size_t i = 0; i < actual; i++, expected += 3) {
        if (r[i].offset != expected * PAGE || r[i].length != PAGE) CHECK(!"the next range");
      }
      CHECK(actual == avail || actual == room);
      if (actual > 0) offset = r[actual - 1].offset + r[actual - 1].length;
    } while (actual < avail);
    CHECK(expected == 66);
  }
  end_fixture(f);
}

// ---- Races ----

enum { RACE_PAGES = 512, RACE_WRITERS = 3, RACE_WRITES = 60000 };

typedef struct {
  fixture f;
  // The last value that a page's writer has written, published after the write.
  atomic_uint written[RACE_PAGES];
  atomic_int writes;
  atomic_bool is_over;
} race;

typedef struct {
  race* r;
  unsigned seed, residue;
} racer;

// Writes ever new values into the pages that are its own.
static void* write_at_random(void* argument) {
  racer* me = argument;
  race* r = me->r;
  unsigned random = me->seed;
  while (!atomic_load(&r->is_over)) {
    random = random * 1664525 + 1013904223;
    unsigned page = (random >> 8) % (RACE_PAGES / RACE_WRITERS) * RACE_WRITERS + me->residue;
    unsigned value = atomic_load(&r->written[page]) + 1;
    OK(zx_vmo_write(r->f.vmo, &value, page * PAGE, sizeof(value)));
    atomic_store(&r->written[page], value);
    atomic_fetch_add(&r->writes, 1);
  }
  return NULL;
}

// One flush in pieces of five ranges. `stored` is the backing store, a value a page. Every page
// whose published write is not in the store was dirty before the first call, so it must be found.
static void flush(race* r, unsigned* stored) {
  unsigned published[RACE_PAGES];
  bool is_found[RACE_PAGES] = {false};
  for (int page = 0; page < RACE_PAGES; page++) published[page] = atomic_load(&r->written[page]);
  unsigned before[RACE_PAGES];
  memcpy(before, stored, sizeof(before));

  uint64_t offset = 0;
  size_t actual = 0, avail = 0;
  do {
    zx_vmo_dirty_range_t ranges[5];
    MUST(zx_pager_query_dirty_ranges(r->f.pager, r->f.vmo, offset, RACE_PAGES * PAGE - offset,
                                     ranges, sizeof(ranges), &actual, &avail));
    for (size_t i = 0; i < actual; i++) {
      const uint64_t first = ranges[i].offset / PAGE, count = ranges[i].length / PAGE;
      if (ranges[i].offset < offset) CHECK(!"ranges ascend");
      offset = ranges[i].offset + ranges[i].length;
      MUST(begin_writeback(r->f, first, count, 0));
      for (uint64_t page = first; page < first + count; page++) {
        MUST(zx_vmo_read(r->f.vmo, &stored[page], page * PAGE, sizeof(stored[page])));
        is_found[page] = true;
      }
      MUST(end_writeback(r->f, first, count));
    }
  } while (actual < avail);
  for (int page = 0; page < RACE_PAGES; page++) {
    if (published[page] > before[page] && !is_found[page]) CHECK(!"a dirty page was missed");
  }
}

static void racing(void) {
  race* r = calloc(1, sizeof(race));
  racer racers[RACE_WRITERS];
  pthread_t threads[RACE_WRITERS];
  unsigned stored[RACE_PAGES] = {0};
  r->f = make_fixture(0, RACE_PAGES);
  supply_zeros(r->f, 0, RACE_PAGES);
  for (unsigned i = 0; i < RACE_WRITERS; i++) {
    racers[i] = (racer){r, 12345 + i, i};
    if (pthread_create(&threads[i], NULL, write_at_random, &racers[i]) != 0) abort();
  }
  int rounds = 0;
  for (; atomic_load(&r->writes) < RACE_WRITES; rounds++) flush(r, stored);
  CHECK(rounds > 10);
  atomic_store(&r->is_over, true);
  for (int i = 0; i < RACE_WRITERS; i++) pthread_join(threads[i], NULL);

  flush(r, stored);
  CLEAN(r->f);
  bool is_equal = true;
  for (int page = 0; page < RACE_PAGES; page++) is_equal &= stored[page] == r->written[page];
  CHECK(is_equal);
  end_fixture(r->f);
  free(r);
}

int main(void) {
  contract_begin();
  merging();
  windows();
  small_buffers();
  bad_buffers();
  going_on();
  racing();
  return contract_end("zircon_contract_query");
}
