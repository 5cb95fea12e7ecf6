internal import Glibc
internal import SwiftOverlayShims

/// A file that this process has locked, for as long as the lock is held; other processes that ask for it are told so (flock(2)).
package final class FileLock: Sendable {
    private let file: FileDescriptor

    /// Locks a file, which is made where it is not there; nil where somebody else has it locked.
    ///
    /// - Throws: `POSIXError` where it cannot be opened or locked.
    package init?(_ path: String) throws(POSIXError) {
        file = try Files.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600, for: "lock")
        guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { return nil }
            throw .last("lock", path)
        }
    }
}
