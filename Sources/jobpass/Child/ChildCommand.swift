internal import POSIX

/// A caller's command, run in this program's place: it gets the signals that this program gets, and its end is this
/// program's end.
struct ChildCommand: Sendable {
    /// The signals that are passed on; others, such as SIGTSTP, do here what they always do.
    private static let passed: [Signal] = [.hangUp, .interrupt, .quit, .terminate, .user1, .user2, .windowChange]

    /// The signals that came and were not yet taken.
    let signals: SignalWatch

    /// Begins to hold signals back for the command that is still to be started; to be made before there are threads.
    init() throws(POSIXError) { signals = try SignalWatch(Self.passed) }

    /// A signal that came before the command was started, and that therefore ends this program; nil where none did.
    func interruption() -> Signal? {
        while let arrival = signals.poll() { if arrival.signal.endsWaiting { return arrival.signal } }
        return nil
    }

    /// Runs the command to its end.
    ///
    /// - Throws: `CommandError` with exit code 126 or 127, as env(1) has them, where it cannot be started.
    func run(_ line: [String], _ environment: Environment) throws(CommandError) -> ExitCode {
        let process: Process
        do throws(POSIXError) {
            process = try Process(line[0], Array(line.dropFirst()), environment: environment)
        } catch {
            throw CommandError(error.isNotFound ? .noSuchProgram : .notExecutable, error.description)
        }
        while let arrival = signals.next(until: process) {
            // What the terminal sends it sends to the child as well.
            if !arrival.fromTerminal { process.send(arrival.signal) }
        }
        return ExitCode(number: process.wait().code)
    }
}

extension Signal {
    /// Whether it ends a program that does nothing about it.
    var endsWaiting: Bool { self != .windowChange }
}
