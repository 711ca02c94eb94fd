#include "CHeap.h"

#include <malloc.h>

long cheap_used_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return (long)(info.uordblks + info.hblkhd);
}
