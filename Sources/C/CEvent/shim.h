#pragma once
// libevent's event-config.h defines _GNU_SOURCE: features.h must have been read before it.
#include <features.h>
#include <event2/event.h>
