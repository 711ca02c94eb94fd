#include "fault_probe.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static _Thread_local sigjmp_buf escape;
static _Thread_local volatile sig_atomic_t is_probing;
static _Thread_local volatile sig_atomic_t is_stubborn;
static _Thread_local volatile int failures;
static _Thread_local fault_probe last;

static void take(int number, siginfo_t *info, void *context) {
  (void)context;
  last.outcome = info->si_code == SI_QUEUE ? info->si_errno : number;
  last.address = (uintptr_t)info->si_addr;
  if (info->si_code == SI_QUEUE && info->si_value.sival_int != info->si_errno)
    last.outcome = number;
  if (is_stubborn) {
    failures += 1;
    return;
  }
  if (is_probing)
    siglongjmp(escape, 1);
  // A real fault: the access is made again, and nobody catches it.
  signal(number, SIG_DFL);
}

static void install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = take;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
}

static void prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGBUS);
  sigaddset(&signals, SIGSEGV);
  pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

fault_probe fault_probe_load(uintptr_t address, uint64_t *value) {
  prepare();
  if (sigsetjmp(escape, 1) != 0) {
    is_probing = 0;
    return last;
  }
  is_probing = 1;
  *value = *(volatile uint64_t *)address;
  is_probing = 0;
  return (fault_probe){0, 0};
}

fault_probe fault_probe_store(uintptr_t address, uint64_t value) {
  prepare();
  if (sigsetjmp(escape, 1) != 0) {
    is_probing = 0;
    return last;
  }
  is_probing = 1;
  *(volatile uint64_t *)address = value;
  is_probing = 0;
  return (fault_probe){0, 0};
}

int fault_probe_stubborn_load(uintptr_t address, uint64_t *value) {
  prepare();
  failures = 0;
  is_stubborn = 1;
  *value = *(volatile uint64_t *)address;
  is_stubborn = 0;
  return failures;
}
