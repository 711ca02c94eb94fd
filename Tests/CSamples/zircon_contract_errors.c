// The errors of pager and VMO calls, in the order in which they win: each call is given several
// things wrong at once.
#include "contract.h"

// A pager that may not do what its handle lacks: pager handles cannot be duplicated.
static zx_handle_t make_pager(zx_rights_t rights) {
  zx_handle_t pager = 0, reduced = 0;
  MUST(zx_pager_create(0, &pager));
  MUST(zx_handle_replace(pager, rights, &reduced));
  return reduced;
}

static void creating(void) {
  const fixture f = make_fixture(0, 1);
  zx_handle_t vmo = 0;
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_create(1, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_create(0, NULL));

  const zx_handle_t weak = make_pager(ZX_RIGHT_MANAGE_VMO);
  const zx_handle_t reader = with_rights(f.port, ZX_RIGHT_READ);
  const uint64_t huge = ~(uint64_t)0;
  STATUS(ZX_ERR_BAD_HANDLE, zx_pager_create_vmo(DEAD, ~0u, DEAD, 0, huge, NULL));
  STATUS(ZX_ERR_WRONG_TYPE, zx_pager_create_vmo(f.port, ~0u, DEAD, 0, huge, NULL));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_create_vmo(weak, ~0u, DEAD, 0, huge, NULL));
  STATUS(ZX_ERR_BAD_HANDLE, zx_pager_create_vmo(f.pager, ~0u, DEAD, 0, huge, NULL));
  STATUS(ZX_ERR_WRONG_TYPE, zx_pager_create_vmo(f.pager, ~0u, f.vmo, 0, huge, NULL));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_create_vmo(f.pager, ~0u, reader, 0, huge, NULL));
  // A pair of options, then the size, then an unknown option.
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_create_vmo(f.pager, ZX_VMO_RESIZABLE | ZX_VMO_UNBOUNDED,
                                                  f.port, 0, huge, NULL));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_pager_create_vmo(f.pager, 1u << 31, f.port, 0, huge, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_create_vmo(f.pager, 1u << 31, f.port, 0, PAGE, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_create_vmo(f.pager, ~0u, f.port, 0, PAGE, NULL));
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_pager_create_vmo(f.pager, ZX_VMO_DISCARDABLE, f.port, 0, PAGE, NULL));
  NO_REQUEST(f);
  // A VMO whose handle cannot be told ends at once, and says so as every VMO does.
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_create_vmo(f.pager, 0, f.port, KEY, PAGE, NULL));
  REQUEST(f, ZX_PAGER_VMO_COMPLETE, 0, 0);
  OK(zx_pager_create_vmo(f.pager, ZX_VMO_TRAP_DIRTY, f.port, 1, 0, &vmo));
  OK(zx_handle_close(vmo));
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_create(PAGE, ZX_VMO_TRAP_DIRTY, &vmo));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_create(huge, 0, &vmo));

  const zx_handle_t rest[] = {weak, reader};
  OK(zx_handle_close_many(rest, 2));
  end_fixture(f);
}

static void detaching(void) {
  const fixture f = make_fixture(0, 1), other = make_fixture(0, 1);
  const zx_handle_t weak = make_pager(ZX_RIGHT_ATTACH_VMO);
  const zx_handle_t reader = with_rights(f.vmo, ZX_RIGHT_READ);
  STATUS(ZX_ERR_BAD_HANDLE, zx_pager_detach_vmo(DEAD, DEAD));
  STATUS(ZX_ERR_WRONG_TYPE, zx_pager_detach_vmo(f.vmo, DEAD));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_detach_vmo(weak, DEAD));
  STATUS(ZX_ERR_BAD_HANDLE, zx_pager_detach_vmo(f.pager, DEAD));
  STATUS(ZX_ERR_WRONG_TYPE, zx_pager_detach_vmo(f.pager, f.port));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_detach_vmo(other.pager, reader));
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_detach_vmo(other.pager, f.vmo));
  OK(zx_pager_detach_vmo(f.pager, f.vmo));
  OK(zx_pager_detach_vmo(f.pager, f.vmo));
  REQUEST(f, ZX_PAGER_VMO_COMPLETE, 0, 0);
  NO_REQUEST(f);
  const zx_handle_t rest[] = {weak, reader};
  OK(zx_handle_close_many(rest, 2));
  end_fixture(other);
  end_fixture(f);
}

