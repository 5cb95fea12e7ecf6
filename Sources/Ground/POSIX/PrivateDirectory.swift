internal import CGlibc
internal import Glibc
internal import SwiftOverlayShims

/// A directory in memory, for this user alone, that lives no longer than its owner: what is in it never reaches a disk.
///
/// It is locked for as long as this process lives, however it ends, so that whoever comes next can tell what is left over
/// from what is in use, and remove it.
package final class PrivateDirectory: Sendable {
    package let path: String
    private let lock: FileDescriptor

    /// What a process needs at most between making a directory and locking it.
    private static let grace = 10

    /// Makes a directory under `XDG_RUNTIME_DIR`, where that is this user's alone, or under another file system in memory, and
    /// removes those of the same prefix that nobody uses any more.
    ///
    /// - Throws: `POSIXError` where there is no such place.
    package init(_ prefix: String, _ environment: Environment) throws(POSIXError) {
        guard let base = Self.base(environment) else {
            throw POSIXError(.noMemoryDirectory, "create", prefix)
        }
        Self.sweep(base, prefix)
        var template = Array(Paths.join(base, "\(prefix).XXXXXX").utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw .last("create", Paths.join(base, prefix)) }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.path = path
        lock = try Files.open(path, O_RDONLY | O_DIRECTORY, for: "lock")
        guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else { throw .last("lock", path) }
    }

    /// Removes it with all that is in it; nothing where it is gone.
    package func remove() { try? Files.removeTree(path) }

    deinit { remove() }

    /// Writes a file in it, in the place of the one of that name: a reader sees the old one or the new one, whole.
    ///
    /// - Throws: `POSIXError` where it cannot be written.
    package func write(_ name: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(POSIXError) {
        try Files.replace(Paths.join(path, name), bytes, mode: mode)
    }

    /// The path of a file in it.
    package func file(_ name: String) -> String { Paths.join(path, name) }

    private static func base(_ environment: Environment) -> String? {
        let user = getuid()
        let own = [environment.nonEmpty("XDG_RUNTIME_DIR"), "/run/user/\(user)"].compactMap(\.self).first { path in
            guard path.hasPrefix("/"), let status = try? Files.status(path) else { return false }
            // XDG Base Directory Specification: the user's own, of mode 0700.
            return status.kind == .directory && status.owner == user && status.mode & 0o777 == 0o700
        }
        return own
            ?? ["/dev/shm", "/run/shm"].first { path in
                unsafe cglibc_is_in_memory(path) != 0 && access(path, W_OK | X_OK) == 0
            }
    }

    /// Removes what processes left behind that were killed.
    private static func sweep(_ base: String, _ prefix: String) {
        for name in (try? Files.list(base)) ?? [] where name.hasPrefix("\(prefix).") {
            let path = Paths.join(base, name)
            guard let directory = try? Files.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, for: "sweep") else {
                continue
            }
            var status = stat()
            guard unsafe fstat(directory.number, &status) == 0, status.st_uid == getuid(),
                status.st_mtim.tv_sec + grace < time(nil), flock(directory.number, LOCK_EX | LOCK_NB) == 0
            else { continue }
            try? Files.removeTree(path)
        }
    }
}
