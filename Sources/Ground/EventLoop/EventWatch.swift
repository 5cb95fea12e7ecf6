internal import CEvent

/// What a loop may watch a descriptor for.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: Int16

    /// Makes a set of libevent's own bits.
    package init(rawValue: Int16) { self.rawValue = rawValue }

    /// There are bytes to read, or the end of them.
    package static let read = Readiness(rawValue: Int16(EV_READ))
    /// There is room to write.
    package static let write = Readiness(rawValue: Int16(EV_WRITE))
}

/// A descriptor under watch, until it is cancelled or let go.
///
/// It belongs to the loop's thread. Cancel it before the descriptor is closed: the number may come back as another file.
@safe package final class EventWatch {
    private let loop: EventLoop
    private let descriptor: Int32
    private let event: OpaquePointer  // event *
    private let handler: (Readiness) -> Void

    /// Watches a descriptor; the handler runs on the loop's thread each time that it is ready.
    ///
    /// - Throws: `EventLoopError` where there is no memory, or the descriptor cannot be watched (a file, say).
    package init(
        _ descriptor: Int32,
        for readiness: Readiness,
        on loop: EventLoop,
        handler: @escaping (Readiness) -> Void
    ) throws(EventLoopError) {
        loop.preconditionIsCurrent()
        self.loop = loop
        self.descriptor = descriptor
        self.handler = handler
        unsafe event = try loop.makeEvent()
        try watch(for: readiness)
    }

    deinit {
        unsafe event_free(event)
    }

    /// Watches for something else from now on.
    ///
    /// - Throws: `EventLoopError` where the descriptor cannot be watched.
    package func watch(for readiness: Readiness) throws(EventLoopError) {
        loop.preconditionIsCurrent()
        unsafe event_del(event)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        let interest = readiness.rawValue | Int16(EV_PERSIST)
        unsafe event_assign(event, loop.base, descriptor, interest, Self.becameReady, context)
        guard unsafe event_add(event, nil) == 0 else { throw EventLoopError(.descriptor) }
    }

    /// Ends the watch; the handler does not run again.
    package func cancel() {
        loop.preconditionIsCurrent()
        unsafe event_del(event)
    }

    /// The watch is alive: its `deinit` takes the event off the base.
    private static let becameReady: event_callback_fn = { _, what, context in
        guard let context = unsafe context else { return }
        let watch = unsafe Unmanaged<EventWatch>.fromOpaque(context).takeUnretainedValue()
        watch.handler(Readiness(rawValue: what))
    }
}
