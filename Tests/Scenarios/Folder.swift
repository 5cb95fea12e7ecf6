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

/// Ports of 127.0.0.1 that nothing listens on.
///
/// They lie below those that the system gives to outgoing connections, so that none is taken between the look and the
/// use; and none is given twice.
enum FreePort {
    private static let given = Lock<Set<UInt16>>([])

    static func next() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: 20_000..<32_000)
            guard given.withLock({ $0.insert(port).inserted }), isFree(port) else { continue }
            return port
        }
        throw ScenarioError.noFreePort
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(number, $0, size) == 0 }
        }
    }
}