static void supplying(void) {
  const fixture f = make_fixture(0, 2), other = make_fixture(0, 2);
  const zx_handle_t weak = make_pager(ZX_RIGHT_ATTACH_VMO);
  const zx_handle_t reader = with_rights(f.vmo, ZX_RIGHT_READ);
  const zx_handle_t aux = make_data(2, 1);
  const zx_handle_t writable = with_rights(aux, ZX_RIGHT_WRITE);
  const zx_handle_t readable = with_rights(aux, ZX_RIGHT_READ);
  // Alignment comes before every handle.
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_supply_pages(DEAD, DEAD, 1, PAGE, DEAD, 0));
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_supply_pages(DEAD, DEAD, 0, 1, DEAD, 0));
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_supply_pages(DEAD, DEAD, 0, PAGE, DEAD, 1));
  STATUS(ZX_ERR_BAD_HANDLE, zx_pager_supply_pages(DEAD, DEAD, 0, PAGE, DEAD, 0));
  STATUS(ZX_ERR_WRONG_TYPE, zx_pager_supply_pages(f.vmo, DEAD, 0, PAGE, DEAD, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_supply_pages(weak, DEAD, 0, PAGE, DEAD, 0));
  STATUS(ZX_ERR_BAD_HANDLE, zx_pager_supply_pages(f.pager, DEAD, 0, PAGE, DEAD, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_supply_pages(other.pager, reader, 0, PAGE, DEAD, 0));
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_supply_pages(other.pager, f.vmo, 0, PAGE, DEAD, 0));
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_supply_pages(f.pager, aux, 0, PAGE, DEAD, 0));
  STATUS(ZX_ERR_BAD_HANDLE, zx_pager_supply_pages(f.pager, f.vmo, 0, 9 * PAGE, DEAD, 0));
  STATUS(ZX_ERR_WRONG_TYPE, zx_pager_supply_pages(f.pager, f.vmo, 0, PAGE, f.port, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_supply_pages(f.pager, f.vmo, 0, PAGE, writable, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_supply_pages(f.pager, f.vmo, 0, PAGE, readable, 0));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_pager_supply_pages(f.pager, f.vmo, 0, PAGE, aux, 2 * PAGE));
  STATUS(ZX_ERR_NOT_SUPPORTED, zx_pager_supply_pages(f.pager, f.vmo, 0, PAGE, other.vmo, 0));
  zx_handle_t pin = 0;
  OK(zx_vmo_pin(aux, ZX_BTI_PERM_READ, PAGE, PAGE, &pin));
  STATUS(ZX_ERR_BAD_STATE, zx_pager_supply_pages(f.pager, f.vmo, 0, 2 * PAGE, aux, 0));
  OK(zx_pmt_unpin(pin));
  // The pages are gone from where they came although they found no place.
  unsigned char byte = 9;
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_pager_supply_pages(f.pager, f.vmo, 2 * PAGE, PAGE, aux, 0));
  OK(zx_vmo_read(aux, &byte, 0, 1));
  CHECK(byte == 0);
  OK(zx_pager_supply_pages(f.pager, f.vmo, PAGE, PAGE, aux, PAGE));
  CHECK(first_byte(f, 1) == 2);
  OK(zx_pager_detach_vmo(f.pager, f.vmo));
  STATUS(ZX_ERR_BAD_STATE, zx_pager_supply_pages(f.pager, f.vmo, 0, PAGE, aux, 0));
  OK(zx_pager_supply_pages(f.pager, f.vmo, 0, 0, aux, 0));
  const zx_handle_t rest[] = {weak, reader, aux, writable, readable};
  OK(zx_handle_close_many(rest, 5));
  end_fixture(other);
  end_fixture(f);
}

