// Writeback: data and zeros through BEGIN and END, the hard cases of zero intervals, and writes
// that wait for DIRTY meanwhile.
#include "contract.h"

// `count` supplied pages, then `zeros` pages of dirty zeros.
static fixture with_zeros(uint32_t options, uint64_t count, uint64_t zeros) {
  const fixture f = make_fixture(options | ZX_VMO_RESIZABLE, count);
  if (count > 0) supply(f, 0, count);
  OK(zx_vmo_set_size(f.vmo, (count + zeros) * PAGE));
  return f;
}

static void data_pages(void) {
  const fixture f = make_fixture(0, 4);
  supply(f, 0, 4);
  OK(write_pages(f, 0, 4));
  CHECK(is_modified(f) && !is_modified(f));
  // END without BEGIN does nothing; BEGIN twice is BEGIN; a zero BEGIN does not touch data.
  OK(end_writeback(f, 0, 4));
  OK(begin_writeback(f, 0, 4, ZERO));
  OK(end_writeback(f, 0, 4));
  DIRTY(f, {0, 4, 0});
  OK(begin_writeback(f, 0, 4, 0));
  OK(begin_writeback(f, 0, 4, 0));
  DIRTY(f, {0, 4, 0});
  // A page written meanwhile stays dirty.
  OK(write_pages(f, 2, 1));
  OK(end_writeback(f, 0, 4));
  DIRTY(f, {2, 1, 0});
  CHECK(first_byte(f, 0) == 0xEE && is_modified(f));
  OK(begin_writeback(f, 2, 1, 0));
  OK(end_writeback(f, 2, 1));
  CLEAN(f);
  NO_REQUEST(f);
  end_fixture(f);
}

static void zeros_become_empty(void) {
  const fixture f = with_zeros(0, 1, 3);
  DIRTY(f, {1, 3, ZERO});
  OK(begin_writeback(f, 0, 4, 0));
  OK(end_writeback(f, 0, 4));
  CLEAN(f);
  // The pager owns the zeros now: it is asked for them, as for anything else.
  task* reader = start(f, READING, 1, 3);
  REQUEST(f, ZX_PAGER_VMO_READ, 1, 3);
  supply_zeros(f, 1, 3);
  OK(finish(reader));
  end_fixture(f);
}

static void smaller_second_begin(void) {
  const fixture f = with_zeros(0, 1, 4);
  OK(begin_writeback(f, 1, 4, ZERO));
  OK(begin_writeback(f, 1, 1, ZERO));
  OK(end_writeback(f, 1, 4));
  CLEAN(f);
  end_fixture(f);
}

static void begin_inside_an_interval(void) {
  const fixture f = with_zeros(0, 1, 4);
  // Not at the start of the interval: ignored, and so is the END.
  OK(begin_writeback(f, 3, 2, ZERO));
  OK(end_writeback(f, 3, 2));
  DIRTY(f, {1, 4, ZERO});
  OK(end_writeback(f, 1, 4));
  DIRTY(f, {1, 4, ZERO});
  // Two halves: the first END cleans the first half alone.
  OK(begin_writeback(f, 1, 2, ZERO));
  OK(begin_writeback(f, 3, 2, ZERO));
  OK(end_writeback(f, 1, 2));
  DIRTY(f, {3, 2, ZERO});
  OK(end_writeback(f, 3, 2));
  DIRTY(f, {3, 2, ZERO});
  OK(begin_writeback(f, 3, 2, ZERO));
  OK(end_writeback(f, 3, 2));
  CLEAN(f);
  end_fixture(f);
}

static void end_in_steps(void) {
  const fixture f = with_zeros(0, 0, 6);
  OK(begin_writeback(f, 0, 6, ZERO));
  OK(end_writeback(f, 0, 1));
  DIRTY(f, {1, 5, ZERO});
  OK(end_writeback(f, 2, 2));
  DIRTY(f, {1, 5, ZERO});
  OK(end_writeback(f, 1, 3));
  DIRTY(f, {4, 2, ZERO});
  OK(end_writeback(f, 4, 2));
  CLEAN(f);
  end_fixture(f);
}

