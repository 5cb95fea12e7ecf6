internal import CEvent
internal import Glibc

/// Ends libevent's wait from another thread, through an eventfd(2).
///
/// The descriptor is watched edge-triggered: each write is a new edge, so the counter need not be read back.
@safe struct Waker: Sendable {
    private let descriptor: Int32
    /// Made and freed by the loop; libevent touches it on the loop's thread alone.
    nonisolated(unsafe) private let event: OpaquePointer  // event *

    /// Registers a new descriptor on a base.
    init(on base: OpaquePointer) throws(EventLoopError) {
        let descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw EventLoopError(.descriptor) }
        let interest = Int16(EV_READ | EV_PERSIST | EV_ET)
        guard let event = unsafe event_new(base, descriptor, interest, { _, _, _ in }, nil) else {
            Glibc.close(descriptor)
            throw EventLoopError(.memory)
        }
        guard unsafe event_add(event, nil) == 0 else {
            unsafe event_free(event)
            Glibc.close(descriptor)
            throw EventLoopError(.descriptor)
        }
        self.descriptor = descriptor
        unsafe self.event = event
    }

    /// Ends the wait; from any thread.
    func wake() { eventfd_write(descriptor, 1) }

    /// Takes the descriptor off its base, which must still stand.
    func close() {
        unsafe event_free(event)
        Glibc.close(descriptor)
    }
}
