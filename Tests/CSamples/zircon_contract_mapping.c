// Mapped VMOs: loads and stores that ask the pager, what they make dirty, and calls whose buffers
// lie in a mapping themselves.
#include "contract.h"

#define READ_WRITE (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)

static volatile unsigned char* map(fixture f, zx_vm_option_t options, uint64_t pages) {
  zx_vaddr_t address = 0;
  MUST(zx_vmar_map(zx_vmar_root_self(), options, 0, f.vmo, 0, pages * PAGE, &address));
  CHECK(address % PAGE == 0);
  return (volatile unsigned char*)address;
}

static void unmap(volatile unsigned char* memory, uint64_t pages) {
  OK(zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)memory, pages * PAGE));
}

// A load or store on a thread of its own.
typedef struct {
  pthread_t thread;
  volatile unsigned char* address;
  bool is_store;
  unsigned char value;
  atomic_bool is_done;
} access_task;

static void* run_access(void* argument) {
  access_task* a = argument;
  if (a->is_store) {
    *a->address = a->value;
  } else {
    a->value = *a->address;
  }
  atomic_store(&a->is_done, true);
  return NULL;
}

static access_task* start_access(volatile unsigned char* address, bool is_store) {
  access_task* a = calloc(1, sizeof(access_task));
  a->address = address;
  a->is_store = is_store;
  a->value = 0xAB;
  if (pthread_create(&a->thread, NULL, run_access, a) != 0) abort();
  return a;
}

static unsigned char finish_access(access_task* a) {
  pthread_join(a->thread, NULL);
  const unsigned char value = a->value;
  free(a);
  return value;
}

static void loads_and_stores(void) {
  const fixture f = make_fixture(ZX_VMO_TRAP_DIRTY, 4);
  volatile unsigned char* memory = map(f, READ_WRITE, 4);
  access_task* load = start_access(memory + 5, false);
  REQUEST(f, ZX_PAGER_VMO_READ, 0, 1);
  supply(f, 0, 2);
  CHECK(finish_access(load) == 1);
  CHECK(memory[PAGE] == 2);
  CLEAN(f);

  // A store after a load still traps; a second one does not.
  access_task* store = start_access(memory + 5, true);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  CHECK(!is_modified(f));
  OK(make_dirty(f, 0, 1));
  finish_access(store);
  memory[6] = 1;
  DIRTY(f, {0, 1, 0});
  CHECK(is_modified(f) && first_byte(f, 0) == 1);
  unsigned char byte = 0;
  OK(zx_vmo_read(f.vmo, &byte, 5, 1));
  CHECK(byte == 0xAB);

  // A store where nothing is: READ, then DIRTY. More may be answered than was asked.
  store = start_access(memory + 2 * PAGE, true);
  REQUEST(f, ZX_PAGER_VMO_READ, 2, 1);
  supply(f, 2, 2);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 2, 1);
  OK(make_dirty(f, 1, 3));
  finish_access(store);
  memory[PAGE] = memory[3 * PAGE] = 7;
  DIRTY(f, {0, 4, 0});
  // What is written through the VMO is seen in the mapping.
  OK(zx_vmo_write(f.vmo, "x", 3 * PAGE, 1));
  CHECK(memory[3 * PAGE] == 'x');
  NO_REQUEST(f);
  unmap(memory, 4);
  end_fixture(f);
}

static void begin_revokes_stores(void) {
  const fixture f = make_fixture(ZX_VMO_TRAP_DIRTY, 1);
  supply(f, 0, 1);
  OK(make_dirty(f, 0, 1));
  volatile unsigned char* memory = map(f, READ_WRITE, 1);
  memory[0] = 1;
  OK(begin_writeback(f, 0, 1, 0));
  CHECK(memory[0] == 1);
  access_task* store = start_access(memory, true);
  REQUEST(f, ZX_PAGER_VMO_DIRTY, 0, 1);
  OK(end_writeback(f, 0, 1));
  CLEAN(f);
  CHECK(memory[0] == 1 && !atomic_load(&store->is_done));
  OK(make_dirty(f, 0, 1));
  finish_access(store);
  CHECK(memory[0] == 0xAB);
  DIRTY(f, {0, 1, 0});
  NO_REQUEST(f);
  unmap(memory, 1);
  end_fixture(f);
}

