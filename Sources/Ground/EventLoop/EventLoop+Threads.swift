internal import CEvent
internal import Glibc
internal import Locks

extension EventLoop {
    /// Runs the loop on a thread of its own until `stop`; the thread keeps the loop alive.
    ///
    /// The name, of at most 15 bytes, is what ps(1) and a debugger show.
    ///
    /// - Throws: `EventLoopError` where the system gives no thread.
    package func start(name: String) throws(EventLoopError) {
        execute { unsafe cevent_name_thread(name) }
        let argument = unsafe Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            argument
        )
        guard result == 0 else {
            unsafe Unmanaged<EventLoop>.fromOpaque(argument).release()
            throw EventLoopError(.thread, number: result)
        }
        pthread_detach(thread)
    }

    /// Runs a body on the loop's thread and waits for its result; at once where the caller is there already.
    ///
    /// - Throws: what the body throws.
    package func perform<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        if isCurrent { return try body() }
        let result: Result<Value, Failure> = await Reply.wait { reply in
            execute { reply.give(Result(catching: body)) }
        }
        return try result.get()
    }

    /// Runs an operation to its end on the calling thread, with a loop that lives as long as it: the main line of a
    /// command.
    ///
    /// - Throws: what the operation throws; `EventLoopError`; `CancellationError` where the operation stopped its loop.
    package static func runToCompletion<Value: Sendable>(
        _ operation: @escaping @Sendable (EventLoop) async throws -> Value
    ) throws -> Value {
        let loop = try EventLoop()
        let outcome = Outcome<Value>()
        Task(executorPreference: loop) {
            do {
                outcome.result = .success(try await operation(loop))
            } catch {
                outcome.result = .failure(error)
            }
        }
        loop.run { outcome.result != nil }
        // What the operation held and let go of may have to end on the loop, such as a client with its connections.
        loop.stop()
        loop.run()
        guard let result = outcome.result else { throw CancellationError() }
        return try result.get()
    }

    /// Where the operation leaves its result; written and read on the loop's thread alone.
    private final class Outcome<Value: Sendable>: @unchecked Sendable {
        var result: Result<Value, any Error>?
    }
}
