internal import Glibc
internal import Locks
internal import POSIX

/// p11-kit's server with SoftHSM2 in a process of its own, as a token is that answers over a network: it can be late, and go.
package final class TokenServer: Sendable {
    /// The module by which it is reached, below Debian's folder of the architecture.
    package static let module: String = {
        let folders = (try? Files.list("/usr/lib")) ?? []
        let modules = folders.map { "/usr/lib/\($0)/pkcs11/p11-kit-client.so" }
        return modules.first { ((try? Files.status($0)) ?? nil) != nil } ?? "p11-kit-client.so"
    }()

    private let socket: String
    private let process: Lock<Process?>
    /// The leader of its group, to which the processes belong that it starts for its clients.
    private let group: Int32

    /// Starts it, and waits until it takes connections.
    package init(_ soft: SoftToken, at socket: String) throws {
        self.socket = socket
        var surroundings = Environment.current
        surroundings.merge(soft.environment)
        let arguments = ["p11-kit", "server", "-f", "--provider", SoftToken.module, "--name", socket, "pkcs11:"]
        let process = try Process("setsid", arguments, environment: surroundings, input: .null, output: .null)
        group = process.id
        let start = ContinuousClock.now
        while try Files.status(socket) == nil {
            guard !process.hasEnded(within: 20), start.duration(to: .now) < .seconds(30) else { throw Failure.noServer }
        }
        self.process = Lock(process)
    }

    deinit { end() }

    /// What a program needs to find it.
    package var environment: [String: String] { ["P11_KIT_SERVER_ADDRESS": "unix:path=\(socket)"] }

    /// Lets this process find it, and outlast its end, as commands do.
    package func use() {
        unsafe setenv("P11_KIT_SERVER_ADDRESS", "unix:path=\(socket)", 1)
        Signal.ignoreBrokenPipes()
    }

    /// Keeps it from answering, or lets it go on.
    package func hold(_ isHeld: Bool) { kill(-group, isHeld ? SIGSTOP : SIGCONT) }

    /// Ends it, with all who use it cut off.
    package func end() {
        let taken = process.withLock { $0.take() }
        switch consume taken {
        case .some(let process):
            kill(-group, SIGKILL)
            _ = process.wait()
            try? Files.remove(socket)
        case .none: break
        }
    }

    private enum Failure: Error { case noServer }
}