static void operating(void) {
  const fixture f = make_fixture(ZX_VMO_TRAP_DIRTY, 2), plain = make_fixture(0, 2);
  const zx_handle_t weak = make_pager(ZX_RIGHT_ATTACH_VMO);
  const zx_handle_t reader = with_rights(f.vmo, ZX_RIGHT_READ);
  const uint32_t ops[] = {ZX_PAGER_OP_FAIL, ZX_PAGER_OP_DIRTY, ZX_PAGER_OP_WRITEBACK_BEGIN,
                          ZX_PAGER_OP_WRITEBACK_END};
  for (size_t i = 0; i < 4; i++) {
    const uint32_t op = ops[i];
    const uint64_t good = op == ZX_PAGER_OP_FAIL ? (uint64_t)(int64_t)ZX_ERR_IO : 0;
    STATUS(ZX_ERR_INVALID_ARGS, zx_pager_op_range(DEAD, op, DEAD, 1, PAGE, 99));
    STATUS(ZX_ERR_INVALID_ARGS, zx_pager_op_range(DEAD, op, DEAD, 0, PAGE - 1, 99));
    STATUS(ZX_ERR_BAD_HANDLE, zx_pager_op_range(DEAD, op, DEAD, 0, PAGE, 99));
    STATUS(ZX_ERR_WRONG_TYPE, zx_pager_op_range(f.vmo, op, DEAD, 0, PAGE, 99));
    STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_op_range(weak, op, DEAD, 0, PAGE, 99));
    STATUS(ZX_ERR_BAD_HANDLE, zx_pager_op_range(f.pager, op, DEAD, 0, PAGE, 99));
    STATUS(ZX_ERR_WRONG_TYPE, zx_pager_op_range(f.pager, op, f.port, 0, PAGE, 99));
    STATUS(ZX_ERR_ACCESS_DENIED, zx_pager_op_range(plain.pager, op, reader, 0, PAGE, 99));
    STATUS(ZX_ERR_INVALID_ARGS, zx_pager_op_range(plain.pager, op, f.vmo, 9 * PAGE, PAGE, good));
    STATUS(ZX_ERR_INVALID_ARGS, zx_pager_op_range(f.pager, op, f.vmo, 9 * PAGE, PAGE, 99));
    STATUS(ZX_ERR_OUT_OF_RANGE, zx_pager_op_range(f.pager, op, f.vmo, 2 * PAGE, PAGE, good));
    STATUS(ZX_ERR_OUT_OF_RANGE, zx_pager_op_range(f.pager, op, f.vmo, PAGE, 0 - PAGE, good));
    OK(zx_pager_op_range(f.pager, op, f.vmo, 2 * PAGE, 0, good));
  }
  // No operation: whatever the data, but after alignment and handles.
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_op_range(f.pager, 0, f.vmo, 1, PAGE, 0));
  STATUS(ZX_ERR_NOT_SUPPORTED, zx_pager_op_range(f.pager, 0, f.vmo, 9 * PAGE, PAGE, 99));
  STATUS(ZX_ERR_NOT_SUPPORTED, zx_pager_op_range(f.pager, 5, f.vmo, 0, PAGE, 0));

  const int codes[] = {ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE,
                       ZX_ERR_BUFFER_TOO_SMALL};
  for (size_t i = 0; i < 5; i++) OK(fail_requests(f, 0, 2, codes[i]));
  STATUS(ZX_ERR_INVALID_ARGS, fail_requests(f, 9, 1, ZX_ERR_INTERNAL));
  STATUS(ZX_ERR_INVALID_ARGS, fail_requests(f, 9, 1, ZX_ERR_NO_MEMORY));
  STATUS(ZX_ERR_INVALID_ARGS, fail_requests(f, 9, 1, 0));
  STATUS(ZX_ERR_INVALID_ARGS, fail_requests(f, 9, 1, 100));
  STATUS(ZX_ERR_INVALID_ARGS, fail_requests(f, 9, 1, 0x11ffffffff));
  STATUS(ZX_ERR_INVALID_ARGS, fail_requests(f, 9, 1, (int64_t)(uint32_t)ZX_ERR_IO));

  // DIRTY without a trap: the sum, then the support, then the range.
  STATUS(ZX_ERR_INVALID_ARGS, operate(plain, ZX_PAGER_OP_DIRTY, 9, 1, 1));
  STATUS(ZX_ERR_OUT_OF_RANGE,
         zx_pager_op_range(plain.pager, ZX_PAGER_OP_DIRTY, plain.vmo, PAGE, 0 - PAGE, 0));
  STATUS(ZX_ERR_NOT_SUPPORTED, make_dirty(plain, 9, 1));
  STATUS(ZX_ERR_NOT_SUPPORTED, make_dirty(plain, 0, 0));
  STATUS(ZX_ERR_NOT_FOUND, make_dirty(f, 0, 1));
  supply(f, 0, 1);
  STATUS(ZX_ERR_NOT_FOUND, make_dirty(f, 0, 2));
  CLEAN(f);
  OK(make_dirty(f, 0, 1));
  DIRTY(f, {0, 1, 0});
  STATUS(ZX_ERR_INVALID_ARGS, begin_writeback(f, 0, 1, 2));
  STATUS(ZX_ERR_INVALID_ARGS, operate(f, ZX_PAGER_OP_WRITEBACK_END, 0, 1, ZERO));

  OK(zx_pager_detach_vmo(f.pager, f.vmo));
  STATUS(ZX_ERR_OUT_OF_RANGE, fail_requests(f, 9, 1, ZX_ERR_IO));
  STATUS(ZX_ERR_BAD_STATE, fail_requests(f, 0, 1, ZX_ERR_IO));
  STATUS(ZX_ERR_BAD_STATE, make_dirty(f, 0, 2));
  STATUS(ZX_ERR_BAD_STATE, make_dirty(f, 0, 0));
  OK(begin_writeback(f, 0, 2, 0));
  OK(end_writeback(f, 0, 2));
  CLEAN(f);
  const zx_handle_t rest[] = {weak, reader};
  OK(zx_handle_close_many(rest, 2));
  end_fixture(plain);
  end_fixture(f);
}

