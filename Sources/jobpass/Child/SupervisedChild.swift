internal import EventLoop
internal import Locks
internal import POSIX

/// A command of the caller's that runs while this program goes on with its own work on a loop.
///
/// It gets the signals that this program gets, and its end is waited for with all that it wrote.
final class SupervisedChild: Sendable {
    private let process: Lock<Process?>
    /// Readable once it has ended; stays open until `end`.
    private let ended: Int32
    private let output: MaskedOutput?

    /// Starts a command; without `output` it writes where this program does.
    ///
    /// - Throws: `CommandError` with exit code 126 or 127, as env(1) has them, where it cannot be started.
    init(_ line: [String], _ environment: Environment, _ output: MaskedOutput?) throws(CommandError) {
        let process: Process
        do throws(POSIXError) {
            if let output {
                process = try output.start(line, environment)
            } else {
                process = try Process(line[0], Array(line.dropFirst()), environment: environment)
            }
        } catch {
            throw CommandError(error.isNotFound ? .noSuchProgram : .notExecutable, error.description)
        }
        ended = process.ended.number
        self.process = Lock(consume process)
        self.output = output
    }

    /// Passes a signal on, unless the terminal sent it, which then sent it to the child as well.
    func pass(_ arrival: SignalWatch.Arrival) {
        if arrival.signal == .windowChange { output?.resize() }
        let hasOwnTerminal = output?.isControlling ?? false
        guard !arrival.fromTerminal || (arrival.signal == .windowChange && !hasOwnTerminal) else { return }
        process.withLock { process in
            switch process {
            case .some(let process): process.send(arrival.signal)
            case .none: break
            }
        }
    }

    /// Waits for its end, and carries its output on meanwhile.
    ///
    /// - Throws: `EventLoopError` or `POSIXError` where the system refuses a thread or a descriptor.
    func end(on loop: EventLoop) async throws -> (code: ExitCode, hasLeftOutputOpen: Bool) {
        let keyboard = output?.isControlling ?? false ? Keyboard() : nil
        let ended = ended
        if let output, output.isControlling {
            let worker = try WorkerThread()
            // It ends with the program: nothing can end a read from a terminal.
            Task(executorPreference: loop) { await worker.run { output.relayKeys() } }
        }
        var pumps: [Task<Bool, Never>] = []
        for pump in output?.pumps ?? [] {
            let worker = try WorkerThread()
            pumps.append(
                Task(executorPreference: loop) {
                    let isOpen = await worker.run { pump.run(ended: ended) }
                    worker.stop()
                    return isOpen
                }
            )
        }
        try await Self.wait(for: ended, on: loop)
        var hasLeftOutputOpen = false
        for pump in pumps where await pump.value { hasLeftOutputOpen = true }
        keyboard?.restore()
        return (code(), hasLeftOutputOpen)
    }

    private func code() -> ExitCode {
        let process = process.withLock { $0.take() }
        switch consume process {
        case .some(let process): return ExitCode(number: process.wait().code)
        case .none: preconditionFailure("a child ends once")
        }
    }

    private static func wait(for descriptor: Int32, on loop: EventLoop) async throws {
        let waiting = Waiting()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            do {
                waiting.watch = try EventWatch(descriptor, for: .read, on: loop) { _ in
                    waiting.watch?.cancel()
                    waiting.watch = nil
                    continuation.resume()
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Keeps the watch alive until the end; on the loop's thread alone.
    private final class Waiting {
        var watch: EventWatch?
    }

    /// A terminal whose keys go to the child.
    private final class Keyboard {
        private var terminal: RawTerminal?

        init() { terminal = RawTerminal(StandardInput.descriptor) }

        func restore() { terminal = nil }
    }
}
