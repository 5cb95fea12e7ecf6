internal import CEvent
internal import SwiftOverlayShims

/// A timer of a loop: idle until it is set, then due once, or again and again.
///
/// It belongs to the loop's thread, and counts monotonic time.
@safe package final class EventTimer {
    private let loop: EventLoop
    private let event: OpaquePointer  // event *
    private let handler: () -> Void

    /// Makes an idle timer; the handler runs on the loop's thread.
    ///
    /// - Throws: `EventLoopError` where there is no memory.
    package init(on loop: EventLoop, handler: @escaping () -> Void) throws(EventLoopError) {
        loop.preconditionIsCurrent()
        self.loop = loop
        self.handler = handler
        unsafe event = try loop.makeEvent()
    }

    deinit {
        unsafe event_free(event)
    }

    /// Sets it to be due once after a time, in place of whatever it was set to; a negative time is no time.
    package func set(after delay: Duration) { set(delay, options: 0) }

    /// Sets it to be due every so often.
    package func set(every interval: Duration) { set(interval, options: Int16(EV_PERSIST)) }

    /// Makes it idle.
    package func cancel() {
        loop.preconditionIsCurrent()
        unsafe event_del(event)
    }

    private func set(_ delay: Duration, options: Int16) {
        cancel()
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe event_assign(event, loop.base, -1, options, Self.becameDue, context)
        var time = timeval(max(delay, .zero))
        unsafe event_add(event, &time)
    }

    /// The timer is alive: its `deinit` takes the event off the base.
    private static let becameDue: event_callback_fn = { _, _, context in
        guard let context = unsafe context else { return }
        let timer = unsafe Unmanaged<EventTimer>.fromOpaque(context).takeUnretainedValue()
        timer.handler()
    }
}

extension timeval {
    /// A duration that is not negative, rounded up to whole microseconds so that nothing is due early.
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let microseconds = (attoseconds + 999_999_999_999) / 1_000_000_000_000
        self.init(tv_sec: Int(seconds + microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
    }
}
