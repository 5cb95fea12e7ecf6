internal import Glibc
internal import SwiftOverlayShims

extension Files {
    /// Reads a file that holds a secret: regular, owned by this user or root, and closed to others (0600 or less).
    ///
    /// A file of root's that another user may read by its group or by an access list, and nobody write (0440), is closed too:
    /// so systemd and Kubernetes hand credentials to a service that is not root.
    ///
    /// What is checked is the opened file, not its path, so nobody can swap the one for another in between; a symbolic
    /// link is followed, as mounted secrets are links, and leads to nothing that would not be accepted itself.
    ///
    /// - Throws: `POSIXError` on failure, with `looseMode`, `foreignOwner` or `notRegular` where it is no safe secret.
    package static func readSecret(_ path: String, limit: Int = 1 << 20) throws(POSIXError) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe in the file's place would wait for ever; it changes nothing for a file.
        let file = try open(path, O_RDONLY | O_NONBLOCK, for: "read")
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { throw .last("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw POSIXError(.notRegular, "read", path) }
        let bits = status.st_mode & 0o7777
        guard bits & forbiddenBits(owner: status.st_uid) == 0 else { throw POSIXError(.looseMode(bits), "read", path) }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw POSIXError(.foreignOwner(status.st_uid), "read", path)
        }
        return try file.readToEnd(limit: limit, subject: path)
    }

    /// The permission bits that no secret file of this owner may have.
    static func forbiddenBits(owner: UInt32) -> UInt32 { owner == 0 && geteuid() != 0 ? 0o137 : 0o177 }
}

extension FileStatus {
    /// Whether others than those whom `Files.readSecret` accepts may use the file.
    package var isOpenToOthers: Bool { mode & Files.forbiddenBits(owner: owner) != 0 }
}
