internal import Glibc

/// The texts of paths, taken apart and put together without asking the file system.
package enum Paths {
    /// The directory that names a path: `/etc` of `/etc/jobpass`, `.` of `jobpass`.
    package static func parent(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path)
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        let parent = withoutTrailingSlashes(String(trimmed[..<slash]))
        return parent.isEmpty ? "/" : parent
    }

    /// The last name of a path.
    package static func name(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path)
        return trimmed.lastIndex(of: "/").map { String(trimmed[trimmed.index(after: $0)...]) } ?? trimmed
    }

    /// A path as seen from a directory; an absolute one stays as it is.
    package static func join(_ directory: String, _ path: String) -> String {
        if path.hasPrefix("/") || directory.isEmpty { return path }
        return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
    }

    /// The path from the root, by the directory that the process works in.
    ///
    /// - Throws: `POSIXError` where that directory is gone.
    package static func absolute(_ path: String) throws(POSIXError) -> String {
        if path.hasPrefix("/") { return path }
        guard let buffer = unsafe getcwd(nil, 0) else { throw .last("find", "the working directory") }
        defer { unsafe free(buffer) }
        let directory = unsafe String(cString: buffer)
        return path == "." || path.isEmpty
            ? directory : join(directory, path.hasPrefix("./") ? String(path.dropFirst(2)) : path)
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}
