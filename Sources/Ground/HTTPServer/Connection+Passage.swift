internal import CEventHTTP
internal import EventLoop
internal import Glibc
internal import HTTP

/// A connection on which a proxy first says whose it is, by the PROXY protocol.
///
/// Until it has, libevent does not have the socket: what it reads it takes for HTTP, or for TLS.
final class Passage {
    let descriptor: Int32
    var header = ProxyHeader()
    var watch: EventWatch?

    init(_ descriptor: Int32) { self.descriptor = descriptor }
}

extension Connection {
    /// Whether a proxy has to say whose connection this is.
    var needsPassage: Bool {
        guard let proxies = server.settings.proxies, proxies.word == .proxyProtocol, let number else { return false }
        return proxies.addresses.contain(number)
    }

    /// Takes the socket from libevent until the header has come.
    func awaitPassage() {
        let passage = Passage(unsafe bufferevent_getfd(stream))
        unsafe bufferevent_setfd(stream, -1)
        self.passage = passage
        do throws(EventLoopError) {
            passage.watch = try EventWatch(passage.descriptor, for: .read, on: server.loop) { [unowned self] _ in
                readPassage()
            }
        } catch {
            close()
        }
    }

    /// Gives the socket back to libevent, which reads what is behind the header.
    func endPassage() {
        guard let passage else { return }
        self.passage = nil
        passage.watch?.cancel()
        unsafe bufferevent_setfd(stream, passage.descriptor)
    }

    /// Takes what has come of the header, and no byte more.
    private func readPassage() {
        guard let passage else { return }
        var failure: Int32 = 0
        let seen = unsafe [UInt8](unsafeUninitializedCapacity: ProxyHeader.longest) { buffer, count in
            let size = unsafe recv(
                passage.descriptor,
                buffer.baseAddress,
                buffer.count,
                Int32(MSG_PEEK | MSG_DONTWAIT)
            )
            failure = size < 0 ? errno : 0
            count = max(0, size)
        }
        guard !seen.isEmpty else {
            return failure == EAGAIN || failure == EINTR ? () : decide(nil)
        }
        var taken = [UInt8](repeating: 0, count: passage.header.take(seen))
        unsafe recv(passage.descriptor, &taken, taken.count, 0)
        if passage.header.state != .incomplete { decide(passage.header.state) }
    }

    /// Goes on, or ends, in the next turn: the watch is at work in this one.
    private func decide(_ state: ProxyHeader.State?) {
        passage?.watch?.cancel()
        server.loop.execute {
            guard self.passage != nil else { return }
            guard case .whole(let address) = state else {
                self.server.settings.notice(.mispassed)
                return self.close()
            }
            if let address { self.become(address) }
            self.endPassage()
            self.enter(.greeting)
            if !self.server.count(self) { self.close() }
        }
    }
}
