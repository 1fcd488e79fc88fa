/* A calendar that is off by CLOCK_OFFSET seconds, for a process that loads this before everything else (LD_PRELOAD).
 *
 * Only what a wrong date does: elapsed time is measured as ever. Deadlines on the calendar, which the kernel knows by the
 * true one, are told to it in its own terms. They are told from others by their size: other clocks begin at the boot.
 * (libfaketime moves every timer, whatever clock it goes by.)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static long offset;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("CLOCK_OFFSET");
    offset = text ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int result = real(clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += offset;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    static __typeof__(&gettimeofday) real;
    if (!real) real = REAL(gettimeofday);
    int result = real(now, zone);
    now->tv_sec += offset;
    return result;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}

static struct timespec truly(const struct timespec *deadline) {
    struct timespec result = *deadline;
    if (result.tv_sec > 1000000000) result.tv_sec -= offset;
    return result;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    struct timespec end = truly(deadline);
    return REAL(pthread_cond_timedwait)(condition, mutex, &end);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    struct timespec end = truly(deadline);
    return REAL(sem_timedwait)(semaphore, &end);
}

int timerfd_settime(int timer, int flags, const struct itimerspec *new_value, struct itimerspec *old_value) {
    struct itimerspec value = *new_value;
    if (flags & TFD_TIMER_ABSTIME) value.it_value = truly(&value.it_value);
    return REAL(timerfd_settime)(timer, flags, &value, old_value);
}