static void querying(void) {
  const fixture f = make_fixture(0, 2), other = make_fixture(0, 2);
  const zx_handle_t weak = make_pager(ZX_RIGHT_ATTACH_VMO);
  const zx_handle_t writer = with_rights(f.vmo, ZX_RIGHT_WRITE);
  zx_handle_t clone = 0;
  size_t* const bad = (size_t*)8;
  OK(zx_vmo_create_child(f.vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, PAGE, &clone));
#define QUERY(pager, vmo, offset, length) \
  zx_pager_query_dirty_ranges(pager, vmo, offset, length, NULL, 24, bad, bad)
#define STATS(pager, vmo, options, size) zx_pager_query_vmo_stats(pager, vmo, options, NULL, size)
  STATUS(ZX_ERR_BAD_HANDLE, QUERY(DEAD, DEAD, 0, 9 * PAGE));
  STATUS(ZX_ERR_WRONG_TYPE, QUERY(f.vmo, DEAD, 0, 9 * PAGE));
  STATUS(ZX_ERR_ACCESS_DENIED, QUERY(weak, DEAD, 0, 9 * PAGE));
  STATUS(ZX_ERR_BAD_HANDLE, QUERY(f.pager, DEAD, 0, 9 * PAGE));
  STATUS(ZX_ERR_WRONG_TYPE, QUERY(f.pager, f.port, 0, 9 * PAGE));
  STATUS(ZX_ERR_ACCESS_DENIED, QUERY(other.pager, writer, 0, 9 * PAGE));
  STATUS(ZX_ERR_INVALID_ARGS, QUERY(other.pager, f.vmo, 0, 9 * PAGE));
  STATUS(ZX_ERR_INVALID_ARGS, QUERY(f.pager, clone, 0, 9 * PAGE));
  STATUS(ZX_ERR_OUT_OF_RANGE, QUERY(f.pager, f.vmo, 0, 2 * PAGE + 1));
  STATUS(ZX_ERR_OUT_OF_RANGE, QUERY(f.pager, f.vmo, 2 * PAGE + 1, 0));
  STATUS(ZX_ERR_OUT_OF_RANGE, QUERY(f.pager, f.vmo, PAGE, 0 - PAGE));

  STATUS(ZX_ERR_BAD_HANDLE, STATS(DEAD, DEAD, 9, 0));
  STATUS(ZX_ERR_WRONG_TYPE, STATS(f.vmo, DEAD, 9, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, STATS(weak, DEAD, 9, 0));
  STATUS(ZX_ERR_BAD_HANDLE, STATS(f.pager, DEAD, 9, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, STATS(other.pager, writer, 9, 0));
  STATUS(ZX_ERR_INVALID_ARGS, STATS(other.pager, f.vmo, 9, 0));
  STATUS(ZX_ERR_INVALID_ARGS, STATS(f.pager, clone, 0, 4));
  // Too small a buffer wins over a bad option.
  STATUS(ZX_ERR_BUFFER_TOO_SMALL, STATS(f.pager, f.vmo, 100, 3));
  STATUS(ZX_ERR_INVALID_ARGS, STATS(f.pager, f.vmo, 100, 4));
  // The reset has happened although nothing could be told.
  supply(f, 0, 1);
  OK(write_pages(f, 0, 1));
  STATUS(ZX_ERR_INVALID_ARGS, STATS(f.pager, f.vmo, ZX_PAGER_RESET_VMO_STATS, 4));
  CHECK(!is_modified(f));
  const zx_handle_t rest[] = {weak, writer, clone};
  OK(zx_handle_close_many(rest, 3));
  end_fixture(other);
  end_fixture(f);
}

static void vmo_calls(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 2), fixed = make_fixture(0, 2);
  const zx_handle_t reader = with_rights(f.vmo, ZX_RIGHT_READ | ZX_RIGHT_DUPLICATE);
  const zx_handle_t writer = with_rights(f.vmo, ZX_RIGHT_WRITE);
  const uint64_t huge = ~(uint64_t)0;
  zx_handle_t child = 0;
  supply(f, 0, 2);

  STATUS(ZX_ERR_BAD_HANDLE, zx_vmo_read(DEAD, NULL, 0, 9 * PAGE));
  STATUS(ZX_ERR_WRONG_TYPE, zx_vmo_read(f.port, NULL, 0, 9 * PAGE));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_read(writer, NULL, 0, 9 * PAGE));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(f.vmo, NULL, 0, 2 * PAGE + 1));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(f.vmo, NULL, PAGE, SIZE_MAX));
  STATUS(ZX_ERR_NOT_FOUND, zx_vmo_read(f.vmo, NULL, 0, 1));
  OK(zx_vmo_read(f.vmo, NULL, 2 * PAGE, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_write(reader, NULL, 0, 9 * PAGE));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_write(f.vmo, NULL, 0, 2 * PAGE + 1));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_write(f.vmo, NULL, huge, 2));
  STATUS(ZX_ERR_NOT_FOUND, zx_vmo_write(f.vmo, NULL, 0, 1));
  OK(zx_vmo_write(f.vmo, NULL, 2 * PAGE, 0));

  STATUS(ZX_ERR_BAD_HANDLE, zx_vmo_get_size(DEAD, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_get_size(f.vmo, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_get_stream_size(f.vmo, NULL));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_set_size(reader, huge));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_set_size(writer, huge));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_set_size(f.vmo, huge));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_set_size(fixed.vmo, huge));
  STATUS(ZX_ERR_UNAVAILABLE, zx_vmo_set_size(fixed.vmo, PAGE));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_set_stream_size(reader, huge));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_set_stream_size(f.vmo, 2 * PAGE + 1));

  STATUS(ZX_ERR_WRONG_TYPE, zx_vmo_op_range(f.port, 99, 0, 9 * PAGE, NULL, 0));
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_op_range(reader, 99, 0, 9 * PAGE, NULL, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_op_range(reader, ZX_VMO_OP_ZERO, 0, 9 * PAGE, NULL, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_op_range(reader, ZX_VMO_OP_COMMIT, 0, 9 * PAGE, NULL, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_op_range(reader, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_op_range(writer, ZX_VMO_OP_PREFETCH, 0, PAGE, NULL, 0));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_op_range(f.vmo, ZX_VMO_OP_ZERO, 1, 2 * PAGE, NULL, 0));
  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_op_range(f.vmo, ZX_VMO_OP_DECOMMIT, 9, 2 * PAGE, NULL, 0));
  STATUS(ZX_ERR_NOT_SUPPORTED, zx_vmo_op_range(f.vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
  OK(zx_vmo_op_range(f.vmo, ZX_VMO_OP_DECOMMIT, 0, 0, NULL, 0));
  STATUS(ZX_ERR_NOT_SUPPORTED, zx_vmo_op_range(f.vmo, ZX_VMO_OP_LOCK, 0, 2 * PAGE, NULL, 0));
  OK(zx_vmo_op_range(f.vmo, ZX_VMO_OP_DONT_NEED, 5, PAGE, NULL, 0));

  STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_create_child(DEAD, ~0u, 1, huge, NULL));
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_vmo_create_child(DEAD, ZX_VMO_CHILD_NO_WRITE | ZX_VMO_CHILD_RESIZABLE, 1, 1, NULL));
  STATUS(ZX_ERR_BAD_HANDLE, zx_vmo_create_child(DEAD, 1u << 30, 1, 1, NULL));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmo_create_child(writer, 1u << 30, 1, 1, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_create_child(f.vmo, 0, 0, PAGE, &child));
  STATUS(ZX_ERR_NOT_SUPPORTED,
         zx_vmo_create_child(f.vmo, ZX_VMO_CHILD_SNAPSHOT, 0, PAGE, &child));
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_create_child(
             f.vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 1, PAGE, &child));
  STATUS(ZX_ERR_NOT_SUPPORTED, zx_vmo_create_child(f.vmo, ZX_VMO_CHILD_SLICE, 0, PAGE, &child));
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_vmo_create_child(fixed.vmo, ZX_VMO_CHILD_SLICE, 2 * PAGE, PAGE, &child));
  OK(zx_vmo_create_child(fixed.vmo, ZX_VMO_CHILD_SLICE, PAGE, PAGE, &child));
  STATUS(ZX_ERR_INVALID_ARGS, zx_pager_detach_vmo(fixed.pager, child));
  const zx_handle_t rest[] = {reader, writer, child};
  OK(zx_handle_close_many(rest, 3));
  end_fixture(fixed);
  end_fixture(f);
}

