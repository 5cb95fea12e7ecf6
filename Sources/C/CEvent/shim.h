#pragma once
// libevent's event-config.h defines _GNU_SOURCE: features.h must have been read before it.
#include <features.h>
#include <event2/event.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// prctl(2) is variadic, and pthread_setname_np(3) is hidden from Swift. Names the calling thread, in 15 bytes.
static inline void cevent_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
