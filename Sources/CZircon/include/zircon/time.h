// Times and durations, in nanoseconds of the monotonic clock unless a name says otherwise, and
// arithmetic on them that stops at the ends instead of overflowing.
#ifndef ZIRCON_TIME_H_
#define ZIRCON_TIME_H_

#include <stdint.h>
#include <zircon/compiler.h>

// Swift has a timespec of its own, which it would not take for this one.
#ifndef __swift__
#include <time.h>
#endif

__BEGIN_CDECLS

typedef int64_t zx_time_t;
typedef int64_t zx_duration_t;
typedef int64_t zx_ticks_t;

typedef int64_t zx_instant_mono_t;
typedef int64_t zx_instant_mono_ticks_t;
typedef int64_t zx_duration_mono_t;
typedef int64_t zx_duration_mono_ticks_t;
typedef int64_t zx_instant_boot_t;
typedef int64_t zx_instant_boot_ticks_t;
typedef int64_t zx_duration_boot_t;
typedef int64_t zx_duration_boot_ticks_t;

#define ZX_TIME_INFINITE INT64_MAX
#define ZX_TIME_INFINITE_PAST INT64_MIN

__CONSTEXPR static inline zx_time_t zx_time_add_duration(zx_time_t time, zx_duration_t duration) {
  zx_time_t sum = 0;
  if (!__builtin_add_overflow(time, duration, &sum)) return sum;
  return duration < 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
}

__CONSTEXPR static inline zx_time_t zx_time_sub_duration(zx_time_t time, zx_duration_t duration) {
  zx_time_t difference = 0;
  if (!__builtin_sub_overflow(time, duration, &difference)) return difference;
  return duration < 0 ? ZX_TIME_INFINITE : ZX_TIME_INFINITE_PAST;
}

__CONSTEXPR static inline zx_duration_t zx_time_sub_time(zx_time_t later, zx_time_t earlier) {
  return zx_time_sub_duration(later, earlier);
}

__CONSTEXPR static inline zx_duration_t zx_duration_add_duration(zx_duration_t a, zx_duration_t b) {
  return zx_time_add_duration(a, b);
}

__CONSTEXPR static inline zx_duration_t zx_duration_sub_duration(zx_duration_t a, zx_duration_t b) {
  return zx_time_sub_duration(a, b);
}

__CONSTEXPR static inline zx_duration_t zx_duration_mul_int64(zx_duration_t duration,
                                                              int64_t factor) {
  zx_duration_t product = 0;
  if (!__builtin_mul_overflow(duration, factor, &product)) return product;
  return (duration < 0) == (factor < 0) ? ZX_TIME_INFINITE : ZX_TIME_INFINITE_PAST;
}

__CONSTEXPR static inline int64_t zx_nsec_from_duration(zx_duration_t duration) { return duration; }

__CONSTEXPR static inline zx_duration_t zx_duration_from_nsec(int64_t n) { return n; }

__CONSTEXPR static inline zx_duration_t zx_duration_from_usec(int64_t n) {
  return zx_duration_mul_int64(1000, n);
}

__CONSTEXPR static inline zx_duration_t zx_duration_from_msec(int64_t n) {
  return zx_duration_mul_int64(1000000, n);
}

__CONSTEXPR static inline zx_duration_t zx_duration_from_sec(int64_t n) {
  return zx_duration_mul_int64(1000000000, n);
}

__CONSTEXPR static inline zx_duration_t zx_duration_from_min(int64_t n) {
  return zx_duration_mul_int64(60 * INT64_C(1000000000), n);
}

__CONSTEXPR static inline zx_duration_t zx_duration_from_hour(int64_t n) {
  return zx_duration_mul_int64(3600 * INT64_C(1000000000), n);
}

#ifndef __swift__
__CONSTEXPR static inline zx_duration_t zx_duration_from_timespec(struct timespec time) {
  return zx_duration_add_duration(zx_duration_from_sec(time.tv_sec), time.tv_nsec);
}

__CONSTEXPR static inline struct timespec zx_timespec_from_duration(zx_duration_t duration) {
  const struct timespec time = {(time_t)(duration / 1000000000), (long)(duration % 1000000000)};
  return time;
}

__CONSTEXPR static inline zx_time_t zx_time_from_timespec(struct timespec time) {
  return zx_duration_from_timespec(time);
}

__CONSTEXPR static inline struct timespec zx_timespec_from_time(zx_time_t time) {
  return zx_timespec_from_duration(time);
}
#endif

// The same for initializers: constants that the compiler computes.
#define ZX_NSEC(n) ((zx_duration_t)(INT64_C(1) * (n)))
#define ZX_USEC(n) ((zx_duration_t)(INT64_C(1000) * (n)))
#define ZX_MSEC(n) ((zx_duration_t)(INT64_C(1000000) * (n)))
#define ZX_SEC(n) ((zx_duration_t)(INT64_C(1000000000) * (n)))
#define ZX_MIN(n) ((zx_duration_t)(INT64_C(60000000000) * (n)))
#define ZX_HOUR(n) ((zx_duration_t)(INT64_C(3600000000000) * (n)))

__END_CDECLS

#endif  // ZIRCON_TIME_H_
