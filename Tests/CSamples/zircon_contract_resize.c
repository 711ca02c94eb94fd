// Resizing a VMO against everything that may be pending, and detaching one in every state.
#include "contract.h"

static void shrink_under_every_request(void) {
  // Page 0 clean, 1 supplied zeros, 2 not there, 3 and 4 zeros that the kernel made.
  const fixture f = make_fixture(ZX_VMO_TRAP_DIRTY | ZX_VMO_RESIZABLE, 3);
  supply(f, 0, 1);
  supply_zeros(f, 1, 1);
  OK(zx_vmo_set_size(f.vmo, 5 * PAGE));
  task* writers[5];
  writers[0] = start(f, WRITING, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  writers[1] = start(f, WRITING, 1, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 1, 1);
  writers[2] = start(f, WRITING, 2, 1);
  REQUEST(f, ZX_PAGER_VMO_READ, 2, 1);
  writers[3] = start(f, WRITING, 4, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 4, 1);
  writers[4] = start(f, COMMITTING, 2, 1);
  OK(zx_vmo_set_size(f.vmo, 0));
  for (int i = 0; i < 4; i++) STATUS(ZX_ERR_OUT_OF_RANGE, finish(writers[i]));
  // A commit of what is no more has nothing left to do, or came too late.
  const zx_status_t committed = finish(writers[4]);
  CHECK(committed == ZX_OK || committed == ZX_ERR_OUT_OF_RANGE);
  STATUS(ZX_ERR_OUT_OF_RANGE, make_dirty(f, 0, 1));
  CLEAN(f);
  NO_REQUEST(f);
  // What grows back is zeros, not what was there.
  OK(zx_vmo_set_size(f.vmo, PAGE));
  CHECK(first_byte(f, 0) == 0);
  DIRTY(f, {0, 1, ZERO});
  end_fixture(f);
}

static void shrink_in_a_request(void) {
  // A read of three pages, of which the third comes, then the VMO shrinks to one.
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 3);
  task* commit = start(f, COMMITTING, 0, 3);
  REQUEST(f, ZX_PAGER_VMO_READ, 0, 3);
  supply(f, 2, 1);
  OK(zx_vmo_set_size(f.vmo, PAGE));
  // Not woken early: page 0 is still wanted.
  CHECK(!atomic_load(&commit->is_done));
  supply(f, 0, 1);
  OK(finish(commit));

  OK(zx_vmo_set_size(f.vmo, 3 * PAGE));
  task* reader = start(f, READING, 0, 3);
  OK(finish(reader));
  NO_REQUEST(f);
  end_fixture(f);
}

static void shrink_in_a_writeback(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 2);
  supply(f, 0, 2);
  OK(write_pages(f, 0, 2));
  OK(zx_vmo_set_size(f.vmo, 6 * PAGE));
  OK(begin_writeback(f, 0, 6, 0));
  OK(zx_vmo_set_size(f.vmo, 4 * PAGE));
  // A range that crosses the new end is refused as a whole.
  STATUS(ZX_ERR_OUT_OF_RANGE, end_writeback(f, 0, 6));
  DIRTY(f, {0, 2, 0}, {2, 2, ZERO});
  OK(end_writeback(f, 0, 4));
  CLEAN(f);

  // Cut exactly at, and before, what is being written back.
  OK(write_pages(f, 1, 1));
  OK(begin_writeback(f, 1, 1, 0));
  OK(zx_vmo_set_size(f.vmo, PAGE));
  STATUS(ZX_ERR_OUT_OF_RANGE, end_writeback(f, 1, 1));
  CLEAN(f);
  end_fixture(f);
}