static void without_a_trap(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 2);
  supply(f, 0, 1);
  supply_zeros(f, 1, 1);
  volatile unsigned char* memory = map(f, READ_WRITE | ZX_VM_ALLOW_FAULTS, 3);
  memory[0] = memory[PAGE] = 3;
  DIRTY(f, {0, 2, 0});
  OK(begin_writeback(f, 0, 2, 0));
  memory[PAGE] = 4;
  OK(end_writeback(f, 0, 2));
  DIRTY(f, {1, 1, 0});
  // Zeros of a grow: a load leaves them, a store makes data of them.
  OK(zx_vmo_set_size(f.vmo, 3 * PAGE));
  CHECK(memory[2 * PAGE] == 0);
  DIRTY(f, {1, 1, 0}, {2, 1, ZERO});
  memory[2 * PAGE] = 5;
  DIRTY(f, {1, 2, 0});
  // Zeroed and written back, the page is the pager's again.
  OK(zero_pages(f, 2, 1));
  CHECK(memory[2 * PAGE] == 0);
  OK(begin_writeback(f, 2, 1, ZERO));
  OK(end_writeback(f, 2, 1));
  access_task* load = start_access(memory + 2 * PAGE, false);
  REQUEST(f, ZX_PAGER_VMO_READ, 2, 1);
  supply_zeros(f, 2, 1);
  CHECK(finish_access(load) == 0);
  NO_REQUEST(f);
  unmap(memory, 3);
  end_fixture(f);
}

static void buffers_in_the_mapping(void) {
  // The ranges of a VMO, written into the VMO: the page that takes them becomes dirty by it.
  const fixture f = make_fixture(0, 4);
  supply(f, 0, 4);
  volatile unsigned char* memory = map(f, READ_WRITE, 4);
  OK(write_pages(f, 3, 1));
  size_t* counts = (size_t*)(memory + 2 * PAGE);
  OK(zx_pager_query_dirty_ranges(f.pager, f.vmo, 0, 4 * PAGE, (void*)(memory + PAGE - 24), 48,
                                 &counts[0], &counts[1]));
  CHECK(counts[0] == 1 && counts[1] == 1);
  zx_vmo_dirty_range_t range;
  OK(zx_vmo_read(f.vmo, &range, PAGE - 24, sizeof(range)));
  CHECK(range.offset == 3 * PAGE && range.length == PAGE && range.options == 0);
  DIRTY(f, {0, 1, 0}, {2, 2, 0});

  // Reading from a VMO into itself, and writing it with what is in it.
  OK(zx_vmo_read(f.vmo, (void*)(memory + PAGE), 3 * PAGE, 16));
  CHECK(memory[PAGE] == 0xEE && memory[PAGE + 16] == 2);
  OK(zx_vmo_write(f.vmo, (void*)(memory + PAGE + 16), 0, 16));
  CHECK(memory[0] == 2 && memory[15] == 2 && memory[16] == 1);
  unmap(memory, 4);
  end_fixture(f);
}

// A call with a buffer in a mapping, on a thread of its own.
typedef struct {
  pthread_t thread;
  zx_handle_t vmo;
  volatile unsigned char* buffer;
  bool is_write;
  zx_status_t status;
} copy_task;

static void* run_copy(void* argument) {
  copy_task* c = argument;
  c->status = c->is_write ? zx_vmo_write(c->vmo, (const void*)c->buffer, 0, 2 * PAGE)
                          : zx_vmo_read(c->vmo, (void*)c->buffer, 0, 2 * PAGE);
  return NULL;
}

static void buffers_that_the_pager_serves(bool is_write) {
  // Half of the buffer is not there yet: the call waits for it, and holds nothing meanwhile.
  const fixture buffer = make_fixture(0, 2), f = make_fixture(0, 2);
  supply(f, 0, 2);
  supply(buffer, 0, 1);
  volatile unsigned char* memory = map(buffer, READ_WRITE, 2);
  copy_task c = {0, f.vmo, memory, is_write, ZX_ERR_INTERNAL};
  if (pthread_create(&c.thread, NULL, run_copy, &c) != 0) abort();
  REQUEST(buffer, ZX_PAGER_VMO_READ, 1, 1);
  OK(write_pages(f, 1, 1));
  CHECK(first_byte(f, 1) == 0xEE && first_byte(buffer, 0) == 1);
  supply(buffer, 1, 1);
  pthread_join(c.thread, NULL);
  OK(c.status);
  if (is_write) {
    CHECK(first_byte(f, 0) == 1 && first_byte(f, 1) == 2);
    CLEAN(buffer);
  } else {
    // What was read of page 1 is old or new, as the copy began before or after the write.
    CHECK(memory[0] == 1 && (memory[PAGE] == 2 || memory[PAGE] == 0xEE));
    DIRTY(buffer, {0, 2, 0});
  }
  unmap(memory, 2);
  end_fixture(f);
  end_fixture(buffer);
}

static void a_buffer_that_the_pager_fails(void) {
  const fixture buffer = make_fixture(0, 2), f = make_fixture(0, 2);
  supply(f, 0, 2);
  supply(buffer, 0, 1);
  volatile unsigned char* memory = map(buffer, READ_WRITE, 2);
  copy_task c = {0, f.vmo, memory, true, ZX_ERR_INTERNAL};
  if (pthread_create(&c.thread, NULL, run_copy, &c) != 0) abort();
  REQUEST(buffer, ZX_PAGER_VMO_READ, 1, 1);
  OK(fail_requests(buffer, 1, 1, ZX_ERR_IO));
  pthread_join(c.thread, NULL);
  STATUS(ZX_ERR_NOT_FOUND, c.status);
  unmap(memory, 2);
  end_fixture(f);
  end_fixture(buffer);
}

