/// jobpass is the command: server and client in one program, each of its commands a file in `Commands/`.
///
/// It builds everything from real clock, store and network, turns every error into words and an exit code of sysexits.h,
/// and keeps results on standard output and all else on standard error. It decides nothing that a module can decide.

/// This program's version, as `--version` says it and as it introduces itself to servers.
enum Version {
    static let text = "0.1.0"
    /// The day of its release, as its manual pages say it.
    static let date = "2026-11-23"
}