static void zeroing_beside_a_writeback(void) {
  // On the left: the interval's start moves, and with it goes the mark.
  fixture f = with_zeros(0, 3, 3);
  OK(begin_writeback(f, 3, 3, ZERO));
  OK(zero_pages(f, 2, 1));
  OK(end_writeback(f, 3, 3));
  DIRTY(f, {2, 4, ZERO});
  OK(end_writeback(f, 2, 4));
  DIRTY(f, {2, 4, ZERO});
  OK(begin_writeback(f, 2, 4, ZERO));
  OK(end_writeback(f, 2, 4));
  CLEAN(f);
  end_fixture(f);

  // On the right: the mark stays, and does not grow.
  f = with_zeros(0, 6, 0);
  OK(zero_pages(f, 0, 3));
  OK(begin_writeback(f, 0, 3, ZERO));
  OK(zero_pages(f, 3, 2));
  OK(end_writeback(f, 0, 5));
  DIRTY(f, {3, 2, ZERO});
  end_fixture(f);

  // Growing is zeroing on the right.
  f = with_zeros(0, 0, 2);
  OK(begin_writeback(f, 0, 2, ZERO));
  OK(zx_vmo_set_size(f.vmo, 4 * PAGE));
  DIRTY(f, {0, 4, ZERO});
  OK(end_writeback(f, 0, 4));
  DIRTY(f, {2, 2, ZERO});
  end_fixture(f);
}

static void end_over_fragments(void) {
  // A write splits the interval; END over all cleans both fragments, the written page stays dirty.
  fixture f = with_zeros(0, 0, 4);
  OK(begin_writeback(f, 0, 4, ZERO));
  OK(write_pages(f, 1, 1));
  OK(end_writeback(f, 0, 4));
  DIRTY(f, {1, 1, 0});
  end_fixture(f);

  // END over the second fragment alone cleans nothing: the mark is at the first.
  f = with_zeros(0, 0, 4);
  OK(begin_writeback(f, 0, 4, ZERO));
  OK(write_pages(f, 1, 1));
  OK(end_writeback(f, 2, 2));
  DIRTY(f, {0, 1, ZERO}, {1, 1, 0}, {2, 2, ZERO});
  OK(end_writeback(f, 0, 4));
  DIRTY(f, {1, 1, 0});
  end_fixture(f);

  // The first page taken out: what is left of the mark moves on.
  f = with_zeros(0, 0, 4);
  OK(begin_writeback(f, 0, 3, ZERO));
  OK(write_pages(f, 0, 1));
  OK(end_writeback(f, 0, 4));
  DIRTY(f, {0, 1, 0}, {3, 1, ZERO});
  end_fixture(f);
}

static void mark_longer_than_its_interval(void) {
  // Cut by a shrink, the mark keeps its length, and covers the zeros of a later grow.
  const fixture f = with_zeros(0, 0, 5);
  OK(begin_writeback(f, 0, 5, ZERO));
  OK(zx_vmo_set_size(f.vmo, 2 * PAGE));
  OK(zx_vmo_set_size(f.vmo, 4 * PAGE));
  OK(end_writeback(f, 0, 4));
  CLEAN(f);
  end_fixture(f);
}

static void combined(void) {
  const fixture f = with_zeros(0, 1, 4);
  OK(write_pages(f, 0, 1));
  OK(write_pages(f, 2, 1));
  OK(write_pages(f, 4, 1));
  DIRTY(f, {0, 1, 0}, {1, 1, ZERO}, {2, 1, 0}, {3, 1, ZERO}, {4, 1, 0});
  const uint64_t order[] = {3, 0, 2, 1, 4};
  for (int i = 0; i < 5; i++) OK(begin_writeback(f, order[i], 1, order[i] % 2 == 1 ? ZERO : 0));
  for (int i = 4; i >= 0; i--) OK(end_writeback(f, order[i], 1));
  CLEAN(f);
  end_fixture(f);
}