static void sizes_and_content(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 2);
  uint64_t size = 0, content = 0;
  supply(f, 0, 2);
  CHECK(!is_modified(f));
  OK(zx_vmo_set_size(f.vmo, 2 * PAGE));
  CHECK(is_modified(f));
  CLEAN(f);
  // A size inside a page cuts the content there and zeroes the rest of the page, as a write.
  OK(zx_vmo_set_size(f.vmo, PAGE + 100));
  OK(zx_vmo_get_size(f.vmo, &size));
  OK(zx_vmo_get_stream_size(f.vmo, &content));
  CHECK(size == 2 * PAGE && content == PAGE + 100);
  DIRTY(f, {1, 1, 0});
  unsigned char bytes[2] = {9, 9};
  OK(zx_vmo_read(f.vmo, bytes, PAGE + 99, 2));
  CHECK(bytes[0] == 2 && bytes[1] == 0);
  // The content may shrink and grow below the size; the same again is nothing.
  OK(zx_vmo_set_stream_size(f.vmo, 10));
  OK(zx_vmo_get_stream_size(f.vmo, &content));
  CHECK(content == 10);
  OK(zx_vmo_read(f.vmo, bytes, 9, 2));
  CHECK(bytes[0] == 1 && bytes[1] == 0);
  OK(zx_vmo_set_stream_size(f.vmo, 10));
  size = 2 * PAGE;
  OK(zx_object_set_property(f.vmo, ZX_PROP_VMO_CONTENT_SIZE, &size, sizeof(size)));
  OK(zx_object_get_property(f.vmo, ZX_PROP_VMO_CONTENT_SIZE, &content, sizeof(content)));
  CHECK(content == 2 * PAGE);
  end_fixture(f);
}

static void a_partial_zero_meets_a_shrink(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 2);
  task* zeroing = start_bytes(f, ZEROING, PAGE + 8, 8);
  REQUEST(f, ZX_PAGER_VMO_READ, 1, 1);
  OK(zx_vmo_set_size(f.vmo, PAGE));
  STATUS(ZX_ERR_OUT_OF_RANGE, finish(zeroing));
  CLEAN(f);
  // Whole pages wait for nobody, and free who waits.
  task* reader = start(f, READING, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_READ, 0, 1);
  OK(zero_pages(f, 0, 1));
  OK(finish(reader));
  DIRTY(f, {0, 1, ZERO});
  NO_REQUEST(f);
  end_fixture(f);
}

static void a_set_size_waits_for_the_pager(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 2);
  task* resize = start_bytes(f, RESIZING, 0, PAGE + 1);
  REQUEST(f, ZX_PAGER_VMO_READ, 1, 1);
  OK(fail_requests(f, 1, 1, ZX_ERR_IO));
  // The rest of the page could not be zeroed; the size is the new one nevertheless.
  OK(finish(resize));
  uint64_t content = 0;
  OK(zx_vmo_get_stream_size(f.vmo, &content));
  CHECK(content == PAGE + 1);
  end_fixture(f);
}

// A trapping VMO with a page in each state: 0 Clean, 1 Dirty, 2 AwaitingClean, 3 supplied zeros,
// 4 not there, 5 zeros.
static fixture every_state(uint32_t options) {
  const fixture f = make_fixture(options | ZX_VMO_RESIZABLE, 5);
  supply(f, 0, 3);
  supply_zeros(f, 3, 1);
  if (options & ZX_VMO_TRAP_DIRTY) {
    OK(make_dirty(f, 1, 2));
  } else {
    OK(write_pages(f, 1, 2));
  }
  OK(begin_writeback(f, 2, 1, 0));
  OK(zx_vmo_set_size(f.vmo, 6 * PAGE));
  return f;
}

static void detach_with_every_state(uint32_t options) {
  const fixture f = every_state(options);
  const bool traps = (options & ZX_VMO_TRAP_DIRTY) != 0;
  OK(zx_pager_detach_vmo(f.pager, f.vmo));
  REQUEST(f, ZX_PAGER_VMO_COMPLETE, 0, 0);
  DIRTY(f, {1, 2, 0}, {5, 1, ZERO});
  // Clean pages are gone at once, what is dirty stays readable.
  CHECK(first_byte(f, 0) == -1 && first_byte(f, 3) == -1 && first_byte(f, 4) == -1);
  CHECK(first_byte(f, 1) >= 0 && first_byte(f, 2) >= 0 && first_byte(f, 5) == 0);
  unsigned char byte = 0;
  STATUS(ZX_ERR_BAD_STATE, zx_vmo_read(f.vmo, &byte, 0, 1));
  STATUS(ZX_ERR_BAD_STATE, write_pages(f, 0, 1));
  STATUS(ZX_ERR_BAD_STATE, write_pages(f, 4, 1));
  OK(write_pages(f, 1, 1));
  // What would have to ask, cannot; without a trap there is nothing to ask.
  STATUS(traps ? ZX_ERR_BAD_STATE : ZX_OK, write_pages(f, 2, 1));
  STATUS(traps ? ZX_ERR_BAD_STATE : ZX_OK, write_pages(f, 5, 1));
  OK(end_writeback(f, 0, 6));
  if (traps) {
    DIRTY(f, {1, 1, 0}, {5, 1, ZERO});
  } else {
    DIRTY(f, {1, 2, 0}, {5, 1, 0});
  }
  OK(begin_writeback(f, 0, 6, 0));
  OK(end_writeback(f, 0, 6));
  CLEAN(f);
  // Written back, data pages stay where they are.
  CHECK(first_byte(f, 1) == 0xEE);
  OK(zero_pages(f, 0, 1));
  OK(zx_vmo_set_size(f.vmo, 7 * PAGE));
  DIRTY(f, {0, 1, ZERO}, {6, 1, ZERO});
  NO_REQUEST(f);
  end_fixture(f);
}

