// Calls of the control channel and the command line: unix sockets, processes.
#ifndef VMOFS_CONTROL_H
#define VMOFS_CONTROL_H

#include <stdint.h>

// Not <sys/types.h>: it defines timespec, which Swift would then take for ours. A pid_t is an int
// and a dev_t 64 bits wide on every Linux that we know (checked in control.c).

// control.c: unix stream sockets. Every descriptor is close-on-exec; -1 and errno on failure.
int clinux_unix_socket(void);
int clinux_unix_bind(int socket, const char *path);
int clinux_unix_connect(int socket, const char *path, unsigned int timeout_seconds);
int clinux_accept(int socket);
int clinux_peer_credentials(int socket, int *process, unsigned int *user);

// The two halves of a dev_t.
unsigned int clinux_major(uint64_t device);
unsigned int clinux_minor(uint64_t device);

// process.c: a descriptor that becomes readable when the process ends.
int clinux_pidfd_open(int process);

// Starts `path` in a session of its own: standard input and output on /dev/null, standard error
// and descriptor 3 on `report`, working directory /, every signal at its default and unblocked.
// Returns 0 or an error number.
int clinux_spawn_daemon(const char *path, char *const arguments[], int report, int *process);

#endif
