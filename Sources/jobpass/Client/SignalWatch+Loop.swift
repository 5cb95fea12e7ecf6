internal import EventLoop
internal import POSIX

extension SignalWatch {
    /// Waits on a loop's thread for the next signal, while the loop goes on with its work.
    ///
    /// - Throws: `EventLoopError` where the descriptor cannot be watched.
    func next(on loop: EventLoop) async throws -> Signal {
        let waiting = Waiting()
        return try await withCheckedThrowingContinuation { continuation in
            do {
                waiting.watch = try EventWatch(descriptor.number, for: .read, on: loop) { _ in
                    guard let arrival = self.poll() else { return }
                    waiting.watch?.cancel()
                    waiting.watch = nil
                    continuation.resume(returning: arrival.signal)
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Keeps the watch alive until the signal comes; on the loop's thread alone.
    private final class Waiting {
        var watch: EventWatch?
    }
}
