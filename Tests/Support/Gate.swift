internal import Locks

/// Holds tasks back until it is opened, and no task after that.
package final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [Reply<Void>] = []
    }

    private let state = Lock(State())

    /// Makes a closed gate.
    package init() {}

    /// Waits until the gate is open.
    package func wait() async {
        await Reply<Void>.wait { reply in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(reply) }
                return state.isOpen
            }
            if isOpen { reply.give() }
        }
    }

    /// Lets everybody through.
    package func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for reply in waiting { reply.give() }
    }
}
