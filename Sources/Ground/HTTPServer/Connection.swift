internal import CEventHTTP
internal import Crypto
internal import EventLoop
internal import Glibc
internal import HTTP

/// One client's connection: what it is doing, since when, and the stream between libevent's HTTP server and the socket.
///
/// Ownership: libevent owns the connection, its stream and its requests, and frees them when the connection ends, which
/// it says once (`ended`). Until then a request that was handed over stays valid: libevent neither reads from nor times
/// a connection between handing its request over and the answer, and so finds nothing to fail.
@safe final class Connection: @unchecked Sendable {  // It is touched on its loop's thread alone.
    /// What the connection is doing.
    enum Phase: Equatable {
        /// Nothing since it was accepted, or a TLS handshake: no request has come yet.
        case greeting
        /// Nothing: between requests.
        case idle
        /// A request is arriving.
        case reading
        /// The handler has the request.
        case handling
        /// An answer is on its way out.
        case answering
        /// The last answer is out; the client is given time to read it.
        case lingering
        /// libevent has ended it; its pointers are dead.
        case ended
    }

    let server: HTTPServer
    let stream: OpaquePointer  // bufferevent *
    /// Whether it is to be closed before a byte is read.
    let isDoomed: Bool
    /// Whether there was no room for it when it came: where there is none for its request either, that is answered 503.
    ///
    /// Once there is room it is one like the others.
    var isSurplus: Bool
    /// Which it is of all that were accepted.
    let place: Int
    /// Whether it counts among its address's connections.
    var isCounted = false
    /// Known from the first turn of the loop after it was accepted, until it has ended.
    private(set) var handle: OpaquePointer?  // evhttp_connection *
    private var address = ""
    /// The address as a number; nil where the system gave none.
    private(set) var number: NetworkAddress?
    /// What a proxy says before anything else; nil where none has to, and once it has.
    var passage: Passage?
    /// Who is on the other end; known when a request is.
    private(set) lazy var peer = HTTPPeer(address: address, certificate: certificate)
    private(set) var phase: Phase
    /// The tick at which the phase began.
    private(set) var since: Int
    /// The request that the handler has.
    var request: UnsafeMutablePointer<evhttp_request>?
    /// How many bytes of the request that is arriving have come, and of what is behind it.
    private(set) var received = 0
    /// How many of them came before the first NUL, where there is one.
    private(set) var firstNUL: Int?
    /// How far the head of the request that is arriving has come.
    private(set) var head = HeadProgress()

    /// Takes the stream that libevent is about to make a connection of.
    init(_ server: HTTPServer, stream: OpaquePointer, isDoomed: Bool, isSurplus: Bool) {
        self.server = server
        self.isDoomed = isDoomed
        self.isSurplus = isSurplus
        place = server.accepted
        unsafe self.stream = stream
        phase = .greeting
        since = server.ticks
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe evbuffer_add_cb(bufferevent_get_input(stream), Self.inputChanged, context)
        unsafe evbuffer_add_cb(bufferevent_get_output(stream), Self.outputChanged, context)
    }