static void data_that_ends(void) {
  const fixture f = make_fixture(0, 4);
  unsigned char* memory = make_edge(1);
  supply(f, 0, 4);
  // Read into memory that ends: what has room is there.
  STATUS(ZX_ERR_NOT_FOUND, zx_vmo_read(f.vmo, memory + PAGE - 100, PAGE - 50, 200));
  CHECK(memory[PAGE - 100] == 1 && memory[PAGE - 51] == 1);
  CHECK(memory[PAGE - 50] == 2 && memory[PAGE - 1] == 2);
  OK(zx_vmo_read(f.vmo, memory, 2 * PAGE - 1, PAGE));
  CHECK(memory[0] == 2 && memory[1] == 3 && memory[PAGE - 1] == 3);
  CLEAN(f);

  // Nothing to write with: the page was looked up for writing, but is as it was.
  STATUS(ZX_ERR_NOT_FOUND, zx_vmo_write(f.vmo, memory + PAGE, 0, 8));
  DIRTY(f, {0, 1, 0});
  CHECK(!is_modified(f) && first_byte(f, 0) == 1);
  // Memory that ends after a page: that much is written.
  memset(memory, 0x77, PAGE);
  STATUS(ZX_ERR_NOT_FOUND, zx_vmo_write(f.vmo, memory, 2 * PAGE, PAGE + 8));
  CHECK(is_modified(f) && first_byte(f, 2) == 0x77 && first_byte(f, 3) == 4);
  end_edge(memory, 1);

  // Other out values that straddle the end, where the kernel writes them byte by byte.
  memory = make_edge(1);
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_get_size(f.vmo, (uint64_t*)(memory + PAGE - 4)));
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_create(PAGE, 0, (zx_handle_t*)(memory + PAGE - 2)));
  STATUS(ZX_ERR_INVALID_ARGS, zx_object_get_info(f.vmo, ZX_INFO_HANDLE_COUNT, memory + PAGE - 2,
                                                 4, NULL, NULL));
  end_edge(memory, 1);
  end_fixture(f);
}

int main(void) {
  contract_begin();
  creating();
  detaching();
  supplying();
  operating();
  querying();
  vmo_calls();
  data_that_ends();
  return contract_end("zircon_contract_errors");
}
