#include "CLinux.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>

_Static_assert(sizeof(pid_t) == sizeof(int), "pid_t");
_Static_assert(sizeof(uid_t) == sizeof(unsigned int), "uid_t");
_Static_assert(sizeof(dev_t) == sizeof(uint64_t), "dev_t");

static int unix_address(struct sockaddr_un *address, const char *path) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  size_t length = strlen(path);
  if (length >= sizeof address->sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(address->sun_path, path, length);
  return 0;
}

int clinux_unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

int clinux_unix_bind(int socket, const char *path) {
  struct sockaddr_un address;
  if (unix_address(&address, path) < 0)
    return -1;
  return bind(socket, (struct sockaddr *)&address, sizeof address);
}

int clinux_unix_connect(int socket, const char *path, unsigned int timeout_seconds) {
  struct sockaddr_un address;
  if (unix_address(&address, path) < 0)
    return -1;
  // The send timeout also bounds connect(2), which waits while the listener's backlog is full.
  struct timeval timeout = {.tv_sec = timeout_seconds};
  if (setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0)
    return -1;
  return connect(socket, (struct sockaddr *)&address, sizeof address);
}

int clinux_accept(int socket) { return accept4(socket, NULL, NULL, SOCK_CLOEXEC); }

int clinux_peer_credentials(int socket, int *process, unsigned int *user) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
    return -1;
  *process = credentials.pid;
  *user = credentials.uid;
  return 0;
}

unsigned int clinux_major(uint64_t device) { return major(device); }

unsigned int clinux_minor(uint64_t device) { return minor(device); }
