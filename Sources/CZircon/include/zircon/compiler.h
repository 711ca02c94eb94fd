// What the other headers need of the compiler. Fuchsia's file of this name has many more macros.
#ifndef ZIRCON_COMPILER_H_
#define ZIRCON_COMPILER_H_

#ifdef __cplusplus
#define __BEGIN_CDECLS extern "C" {
#define __END_CDECLS }
#define __CONSTEXPR constexpr
#else
#define __BEGIN_CDECLS
#define __END_CDECLS
#define __CONSTEXPR
#endif

// The result depends on the arguments alone, and on no memory.
#define __CONST __attribute__((__const__))

#define __NO_RETURN __attribute__((__noreturn__))

#endif  // ZIRCON_COMPILER_H_
