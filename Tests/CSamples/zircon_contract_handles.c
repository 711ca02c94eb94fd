// Handles, objects, signals and ports: each call, and its errors in the order in which they win.
#include "contract.h"

static void handles(void) {
  zx_handle_t vmo = 0, copy = 0;
  MUST(zx_vmo_create(PAGE, 0, &vmo));
  CHECK((vmo & ZX_HANDLE_FIXED_BITS_MASK) == ZX_HANDLE_FIXED_BITS_MASK);

  OK(zx_handle_close(ZX_HANDLE_INVALID));
  STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(DEAD));

  STATUS(ZX_ERR_BAD_HANDLE, zx_handle_duplicate(DEAD, ~0u, NULL));
  const zx_handle_t single = with_rights(vmo, ZX_RIGHT_READ);
  STATUS(ZX_ERR_ACCESS_DENIED, zx_handle_duplicate(single, ~0u, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_handle_duplicate(vmo, ZX_RIGHT_READ | ZX_RIGHT_RESIZE, &copy));
  // A handle that cannot be told to the caller is not left behind.
  STATUS(ZX_ERR_INVALID_ARGS, zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, (zx_handle_t*)8));
  CHECK(handle_count(vmo) == 2);

  OK(zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &copy));
  CHECK(copy != vmo && handle_count(vmo) == 3);
  zx_handle_t replaced = 0;
  OK(zx_handle_replace(copy, ZX_RIGHT_READ | ZX_RIGHT_INSPECT, &replaced));
  STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(copy));
  CHECK(handle_count(vmo) == 3);
  // More rights than it has: refused, and the handle is gone all the same.
  STATUS(ZX_ERR_INVALID_ARGS, zx_handle_replace(replaced, ZX_RIGHT_WRITE, &copy));
  STATUS(ZX_ERR_BAD_HANDLE, zx_handle_replace(replaced, ZX_RIGHT_SAME_RIGHTS, &copy));
  CHECK(handle_count(vmo) == 2);

  // The good ones of many are closed although one is bad.
  const zx_handle_t many[] = {single, ZX_HANDLE_INVALID, DEAD, vmo};
  STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close_many(many, 4));
  STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(vmo));
  OK(zx_handle_close_many(NULL, 0));
  STATUS(ZX_ERR_INVALID_ARGS, zx_handle_close_many(NULL, 1));
}

static void close_many_over_an_edge(void) {
  unsigned char* memory = make_edge(1);
  zx_handle_t* last = (zx_handle_t*)(memory + PAGE) - 1;
  MUST(zx_vmo_create(PAGE, 0, last));
  const zx_handle_t vmo = *last;
  // Handles are taken in groups of 64; one that cannot be read whole is not begun.
  STATUS(ZX_ERR_INVALID_ARGS, zx_handle_close_many(last, 2));
  OK(zx_handle_close_many(last, 1));
  STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(vmo));
  end_edge(memory, 1);
}

