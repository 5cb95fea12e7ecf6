/// What a task waits for and another thread gives, once: a continuation whose value goes through a `Lock`.
///
/// The runtime lets a task whose continuation was resumed before it began to wait go straight on, and does not tell
/// ThreadSanitizer that it sees what was written until then; the lock does.
package struct Reply<Value: Sendable>: Sendable {
    private let slot: Lock<Value?>
    private let waiter: CheckedContinuation<Void, Never>

    /// Waits until the reply that a closure is handed has been given.
    package static func wait(for ask: (Reply) -> Void) async -> Value {
        let slot = Lock<Value?>(nil)
        await withCheckedContinuation { ask(Reply(slot: slot, waiter: $0)) }
        guard let value = slot.withLock({ $0 }) else {
            preconditionFailure("nobody waits on before the reply is there")
        }
        return value
    }

    /// Gives the value, and lets the waiting task go on; a second time is a fault of the program, and ends it.
    package func give(_ value: Value) {
        slot.withLock { $0 = value }
        waiter.resume()
    }
}

extension Reply where Value == Void {
    /// Lets the waiting task go on.
    package func give() { give(()) }
}
