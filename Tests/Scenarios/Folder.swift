import Glibc
import Locks
import POSIX

/// A temporary folder that goes with its last user.
final class Folder: Sendable {
    let root: String

    init() throws { root = try Files.makeTemporaryDirectory("jobpass-scenario") }

    deinit { try? Files.removeTree(root) }

    /// The path of a file in it.
    func path(_ name: String) -> String { Paths.join(root, name) }

    /// Writes a new file that only its owner may read, and answers its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Files.replace(path(name), Array(text.utf8))
        return path(name)
    }

    /// Opens a file so that whatever is written goes to its end.
    func appending(to path: String) throws -> FileDescriptor {
        let number = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard number >= 0 else { throw ScenarioError.notInstalled(path) }
        return FileDescriptor(owning: number)
    }
}