    /// Learns the connection that libevent made of the stream; false where it made none.
    func attach() -> Bool {
        var context: UnsafeMutableRawPointer?
        unsafe bufferevent_getcb(stream, nil, nil, nil, &context)
        guard let context = unsafe context else { return false }
        let handle = OpaquePointer(context)
        unsafe self.handle = handle
        unsafe evhttp_connection_set_closecb(handle, Self.closed, Unmanaged.passUnretained(self).toOpaque())
        var address: UnsafeMutablePointer<CChar>?
        var port: UInt16 = 0
        unsafe evhttp_connection_get_peer(handle, &address, &port)
        // A link-local address comes with the name of an interface of this machine behind it.
        if let address = unsafe address {
            self.address = unsafe String(String(cString: address).prefix { $0 != "%" })
            number = NetworkAddress(self.address)
        }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(bufferevent_getfd(stream), Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
        return true
    }

    /// Takes another address for the client's, as a proxy says.
    func become(_ address: NetworkAddress) {
        self.address = address.description
        number = address
    }

    /// Whether it may be closed without anybody's loss.
    var isUnused: Bool { phase == .idle || phase == .greeting }

    private var certificate: PeerCertificate? {
        guard let session = unsafe bufferevent_openssl_get_ssl(stream), let peer = unsafe TLSPeer(of: session) else {
            return nil
        }
        return PeerCertificate(
            subjectAlternativeNames: peer.names,
            sha256: peer.sha256.bytes,
            publicKeySHA256: peer.publicKeySHA256.bytes
        )
    }

    /// Goes over to another phase, whose time begins now.
    func enter(_ phase: Phase) {
        self.phase = phase
        since = server.ticks
    }

    /// Takes a request that libevent has handed over, to be answered by `answer`.
    func take(_ request: UnsafeMutablePointer<evhttp_request>) {
        unsafe self.request = request
        enter(.handling)
    }

    /// Takes note that an answer has gone out whole.
    ///
    /// What the client sent ahead already counts as the next request's.
    func answered() {
        forgetRequest()
        enter(.idle)
        let input = unsafe bufferevent_get_input(stream)
        let ahead = unsafe evbuffer_get_length(input)
        if ahead > 0 { came(ahead, after: 0) }
        // The draining began while the answer was on its way, which therefore did not say that it is the last.
        if server.state == .draining { server.loop.execute { if self.isUnused { self.close() } } }
    }

    /// Ends the connection at once, whatever it is doing; never within a callback of libevent about it.
    func close() {
        guard let handle = unsafe handle else { return }
        endPassage()
        unsafe evhttp_connection_free(handle)
    }

    /// Some bytes are in the input, behind others.
    private func came(_ count: Int, after before: Int) {
        if phase == .lingering { return throwAway() }
        if isUnused { enter(.reading) }
        if firstNUL == nil, let offset = firstZero(after: before) { firstNUL = received + offset - before }
        if !head.isWhole { readHead(after: before, count: count) }
        received += count
        server.hold(count, for: self)
    }

    /// Lets go of what is known of a request that was answered.
    private func forgetRequest() {
        server.letGo(received)
        received = 0
        firstNUL = nil
        head = HeadProgress()
    }

    /// Looks for the end of the head in bytes that have come.
    private func readHead(after offset: Int, count: Int) {
        let input = unsafe bufferevent_get_input(stream)
        var start = unsafe evbuffer_ptr()
        guard unsafe evbuffer_ptr_set(input, &start, offset, EVBUFFER_PTR_SET) == 0 else { return }
        // More than this is refused for its size.
        let size = min(count, server.settings.limits.headBytes + 1)
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { bytes in
            let copied = unsafe evbuffer_copyout_from(input, &start, bytes.baseAddress, size)
            for index in 0..<max(0, copied) { unsafe head.take(bytes[index]) }
        }
    }

    /// The offset in the input of the first NUL from an offset on.
    private func firstZero(after offset: Int) -> Int? {
        let input = unsafe bufferevent_get_input(stream)
        var start = unsafe evbuffer_ptr()
        guard unsafe evbuffer_ptr_set(input, &start, offset, EVBUFFER_PTR_SET) == 0 else { return nil }
        let found = unsafe evbuffer_search(input, "\0", 1, &start)
        return unsafe found.pos < 0 ? nil : found.pos
    }

    /// libevent has ended the connection, and frees its stream and requests right after.
    private func ended() {
        // Where libevent gave the request up before, it is nobody's but ours.
        if let request = unsafe request, unsafe evhttp_request_get_connection(request) == nil {
            unsafe evhttp_request_free(request)
        }
        unsafe request = nil
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe evbuffer_remove_cb(bufferevent_get_input(stream), Self.inputChanged, context)
        unsafe evbuffer_remove_cb(bufferevent_get_output(stream), Self.outputChanged, context)
        phase = .ended
        server.letGo(received)
        server.ended(self)
        unsafe handle = nil
    }

    /// The connection that a callback of libevent's is about.
    static func connection(_ context: UnsafeMutableRawPointer?) -> Connection? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
    }

    private static let inputChanged: evbuffer_cb_func = { _, change, context in
        guard let change = unsafe change, unsafe change.pointee.n_added > 0 else { return }
        unsafe connection(context)?.came(change.pointee.n_added, after: change.pointee.orig_size)
    }

    private static let outputChanged: evbuffer_cb_func = { _, change, context in
        guard let change = unsafe change, unsafe change.pointee.n_added > 0 else { return }
        unsafe connection(context)?.wrote(after: change.pointee.orig_size)
    }

    private static let closed: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void = { _, context in
        unsafe connection(context)?.ended()
    }
}