static void info(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 2);
  zx_info_handle_basic_t basic, other;
  size_t actual = 9, avail = 9;

  OK(zx_object_get_info(f.vmo, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL));
  STATUS(ZX_ERR_BAD_HANDLE, zx_object_get_info(DEAD, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL));
  // An unknown topic wins over a bad handle.
  STATUS(ZX_ERR_NOT_SUPPORTED, zx_object_get_info(DEAD, 12345, NULL, 0, NULL, NULL));
  STATUS(ZX_ERR_BAD_HANDLE, zx_object_get_info(DEAD, ZX_INFO_HANDLE_BASIC, NULL, 0, NULL, NULL));

  OK(zx_object_get_info(f.vmo, ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), &actual, &avail));
  CHECK(actual == 1 && avail == 1);
  CHECK(basic.type == ZX_OBJ_TYPE_VMO && basic.koid >= ZX_KOID_FIRST);
  CHECK(basic.rights == (ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE));
  OK(zx_object_get_info(f.pager, ZX_INFO_HANDLE_BASIC, &other, sizeof(other), NULL, NULL));
  CHECK(other.type == ZX_OBJ_TYPE_PAGER && other.rights == ZX_DEFAULT_PAGER_RIGHTS);
  CHECK(other.koid != basic.koid);
  OK(zx_object_get_info(f.port, ZX_INFO_HANDLE_BASIC, &other, sizeof(other), NULL, NULL));
  CHECK(other.type == ZX_OBJ_TYPE_PORT && other.rights == ZX_DEFAULT_PORT_RIGHTS);
  const zx_handle_t copy = with_rights(f.vmo, ZX_RIGHT_READ);
  OK(zx_object_get_info(copy, ZX_INFO_HANDLE_BASIC, &other, sizeof(other), NULL, NULL));
  CHECK(other.koid == basic.koid && other.rights == ZX_RIGHT_READ);

  // Too small a buffer: the counts are told, nothing is written.
  memset(&other, 0x55, sizeof(other));
  actual = avail = 9;
  STATUS(ZX_ERR_BUFFER_TOO_SMALL, zx_object_get_info(f.vmo, ZX_INFO_HANDLE_BASIC, &other,
                                                     sizeof(other) - 1, &actual, &avail));
  CHECK(actual == 0 && avail == 1 && other.koid == 0x5555555555555555);
  STATUS(ZX_ERR_INVALID_ARGS,
         zx_object_get_info(f.vmo, ZX_INFO_HANDLE_BASIC, NULL, sizeof(basic), NULL, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_object_get_info(f.vmo, ZX_INFO_HANDLE_BASIC, &basic,
                                                 sizeof(basic), (size_t*)8, NULL));

  STATUS(ZX_ERR_ACCESS_DENIED,
         zx_object_get_info(copy, ZX_INFO_HANDLE_COUNT, NULL, 0, NULL, NULL));
  CHECK(handle_count(f.vmo) == 2);
  OK(zx_handle_close(copy));
  end_fixture(f);
}

static void vmo_info(void) {
  const fixture f = make_fixture(ZX_VMO_RESIZABLE, 3);
  supply(f, 0, 2);
  zx_handle_t slice = 0, plain = 0;
  zx_info_vmo_t vmo, child;
  STATUS(ZX_ERR_WRONG_TYPE, zx_object_get_info(f.port, ZX_INFO_VMO, NULL, 0, NULL, NULL));
  OK(zx_object_get_info(f.vmo, ZX_INFO_VMO, &vmo, sizeof(vmo), NULL, NULL));
  CHECK(vmo.size_bytes == 3 * PAGE && vmo.committed_bytes == 2 * PAGE);
  CHECK(vmo.populated_bytes == 2 * PAGE && vmo.cache_policy == ZX_CACHE_POLICY_CACHED);
  CHECK(vmo.parent_koid == 0 && vmo.num_children == 0);
  CHECK(vmo.flags == (ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_RESIZABLE | ZX_INFO_VMO_PAGER_BACKED |
                      ZX_INFO_VMO_VIA_HANDLE));
  CHECK(vmo.handle_rights == (ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE));

  OK(zx_vmo_create_child(f.vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, PAGE, &slice));
  OK(zx_object_get_info(slice, ZX_INFO_VMO, &child, sizeof(child), NULL, NULL));
  CHECK(child.parent_koid == vmo.koid && (child.flags & ZX_INFO_VMO_IS_COW_CLONE) != 0);
  OK(zx_object_get_info(f.vmo, ZX_INFO_VMO, &vmo, sizeof(vmo), NULL, NULL));
  CHECK(vmo.num_children == 1);
  OK(zx_handle_close(slice));

  OK(zx_vmo_create(5 * PAGE, 0, &plain));
  OK(zx_object_get_info(plain, ZX_INFO_VMO, &vmo, sizeof(vmo), NULL, NULL));
  CHECK(vmo.flags == (ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE));
  CHECK(vmo.size_bytes == 5 * PAGE && vmo.committed_bytes == 0);
  // Earlier versions of the structure are beginnings of the newest.
  zx_info_vmo_v1_t first;
  memset(&first, 0, sizeof(first));
  OK(zx_object_get_info(plain, ZX_INFO_VMO_V1, &first, sizeof(first), NULL, NULL));
  CHECK(memcmp(&first, &vmo, sizeof(first)) == 0);
  STATUS(ZX_ERR_BUFFER_TOO_SMALL,
         zx_object_get_info(plain, ZX_INFO_VMO_V2, &first, sizeof(first), NULL, NULL));
  OK(zx_handle_close(plain));
  end_fixture(f);
}