static void unmapping_and_protecting(void) {
  const fixture f = make_fixture(0, 3);
  supply(f, 0, 3);
  volatile unsigned char* memory = map(f, READ_WRITE, 3);
  memory[0] = 9;
  OK(begin_writeback(f, 0, 3, 0));
  OK(end_writeback(f, 0, 3));
  // To read only and back: the next store is still noticed.
  const zx_handle_t root = zx_vmar_root_self();
  OK(zx_vmar_protect(root, ZX_VM_PERM_READ, (zx_vaddr_t)memory, 3 * PAGE));
  STATUS(ZX_ERR_NOT_FOUND, zx_vmo_read(f.vmo, (void*)memory, PAGE, 1));
  CLEAN(f);
  OK(zx_vmar_protect(root, READ_WRITE, (zx_vaddr_t)memory, 3 * PAGE));
  memory[0] = 10;
  DIRTY(f, {0, 1, 0});

  OK(zx_vmar_unmap(root, (zx_vaddr_t)memory + PAGE, PAGE));
  STATUS(ZX_ERR_NOT_FOUND, zx_vmo_write(f.vmo, (const void*)(memory + PAGE), 0, 1));
  CHECK(memory[2 * PAGE] == 3 && memory[0] == 10);
  unmap(memory, 1);
  unmap(memory + 2 * PAGE, 1);
  end_fixture(f);
}

static void errors(void) {
  const fixture f = make_fixture(0, 2);
  const zx_handle_t root = zx_vmar_root_self();
  const zx_handle_t reader = with_rights(f.vmo, ZX_RIGHT_READ | ZX_RIGHT_MAP);
  const zx_handle_t hidden = with_rights(f.vmo, ZX_RIGHT_READ | ZX_RIGHT_WRITE);
  zx_vaddr_t address = 0;
#define MAP(vmar, options, vmo, offset, length) \
  zx_vmar_map(vmar, options, 0, vmo, offset, length, &address)
  STATUS(ZX_ERR_BAD_HANDLE, MAP(DEAD, ~0u, DEAD, 1, 0));
  STATUS(ZX_ERR_WRONG_TYPE, MAP(f.vmo, ~0u, DEAD, 1, 0));
  STATUS(ZX_ERR_BAD_HANDLE, MAP(root, ~0u, DEAD, 1, 0));
  STATUS(ZX_ERR_WRONG_TYPE, MAP(root, ZX_VM_PERM_READ, f.port, 1, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, MAP(root, ZX_VM_PERM_WRITE, hidden, 1, 0));
  STATUS(ZX_ERR_INVALID_ARGS, MAP(root, ZX_VM_PERM_WRITE, f.vmo, 0, PAGE));
  STATUS(ZX_ERR_ACCESS_DENIED, MAP(root, READ_WRITE, reader, 0, PAGE));
  STATUS(ZX_ERR_ACCESS_DENIED, MAP(root, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE, f.vmo, 0, PAGE));
  STATUS(ZX_ERR_INVALID_ARGS, MAP(root, ZX_VM_PERM_READ, f.vmo, 1, PAGE));
  STATUS(ZX_ERR_INVALID_ARGS, MAP(root, ZX_VM_PERM_READ, f.vmo, 0, 0));
  STATUS(ZX_ERR_INVALID_ARGS, zx_vmar_map(root, ZX_VM_PERM_READ, 0, f.vmo, 0, PAGE, NULL));
  STATUS(ZX_ERR_BAD_HANDLE, zx_vmar_unmap(DEAD, 0, 0));
  STATUS(ZX_ERR_BAD_HANDLE, zx_vmar_protect(DEAD, READ_WRITE, 0, 0));
  STATUS(ZX_ERR_BAD_HANDLE, zx_vmar_op_range(DEAD, ZX_VMAR_OP_COMMIT, 0, 0, NULL, 0));
  OK(MAP(root, ZX_VM_PERM_READ, reader, 0, PAGE));
  // Never more than the handle allowed when it was mapped.
  STATUS(ZX_ERR_ACCESS_DENIED, zx_vmar_protect(root, READ_WRITE, address, PAGE));
  OK(zx_vmar_unmap(root, address, PAGE));
  const zx_handle_t rest[] = {reader, hidden};
  OK(zx_handle_close_many(rest, 2));
  end_fixture(f);
}

int main(void) {
  contract_begin();
  loads_and_stores();
  begin_revokes_stores();
  without_a_trap();
  buffers_in_the_mapping();
  buffers_that_the_pager_serves(true);
  buffers_that_the_pager_serves(false);
  a_buffer_that_the_pager_fails();
  unmapping_and_protecting();
  errors();
  return contract_end("zircon_contract_mapping");
}