static void detach_frees_who_waits(void) {
  const fixture f = every_state(ZX_VMO_TRAP_DIRTY);
  task* tasks[4];
  tasks[0] = start(f, WRITING, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  tasks[1] = start(f, WRITING, 2, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 2, 1);
  tasks[2] = start(f, READING, 4, 1);
  REQUEST(f, ZX_PAGER_VMO_READ, 4, 1);
  tasks[3] = start(f, WRITING, 5, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 5, 1);
  OK(zx_pager_detach_vmo(f.pager, f.vmo));
  for (int i = 0; i < 4; i++) STATUS(ZX_ERR_BAD_STATE, finish(tasks[i]));
  DIRTY(f, {1, 2, 0}, {5, 1, ZERO});
  REQUEST(f, ZX_PAGER_VMO_COMPLETE, 0, 0);
  NO_REQUEST(f);
  end_fixture(f);
}

static void the_end_of_pager_and_vmo(void) {
  // The last handle of a VMO says COMPLETE, a request that nobody has read does not come.
  fixture f = make_fixture(0, 1);
  OK(zx_handle_close(f.vmo));
  REQUEST(f, ZX_PAGER_VMO_COMPLETE, 0, 0);
  f.vmo = ZX_HANDLE_INVALID;
  NO_REQUEST(f);
  end_fixture(f);

  // The end of the pager frees who waits, and says nothing.
  f = make_fixture(0, 2);
  supply(f, 1, 1);
  task* reader = start(f, READING, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_READ, 0, 1);
  OK(zx_handle_close(f.pager));
  STATUS(ZX_ERR_BAD_STATE, finish(reader));
  CHECK(first_byte(f, 1) == 2);
  NO_REQUEST(f);
  f.pager = ZX_HANDLE_INVALID;
  end_fixture(f);
}

static void requests_withdrawn(void) {
  // Answered before it was read: never seen.
  const fixture f = make_fixture(ZX_VMO_TRAP_DIRTY, 4);
  task* first = start(f, READING, 0, 1);
  REQUEST(f, ZX_PAGER_VMO_READ, 0, 1);
  supply(f, 0, 1);
  OK(finish(first));
  // A write over what is there and what is not: in order of offset.
  supply(f, 2, 1);
  task* writer = start(f, WRITING, 0, 4);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  OK(make_dirty(f, 0, 1));
  REQUEST(f, ZX_PAGER_VMO_READ, 1, 1);
  supply(f, 1, 1);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 1, 2);
  OK(make_dirty(f, 1, 2));
  REQUEST(f, ZX_PAGER_VMO_READ, 3, 1);
  OK(fail_requests(f, 0, 4, ZX_ERR_IO_DATA_INTEGRITY));
  STATUS(ZX_ERR_IO_DATA_INTEGRITY, finish(writer));
  DIRTY(f, {0, 3, 0});
  CHECK(is_modified(f));
  NO_REQUEST(f);
  end_fixture(f);
}

int main(void) {
  contract_begin();
  shrink_under_every_request();
  shrink_in_a_request();
  shrink_in_a_writeback();
  sizes_and_content();
  a_partial_zero_meets_a_shrink();
  a_set_size_waits_for_the_pager();
  detach_with_every_state(ZX_VMO_TRAP_DIRTY);
  detach_with_every_state(0);
  detach_frees_who_waits();
  the_end_of_pager_and_vmo();
  requests_withdrawn();
  return contract_end("zircon_contract_resize");
}