static void properties(void) {
  const fixture f = make_fixture(0, 2);
  char name[ZX_MAX_NAME_LEN + 1] = {0};
  uint64_t size = 0;

  STATUS(ZX_ERR_INVALID_ARGS, zx_object_get_property(DEAD, ZX_PROP_NAME, NULL, 0));
  STATUS(ZX_ERR_BAD_HANDLE, zx_object_get_property(DEAD, 999, name, 0));
  STATUS(ZX_ERR_NOT_SUPPORTED, zx_object_get_property(f.vmo, 999, name, 0));
  STATUS(ZX_ERR_BUFFER_TOO_SMALL, zx_object_get_property(f.vmo, ZX_PROP_NAME, name, 31));
  STATUS(ZX_ERR_INVALID_ARGS, zx_object_get_property(f.vmo, ZX_PROP_NAME, (void*)8, 32));
  OK(zx_object_set_property(f.vmo, ZX_PROP_NAME, "pages", 5));
  OK(zx_object_get_property(f.vmo, ZX_PROP_NAME, name, 32));
  CHECK(strcmp(name, "pages") == 0);
  // What is too long is cut.
  OK(zx_object_set_property(f.vmo, ZX_PROP_NAME, "0123456789012345678901234567890123456789", 40));
  OK(zx_object_get_property(f.vmo, ZX_PROP_NAME, name, 32));
  CHECK(strcmp(name, "0123456789012345678901234567890") == 0);
  STATUS(ZX_ERR_INVALID_ARGS, zx_object_set_property(f.vmo, ZX_PROP_NAME, (void*)8, 5));
  STATUS(ZX_ERR_INVALID_ARGS, zx_object_set_property(DEAD, ZX_PROP_NAME, NULL, 5));

  const zx_handle_t reader = with_rights(f.vmo, ZX_RIGHT_READ | ZX_RIGHT_GET_PROPERTY);
  STATUS(ZX_ERR_ACCESS_DENIED, zx_object_set_property(reader, ZX_PROP_NAME, "x", 1));
  OK(zx_object_get_property(reader, ZX_PROP_NAME, name, 32));
  STATUS(ZX_ERR_BUFFER_TOO_SMALL,
         zx_object_get_property(f.vmo, ZX_PROP_VMO_CONTENT_SIZE, &size, 7));
  OK(zx_object_get_property(f.vmo, ZX_PROP_VMO_CONTENT_SIZE, &size, 8));
  CHECK(size == 2 * PAGE);
  OK(zx_handle_close(reader));
  end_fixture(f);
}