static void a_write_waits_while_end_runs(void) {
  const fixture f = make_fixture(ZX_VMO_TRAP_DIRTY, 1);
  supply(f, 0, 1);
  OK(make_dirty(f, 0, 1));
  OK(begin_writeback(f, 0, 1, 0));
  task* writer = start(f, WRITING, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  // A request does not hold the page dirty.
  OK(end_writeback(f, 0, 1));
  CLEAN(f);
  CHECK(!atomic_load(&writer->is_done));
  OK(make_dirty(f, 0, 1));
  OK(finish(writer));
  DIRTY(f, {0, 1, 0});

  // Answered before END: END leaves it dirty.
  OK(begin_writeback(f, 0, 1, 0));
  writer = start(f, WRITING, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  OK(make_dirty(f, 0, 1));
  OK(finish(writer));
  OK(end_writeback(f, 0, 1));
  DIRTY(f, {0, 1, 0});

  // Refused: the write fails, the page goes on being written back.
  OK(begin_writeback(f, 0, 1, 0));
  writer = start(f, WRITING, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  OK(fail_requests(f, 0, 1, ZX_ERR_NO_SPACE));
  STATUS(ZX_ERR_NO_SPACE, finish(writer));
  DIRTY(f, {0, 1, 0});
  OK(end_writeback(f, 0, 1));
  CLEAN(f);
  NO_REQUEST(f);
  end_fixture(f);
}

static void dirty_finds_nothing(void) {
  // The zeros were written back under the waiting write: OP_DIRTY has nothing to make dirty, and
  // the write begins again with READ.
  const fixture f = with_zeros(ZX_VMO_TRAP_DIRTY, 0, 1);
  OK(begin_writeback(f, 0, 1, ZERO));
  task* writer = start(f, WRITING, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  OK(end_writeback(f, 0, 1));
  STATUS(ZX_ERR_NOT_FOUND, make_dirty(f, 0, 1));
  REQUEST(f, ZX_PAGER_VMO_READ, 0, 1);
  supply_zeros(f, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  OK(make_dirty(f, 0, 1));
  OK(finish(writer));
  DIRTY(f, {0, 1, 0});
  NO_REQUEST(f);
  end_fixture(f);
}

static void one_request_over_a_mixture(void) {
  const fixture f = make_fixture(ZX_VMO_TRAP_DIRTY | ZX_VMO_RESIZABLE, 5);
  supply(f, 0, 2);
  supply_zeros(f, 2, 1);
  supply(f, 4, 1);
  OK(make_dirty(f, 1, 1));
  OK(begin_writeback(f, 1, 1, 0));
  OK(zx_vmo_set_size(f.vmo, 6 * PAGE));
  // Clean, AwaitingClean and a zero page in one request, cut at what is not there.
  task* writer = start(f, WRITING, 0, 6);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 3);
  OK(make_dirty(f, 0, 3));
  REQUEST(f, ZX_PAGER_VMO_READ, 3, 1);
  supply(f, 3, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 3, 3);
  OK(make_dirty(f, 3, 3));
  OK(finish(writer));
  DIRTY(f, {0, 6, 0});
  NO_REQUEST(f);
  end_fixture(f);
}

static void pinned_pages(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 2);
  zx_handle_t pin = 0;
  supply(f, 0, 2);
  OK(zx_vmo_pin(f.vmo, ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE, 0, PAGE, &pin));
  DIRTY(f, {0, 1, 0});
  CHECK(is_modified(f));
  OK(begin_writeback(f, 0, 2, 0));
  OK(end_writeback(f, 0, 2));
  DIRTY(f, {0, 1, 0});
  STATUS(ZX_ERR_BAD_STATE, zx_vmo_set_size(f.vmo, 0));
  CHECK(!is_modified(f));
  // Zeroed in place.
  OK(zero_pages(f, 0, 2));
  DIRTY(f, {0, 1, 0}, {1, 1, ZERO});
  OK(zx_pmt_unpin(pin));
  STATUS(ZX_ERR_BAD_HANDLE, zx_pmt_unpin(pin));
  OK(begin_writeback(f, 0, 2, 0));
  OK(end_writeback(f, 0, 2));
  CLEAN(f);
  end_fixture(f);
}

int main(void) {
  contract_begin();
  data_pages();
  zeros_become_empty();
  smaller_second_begin();
  begin_inside_an_interval();
  end_in_steps();
  zeroing_beside_a_writeback();
  end_over_fragments();
  mark_longer_than_its_interval();
  combined();
  a_write_waits_while_end_runs();
  dirty_finds_nothing();
  one_request_over_a_mixture();
  pinned_pages();
  return contract_end("zircon_contract_writeback");
}
