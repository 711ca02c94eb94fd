#include "CLinux.h"

static _Thread_local uint64_t held_ranks;

uint64_t clinux_held_ranks(void) { return held_ranks; }

void clinux_set_held_ranks(uint64_t ranks) { held_ranks = ranks; }