static void ports(void) {
  zx_handle_t port = 0, vmo = 0;
  zx_port_packet_t packet, taken;
  STATUS(ZX_ERR_INVALID_ARGS, zx_port_create(0xf0, &port));
  STATUS(ZX_ERR_INVALID_ARGS, zx_port_create(0, NULL));
  OK(zx_port_create(0, &port));
  OK(zx_vmo_create(PAGE, 0, &vmo));

  STATUS(ZX_ERR_BAD_HANDLE, zx_port_wait(DEAD, 0, NULL));
  STATUS(ZX_ERR_WRONG_TYPE, zx_port_wait(vmo, 0, NULL));
  STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, NULL));
  STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, zx_deadline_after(ZX_MSEC(1)), &taken));
  const zx_handle_t sender = with_rights(port, ZX_RIGHT_WRITE);
  const zx_handle_t receiver = with_rights(port, ZX_RIGHT_READ);
  STATUS(ZX_ERR_ACCESS_DENIED, zx_port_wait(sender, 0, &taken));

  memset(&packet, 0x5a, sizeof(packet));
  packet.status = ZX_ERR_IO;
  STATUS(ZX_ERR_BAD_HANDLE, zx_port_queue(DEAD, NULL));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_port_queue(receiver, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_port_queue(sender, NULL));
  OK(zx_port_queue(sender, &packet));
  packet.key = 5;
  OK(zx_port_queue(sender, &packet));
  OK(zx_port_wait(receiver, ZX_TIME_INFINITE, &taken));
  // The sender does not choose the type; the rest is as it was sent.
  CHECK(taken.type == ZX_PKT_TYPE_USER && taken.key == 0x5a5a5a5a5a5a5a5a);
  CHECK(taken.status == ZX_ERR_IO && memcmp(&taken.user, &packet.user, 32) == 0);

  STATUS(ZX_ERR_INVALID_ARGS, zx_port_cancel_key(DEAD, 1, 5));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_port_cancel_key(receiver, 0, 5));
  STATUS(ZX_ERR_NOT_FOUND, zx_port_cancel_key(port, 0, 6));
  OK(zx_port_cancel_key(port, 0, 5));
  STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &taken));
  STATUS(ZX_ERR_BAD_HANDLE, zx_port_cancel(DEAD, vmo, 1));
  STATUS(ZX_ERR_BAD_HANDLE, zx_port_cancel(port, DEAD, 1));

  // A packet that cannot be told is lost, as in Zircon.
  OK(zx_port_queue(port, &packet));
  STATUS(ZX_ERR_INVALID_ARGS, zx_port_wait(port, 0, (zx_port_packet_t*)8));
  STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &taken));
  const zx_handle_t all[] = {port, vmo, sender, receiver};
  OK(zx_handle_close_many(all, 4));
}

