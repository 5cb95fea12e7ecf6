internal import CEventHTTP
internal import EventLoop
internal import Glibc

/// The end of a connection whose client may still be sending.
///
/// To close a socket with bytes unread resets it, and a reset can overtake the answer. So, after the last answer, the
/// client is told that no more will come, and what it still sends is read and thrown away for a while (RFC 9112,
/// section 9.6).
extension Connection {
    /// Takes the stream over from libevent's HTTP server, which parses nothing of it any more, until what is in the output
    /// has been sent and the client has had time to read it.
    func takeOver() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe bufferevent_setcb(stream, nil, Self.lastAnswerSent, Self.streamFailed, context)
        unsafe bufferevent_disable(stream, Int16(EV_READ))
        unsafe bufferevent_enable(stream, Int16(EV_WRITE))
    }

    private func linger() {
        guard phase == .answering else { return }
        enter(.lingering)
        unsafe shutdown(bufferevent_getfd(stream), Int32(SHUT_WR))
        throwAway()
        unsafe bufferevent_enable(stream, Int16(EV_READ))
    }

    /// Throws away what a client sends to a connection that has had its last answer.
    func throwAway() {
        let input = unsafe bufferevent_get_input(stream)
        unsafe evbuffer_drain(input, evbuffer_get_length(input))
    }

    private static let lastAnswerSent: bufferevent_data_cb = { _, context in
        unsafe connection(context)?.linger()
    }

    private static let streamFailed: bufferevent_event_cb = { _, _, context in
        guard let connection = unsafe connection(context) else { return }
        connection.server.loop.execute { connection.close() }
    }
}
