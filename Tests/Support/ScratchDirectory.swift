internal import POSIX

/// A directory that is removed with everything in it when the test lets it go.
package final class ScratchDirectory: Sendable {
    package let path: String
    private let isMounted: Bool

    /// Makes a directory.
    package init() throws {
        path = try Files.makeTemporaryDirectory("jobpass-tests")
        isMounted = false
    }

    /// Makes a directory whose file system holds no more than so many kilobytes.
    ///
    /// - Throws: `POSIXError` with `EPERM` where this user may not mount; ask `canMount` first.
    package init(kilobytes: Int) throws {
        path = try Files.makeTemporaryDirectory("jobpass-tests")
        let isMounted = Self.run("mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", path)
        self.isMounted = isMounted
        guard isMounted else { throw POSIXError(.system(1), "mount", path) }
    }

    deinit {
        // Lazily: what the test had open in it may outlive this object by a moment.
        if isMounted { _ = Self.run("umount", "--lazy", path) }
        try? Files.removeTree(path)
    }

    /// The path of a file in it.
    package func file(_ name: String) -> String { Paths.join(path, name) }

    /// Puts a text file into it.
    package func write(_ text: String, to name: String) throws { try Files.writeNew(file(name), Array(text.utf8)) }

    /// Whether this user may mount a file system: root may, also in most containers.
    package static let canMount: Bool = (try? ScratchDirectory(kilobytes: 64)) != nil

    private static func run(_ program: String, _ arguments: String...) -> Bool {
        let process = try? Process(program, arguments, environment: .current, output: .null, error: .null)
        return process?.wait() == .exited(0)
    }
}
