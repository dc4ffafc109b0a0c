// Starts the command under a limit of its address space (ulimit -v).
//
// OpenBLAS maps a buffer for each of its threads when the library is loaded, before main, and tries for ever where the limit
// denies it one. The command does not use those threads. So what is here runs before the constructors of shared libraries
// (DT_PREINIT_ARRAY, which only executables have): under a limit it starts the command again with one thread, and ends it with
// a message where not even one buffer has room.
//
// The C library is not initialized yet: environ is not set, so the environment comes as an argument, and only system calls and
// string functions are used.

#include "CLaunch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const THREADS = "OPENBLAS_NUM_THREADS=";

// A buffer of OpenBLAS on x86-64 (BUFFER_SIZE) has 128 MiB; the rest is for what the loader and the constructors map.
static const unsigned long long BUFFER = 136ull << 20;

// Bytes of address space that the limit leaves; all ones without a limit, or where it cannot be known.
static unsigned long long address_space_left(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return ~0ull;
  int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return ~0ull;
  char text[64];
  ssize_t length = read(file, text, sizeof text);
  close(file);
  // The first number is the size in pages.
  unsigned long long pages = 0;
  for (ssize_t index = 0; index < length && text[index] >= '0' && text[index] <= '9'; index++) {
    pages = 10 * pages + (unsigned long long)(text[index] - '0');
  }
  unsigned long long used = pages * (unsigned long long)sysconf(_SC_PAGESIZE);
  return used < limit.rlim_cur ? limit.rlim_cur - used : 0;
}

static void launch(int count, char **arguments, char **environment) {
  (void)count;
  unsigned long long left = address_space_left();
  if (left == ~0ull) return;
  if (left < BUFFER) {
    static const char message[] =
        "distill: OpenBLAS needs 128 MiB of address space to start; ulimit -v leaves less; raise the limit\n";
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(LAUNCH_UNAVAILABLE);
  }
  int variables = 0;
  while (environment[variables]) {
    if (strncmp(environment[variables], THREADS, strlen(THREADS)) == 0) return;
    variables++;
  }
  char *extended[variables + 2];
  memcpy(extended, environment, (size_t)variables * sizeof *extended);
  extended[variables] = "OPENBLAS_NUM_THREADS=1";
  extended[variables + 1] = NULL;
  // If it fails, the command goes on as it is.
  execve("/proc/self/exe", arguments, extended);
}

__attribute__((used, retain, section(".preinit_array"))) static void (*const entry)(int, char **, char **) = launch;
