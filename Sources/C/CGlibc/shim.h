#pragma once
// What glibc has and Swift's own Glibc module leaves out.
#include <features.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <unistd.h>

// getopt's globals, behind functions: Swift refuses a C global that any thread could change.
static inline void cglibc_options_begin(void) { optind = 0; opterr = 0; }
static inline int cglibc_options_index(void) { return optind < 1 ? 1 : optind; }
static inline void cglibc_options_skip(void) { optind++; }
static inline int cglibc_options_refused(void) { return optopt; }
static inline const char *cglibc_options_value(void) { return optarg; }

// A handler is a pointer that Swift can only compare by reinterpreting it.
static inline int cglibc_is_ignored(int signal) {
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

// environ is such a global too.
static inline char **cglibc_environment(void) { extern char **environ; return environ; }

// Declared by glibc under _GNU_SOURCE alone, which would make this module clash with the other ones.
static inline int cglibc_pipe(int ends[2]) { extern int pipe2(int[2], int); return pipe2(ends, O_CLOEXEC); }
static inline int cglibc_file_in_memory(const char *label) {
    extern int memfd_create(const char *, unsigned int);
    return memfd_create(label, 1 /* MFD_CLOEXEC */);
}

// The two sides of a new terminal: the descriptor that controls it, and its name for whoever is to have it.
static inline int cglibc_open_terminal(char *name, unsigned long size) {
    extern int posix_openpt(int);
    extern int grantpt(int);
    extern int unlockpt(int);
    extern int ptsname_r(int, char *, unsigned long);
    int control = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (control < 0) return -1;
    if (grantpt(control) == 0 && unlockpt(control) == 0 && ptsname_r(control, name, size) == 0) return control;
    close(control);
    return -1;
}

// POSIX_SPAWN_SETSID, defined under _GNU_SOURCE alone until POSIX.1-2024.
static inline short cglibc_spawn_in_own_session(void) { return 0x80; }

// Linux's own, which Swift's Glibc module leaves out; the number is TMPFS_MAGIC of linux/magic.h.
static inline int cglibc_is_in_memory(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 && (unsigned int)status.f_type == 0x01021994u;
}