static void signals(void) {
  zx_handle_t port = 0, vmo = 0, child = 0;
  zx_signals_t observed = 0;
  zx_port_packet_t packet;
  OK(zx_port_create(0, &port));
  OK(zx_vmo_create(PAGE, 0, &vmo));
  const zx_handle_t deaf = with_rights(vmo, ZX_RIGHT_READ);

  STATUS(ZX_ERR_BAD_HANDLE, zx_object_signal(DEAD, 1, 1));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_object_signal(deaf, 1, 1));
  STATUS(ZX_ERR_INVALID_ARGS, zx_object_signal(vmo, 0, ZX_VMO_ZERO_CHILDREN));
  STATUS(ZX_ERR_BAD_HANDLE, zx_object_wait_one(DEAD, ~0u, 0, NULL));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_object_wait_one(deaf, ~0u, 0, NULL));
  // What is active is told also when what was waited for is not.
  STATUS(ZX_ERR_TIMED_OUT, zx_object_wait_one(vmo, ZX_USER_SIGNAL_3, 0, &observed));
  CHECK(observed == ZX_VMO_ZERO_CHILDREN);
  OK(zx_object_signal(vmo, 0, ZX_USER_SIGNAL_3));
  OK(zx_object_wait_one(vmo, ZX_USER_SIGNAL_3, ZX_TIME_INFINITE, &observed));
  CHECK(observed == (ZX_USER_SIGNAL_3 | ZX_VMO_ZERO_CHILDREN));
  OK(zx_object_wait_one(vmo, ZX_USER_SIGNAL_3, 0, NULL));
  STATUS(ZX_ERR_INVALID_ARGS, zx_object_wait_one(vmo, ZX_USER_SIGNAL_3, 0, (zx_signals_t*)8));
  OK(zx_object_signal(vmo, ZX_USER_SIGNAL_3, 0));

  // A port hears of the last child's end.
  OK(zx_vmo_create_child(vmo, ZX_VMO_CHILD_SLICE, 0, PAGE, &child));
  STATUS(ZX_ERR_TIMED_OUT, zx_object_wait_one(vmo, ZX_VMO_ZERO_CHILDREN, 0, &observed));
  CHECK(observed == 0);
  STATUS(ZX_ERR_INVALID_ARGS, zx_object_wait_async(DEAD, DEAD, 1, 1, 99));
  STATUS(ZX_ERR_BAD_HANDLE, zx_object_wait_async(DEAD, DEAD, 1, 1, 0));
  STATUS(ZX_ERR_WRONG_TYPE, zx_object_wait_async(DEAD, vmo, 1, 1, 0));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_object_wait_async(deaf, port, 1, 1, 0));
  OK(zx_object_wait_async(vmo, port, 77, ZX_VMO_ZERO_CHILDREN, ZX_WAIT_ASYNC_TIMESTAMP));
  STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &packet));
  const zx_time_t before = zx_clock_get_monotonic();
  OK(zx_handle_close(child));
  OK(zx_port_wait(port, ZX_TIME_INFINITE, &packet));
  CHECK(packet.key == 77 && packet.type == ZX_PKT_TYPE_SIGNAL_ONE && packet.status == ZX_OK);
  CHECK(packet.signal.trigger == ZX_VMO_ZERO_CHILDREN && packet.signal.count == 1);
  CHECK(packet.signal.observed == ZX_VMO_ZERO_CHILDREN);
  CHECK(packet.signal.timestamp >= before && packet.signal.timestamp <= zx_clock_get_monotonic());

  // Cancelled: before its packet, and with it.
  STATUS(ZX_ERR_NOT_FOUND, zx_port_cancel(port, vmo, 78));
  OK(zx_object_wait_async(vmo, port, 78, ZX_USER_SIGNAL_0, 0));
  OK(zx_port_cancel(port, vmo, 78));
  OK(zx_object_wait_async(vmo, port, 79, ZX_VMO_ZERO_CHILDREN, 0));
  OK(zx_port_cancel(port, vmo, 79));
  STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &packet));
  STATUS(ZX_ERR_ACCESS_DENIED, zx_port_cancel(port, deaf, 1));
  const zx_handle_t all[] = {port, vmo, deaf};
  OK(zx_handle_close_many(all, 3));
}

static void time_and_names(void) {
  const zx_time_t before = zx_clock_get_monotonic();
  OK(zx_nanosleep(zx_deadline_after(ZX_MSEC(2))));
  CHECK(zx_clock_get_monotonic() - before >= ZX_MSEC(2));
  OK(zx_nanosleep(ZX_TIME_INFINITE_PAST));
  CHECK(zx_deadline_after(ZX_TIME_INFINITE) == ZX_TIME_INFINITE);
  CHECK(zx_time_add_duration(1, ZX_TIME_INFINITE) == ZX_TIME_INFINITE);
  CHECK(zx_time_sub_duration(-2, ZX_TIME_INFINITE) == ZX_TIME_INFINITE_PAST);
  CHECK(zx_duration_mul_int64(-2, ZX_TIME_INFINITE) == ZX_TIME_INFINITE_PAST);
  CHECK(zx_duration_from_msec(3) == ZX_MSEC(3));
  CHECK(zx_system_get_page_size() == PAGE);
  CHECK(strcmp(zx_status_get_string(ZX_OK), "ZX_OK") == 0);
  CHECK(strcmp(zx_status_get_string(ZX_ERR_NO_SPACE), "ZX_ERR_NO_SPACE") == 0);
  CHECK(strcmp(zx_status_get_string(-12345), "(UNKNOWN)") == 0);
}

int main(void) {
  contract_begin();
  handles();
  close_many_over_an_edge();
  info();
  vmo_info();
  properties();
  ports();
  signals();
  time_and_names();
  return contract_end("zircon_contract_handles");
}
