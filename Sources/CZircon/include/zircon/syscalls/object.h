// What zx_object_get_info, zx_object_get_property and zx_object_set_property deal in.
//
// Topics and properties of objects that do not exist here are left out; asking for them by number
// gives ZX_ERR_NOT_SUPPORTED.
#ifndef ZIRCON_SYSCALLS_OBJECT_H_
#define ZIRCON_SYSCALLS_OBJECT_H_

#include <zircon/types.h>

__BEGIN_CDECLS

// ---- Topics of zx_object_get_info ----

typedef uint32_t zx_object_info_topic_t;

// A topic whose structure has grown keeps its number and counts its versions in the top bits.
#define __ZX_INFO_TOPIC(topic, version) ((zx_object_info_topic_t)((topic) | ((version) << 28)))

#define ZX_INFO_NONE ((zx_object_info_topic_t)0u)
#define ZX_INFO_HANDLE_VALID ((zx_object_info_topic_t)1u)   // no record
#define ZX_INFO_HANDLE_BASIC ((zx_object_info_topic_t)2u)   // zx_info_handle_basic_t[1]
#define ZX_INFO_VMAR ((zx_object_info_topic_t)7u)           // zx_info_vmar_t[1]
#define ZX_INFO_HANDLE_COUNT ((zx_object_info_topic_t)19u)  // zx_info_handle_count_t[1]
#define ZX_INFO_VMO_V1 __ZX_INFO_TOPIC(23u, 0u)             // zx_info_vmo_v1_t[1]
#define ZX_INFO_VMO_V2 __ZX_INFO_TOPIC(23u, 1u)             // zx_info_vmo_v2_t[1]
#define ZX_INFO_VMO_V3 __ZX_INFO_TOPIC(23u, 2u)             // zx_info_vmo_v3_t[1]
#define ZX_INFO_VMO __ZX_INFO_TOPIC(23u, 3u)                // zx_info_vmo_t[1]

typedef struct zx_info_handle_basic {
  zx_koid_t koid;
  zx_rights_t rights;
  zx_obj_type_t type;
  // The koid of the object that this one belongs to, as the parent of a child VMO; 0 for none.
  zx_koid_t related_koid;
  uint32_t reserved;
  uint8_t padding1[4];
} zx_info_handle_basic_t;

typedef struct zx_info_handle_count {
  // The handles to the object, in this process.
  uint32_t handle_count;
} zx_info_handle_count_t;

typedef struct zx_info_vmar {
  uintptr_t base;
  size_t len;
} zx_info_vmar_t;

// zx_info_vmo_t.flags
#define ZX_INFO_VMO_TYPE_PAGED (1u << 0)
#define ZX_INFO_VMO_TYPE_PHYSICAL (0u << 0)
#define ZX_INFO_VMO_TYPE(flags) ((flags) & (1u << 0))
#define ZX_INFO_VMO_RESIZABLE (1u << 1)
#define ZX_INFO_VMO_IS_COW_CLONE (1u << 2)
#define ZX_INFO_VMO_VIA_HANDLE (1u << 3)
#define ZX_INFO_VMO_VIA_MAPPING (1u << 4)
#define ZX_INFO_VMO_PAGER_BACKED (1u << 5)
#define ZX_INFO_VMO_CONTIGUOUS (1u << 6)
#define ZX_INFO_VMO_DISCARDABLE (1u << 7)
#define ZX_INFO_VMO_IMMUTABLE (1u << 8)
#define ZX_INFO_VMO_VIA_IOB_HANDLE (1u << 9)

typedef struct zx_info_vmo {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  // Of a child VMO; 0 for others.
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  // ZX_INFO_VMO_*
  uint32_t flags;
  uint8_t padding1[4];
  // The memory of its pages.
  uint64_t committed_bytes;
  // The rights of the handle that was asked with.
  zx_rights_t handle_rights;
  // ZX_CACHE_POLICY_*
  uint32_t cache_policy;
  uint64_t metadata_bytes;
  uint64_t committed_change_events;
  // Memory, and what stands for memory without holding any. The same as committed_bytes here, as
  // no page is compressed; so are the next four, as no page belongs to two VMOs.
  uint64_t populated_bytes;
  uint64_t committed_private_bytes;
  uint64_t populated_private_bytes;
  uint64_t committed_scaled_bytes;
  uint64_t populated_scaled_bytes;
  uint64_t committed_fractional_scaled_bytes;
  uint64_t populated_fractional_scaled_bytes;
} zx_info_vmo_t;

// The earlier versions are beginnings of this one.
typedef struct zx_info_vmo_v3 {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t cache_policy;
  uint64_t metadata_bytes;
  uint64_t committed_change_events;
  uint64_t populated_bytes;
} zx_info_vmo_v3_t;

typedef struct zx_info_vmo_v2 {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t cache_policy;
  uint64_t metadata_bytes;
  uint64_t committed_change_events;
} zx_info_vmo_v2_t;

typedef struct zx_info_vmo_v1 {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t cache_policy;
} zx_info_vmo_v1_t;

// ---- Properties ----

// char[ZX_MAX_NAME_LEN]
#define ZX_PROP_NAME ((uint32_t)3u)
// uint64_t: the size of the content in bytes, which is the stream size.
#define ZX_PROP_VMO_CONTENT_SIZE 17u

__END_CDECLS

#endif  // ZIRCON_SYSCALLS_OBJECT_H_
