/* How much memory malloc has handed out; Swift's Glibc does not show mallinfo2(3). */
#ifndef CHEAP_H
#define CHEAP_H

/* Bytes in use, small blocks and mapped ones, with malloc's own bytes for each block. */
long cheap_used_bytes(void);

#endif
