import Locks
import POSIX
import Testing

/// A program that a scenario started and has not stopped yet; killed at the latest when nobody holds it.
final class Running: Sendable {
    private let name: String
    private let log: String
    private let process: Lock<Process?>

    /// Starts a program that writes what it says into `<folder>/<name>.log`.
    init(
        _ name: String,
        in folder: Folder,
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws {
        self.name = name
        log = folder.path("\(name).log")
        if try Files.status(log) != nil { try Files.remove(log) }
        try Files.writeNew(log, [])
        let output = try folder.appending(to: log)
        process = Lock(
            try Process(
                program,
                arguments,
                environment: .forScenario(environment),
                input: .null,
                output: .descriptor(output.number),
                error: .descriptor(output.number)
            )
        )
    }

    deinit { kill() }

    /// What it wrote so far.
    var said: String { (try? Files.readText(log)) ?? "" }

    /// The number of the process; nil once it was stopped.
    var id: Int32? {
        process.withLock { process in
            switch process {
            case .some(let process): process.id
            case .none: nil
            }
        }
    }

    /// Whether it has ended by itself.
    var hasEnded: Bool { hasEnded(within: 0) }

    /// Waits until something holds, for at most 30 seconds, or until the program has ended.
    ///
    /// - Throws: an issue with the program's own words where it never came to hold.
    func wait(until what: String, _ holds: () throws -> Bool) throws {
        for _ in 0..<600 {
            if try holds() { return }
            if hasEnded(within: 50) { break }
        }
        // The end may be what was waited for.
        if try holds() { return }
        Issue.record("\(name) never came to '\(what)'; it said:\n\(said)")
        throw ScenarioError.neverReady(name)
    }

    /// Ends it as an operator would, and gives it 40 seconds for that.
    ///
    /// - Returns: how it ended; nil where it was stopped before.
    @discardableResult
    func stop() -> ProcessStatus? {
        send(.terminate)
        if !hasEnded(within: 40_000) { Issue.record("\(name) did not end within 40 s of SIGTERM; it said:\n\(said)") }
        return kill()
    }

    /// Ends it as a power failure would.
    @discardableResult
    func kill() -> ProcessStatus? {
        send(.kill)
        let taken = process.withLock { $0.take() }
        switch consume taken {
        case .some(let process): return process.wait()
        case .none: return nil
        }
    }

    /// Sends it a signal.
    func send(_ signal: Signal) {
        process.withLock { process in
            switch process {
            case .some(let process): process.send(signal)
            case .none: break
            }
        }
    }

    private func hasEnded(within milliseconds: Int32) -> Bool {
        process.withLock { process in
            switch process {
            case .some(let process): process.hasEnded(within: milliseconds)
            case .none: true
            }
        }
    }
}

/// Why a scenario cannot go on.
enum ScenarioError: Error {
    case neverReady(String)
    case notInstalled(String)
}
