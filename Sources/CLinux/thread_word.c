#include "CLinux.h"

static _Thread_local uint64_t thread_word;

uint64_t clinux_thread_word(void) { return thread_word; }
void clinux_set_thread_word(uint64_t word) { thread_word = word; }
