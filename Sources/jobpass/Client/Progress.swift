internal import EventLoop
internal import Locks
internal import POSIX

/// A line on the terminal that says what is waited for, once that has taken over a second, and that goes when it is over.
enum Progress {
    /// Waits for a body, and says so where a person watches and it takes long.
    static func note<Value: Sendable>(
        _ text: String,
        on loop: EventLoop,
        while body: () async throws(CommandError) -> Value
    ) async throws(CommandError) -> Value {
        guard Terminal.isTerminal(StandardError.descriptor) else { return try await body() }
        let state = Lock(State.waiting)
        let timer = Task(executorPreference: loop) {
            try await loop.sleep(for: .seconds(1))
            state.withLock { state in
                guard state == .waiting else { return }
                StandardError.write("jobpass: \(text) …")
                state = .shown
            }
        }
        defer {
            timer.cancel()
            state.withLock { state in
                if state == .shown { StandardError.write("\r\u{1B}[K") }
                state = .over
            }
        }
        return try await body()
    }

    private enum State {
        case waiting
        case shown
        case over
    }
}
