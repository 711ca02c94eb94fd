#include "CLinux.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_pidfd_open(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

static int daemon_actions(posix_spawn_file_actions_t *actions, int report) {
  int result = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (result == 0)
    result = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
  if (result == 0)
    result = posix_spawn_file_actions_adddup2(actions, report, 2);
  // Last, because `report` may be descriptor 3 itself; dup2 then clears its close-on-exec flag.
  if (result == 0)
    result = posix_spawn_file_actions_adddup2(actions, report, 3);
  if (result == 0)
    result = posix_spawn_file_actions_addchdir_np(actions, "/");
  return result;
}

static int daemon_attributes(posix_spawnattr_t *attributes) {
  sigset_t every, none;
  sigfillset(&every);
  sigemptyset(&none);
  int result = posix_spawnattr_setsigdefault(attributes, &every);
  if (result == 0)
    result = posix_spawnattr_setsigmask(attributes, &none);
  if (result == 0)
    result = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  return result;
}

int clinux_spawn_daemon(const char *path, char *const arguments[], int report, int *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int result = posix_spawn_file_actions_init(&actions);
  if (result != 0)
    return result;
  result = posix_spawnattr_init(&attributes);
  if (result == 0) {
    result = daemon_actions(&actions, report);
    if (result == 0)
      result = daemon_attributes(&attributes);
    if (result == 0)
      result = posix_spawn(process, path, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return result;
}
