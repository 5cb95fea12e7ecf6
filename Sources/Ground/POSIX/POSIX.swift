// POSIX: not yet written.
