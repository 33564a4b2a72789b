/* Preloaded into a host, makes each fsync and fdatasync take as long as on a slow disk. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void wait_for_disk(void) {
  const char *time = getenv("SLOW_FSYNC_US");
  if (time != NULL) usleep((useconds_t)atoi(time));
}

int fsync(int fd) {
  wait_for_disk();
  return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  wait_for_disk();
  return (int)syscall(SYS_fdatasync, fd);
}
