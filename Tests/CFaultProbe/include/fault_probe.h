// Loads and stores that tell of a fatal page fault instead of dying of it.
#ifndef FAULT_PROBE_H
#define FAULT_PROBE_H

#include <stdint.h>

// What became of an access: 0, the status of a SIGBUS from mapped access (below zero), or the
// number of another signal. `address` is where the signal says the fault was.
typedef struct fault_probe {
  int outcome;
  uintptr_t address;
} fault_probe;

// The calling thread takes SIGBUS and SIGSEGV from then on.
fault_probe fault_probe_load(uintptr_t address, uint64_t *value);
fault_probe fault_probe_store(uintptr_t address, uint64_t value);

// A load whose handler of SIGBUS returns, which makes the access again, until it succeeds; returns
// how often it failed.
int fault_probe_stubborn_load(uintptr_t address, uint64_t *value);

#endif
