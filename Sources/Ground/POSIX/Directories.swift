internal import Glibc
internal import SwiftOverlayShims

/// What stands under a name.
package struct FileStatus: Equatable, Sendable {
    /// The kinds that matter here.
    package enum Kind: Equatable, Sendable {
        case regular
        case directory
        case other
    }

    package let kind: Kind
    /// The permission bits, such as 0o600.
    package let mode: UInt32
    /// The number of the user it belongs to.
    package let owner: UInt32
    /// In bytes.
    package let size: Int64
}

extension Files {
    /// What stands under a path, symbolic links followed; nil where there is nothing.
    ///
    /// - Throws: `POSIXError` where that cannot be told, as when a directory on the way may not be searched.
    package static func status(_ path: String) throws(POSIXError) -> FileStatus? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .last("look at", path)
        }
        let kind: FileStatus.Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            default: .other
            }
        return FileStatus(
            kind: kind,
            mode: status.st_mode & 0o7777,
            owner: status.st_uid,
            size: Int64(status.st_size)
        )
    }

    /// Makes a directory that is not there yet, with exactly this mode.
    ///
    /// - Throws: `POSIXError`, with `EEXIST` where anything has that name.
    package static func makeDirectory(_ path: String, mode: UInt32 = 0o700) throws(POSIXError) {
        guard unsafe mkdir(path, mode) == 0 else { throw .last("create", path) }
        guard unsafe chmod(path, mode) == 0 else { throw .last("create", path) }
    }

    /// The names in a directory, sorted by their bytes, without `.` and `..`.
    ///
    /// - Throws: `POSIXError` where it cannot be read.
    package static func list(_ path: String) throws(POSIXError) -> [String] {
        guard let directory = unsafe opendir(path) else { throw .last("list", path) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(directory) else {
                guard errno == 0 else { throw .last("list", path) }
                return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// Makes a directory of mode 0700 with a name that nobody else has, under `TMPDIR` or `/tmp`.
    ///
    /// - Throws: `POSIXError` where it cannot be made.
    package static func makeTemporaryDirectory(_ prefix: String) throws(POSIXError) -> String {
        let base = Environment.current["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let pattern = Paths.join(base, "\(prefix).XXXXXX")
        var template = Array(pattern.utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw .last("create", pattern) }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Removes a directory and everything below it; symbolic links are removed, not followed.
    ///
    /// - Throws: `POSIXError` where something cannot be removed.
    package static func removeTree(_ path: String) throws(POSIXError) {
        for name in try list(path) {
            let child = Paths.join(path, name)
            var status = stat()
            guard unsafe lstat(child, &status) == 0 else { throw .last("remove", child) }
            if status.st_mode & S_IFMT == S_IFDIR { try removeTree(child) } else { try remove(child) }
        }
        guard unsafe rmdir(path) == 0 else { throw .last("remove", path) }
    }
}
