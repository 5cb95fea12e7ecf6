internal import CEventHTTP
internal import EventLoop
internal import Glibc
internal import Locks

/// The socket that takes new connections, which libevent's HTTP server owns and closes.
@safe final class Listener {
    let port: UInt16
    private let engine: OpaquePointer  // evhttp *
    private let socket: OpaquePointer  // evhttp_bound_socket *
    private let handle: OpaquePointer  // evconnlistener *

    /// Listens, and gives an HTTP server what comes; the server owns the socket from then on.
    init(_ engine: OpaquePointer, on loop: EventLoop, _ settings: HTTPServer.Settings) throws(HTTPServerError) {
        let handle = try unsafe Self.listen(on: loop, settings)
        guard let socket = unsafe evhttp_bind_listener(engine, handle) else {
            unsafe evconnlistener_free(handle)
            throw HTTPServerError(.memory, settings)
        }
        unsafe evconnlistener_set_error_cb(handle, Self.acceptFailed)
        unsafe self.engine = engine
        unsafe self.socket = socket
        unsafe self.handle = handle
        port = unsafe Self.port(of: evconnlistener_get_fd(handle))
    }

    /// Leaves new connections in the system's queue.
    func pause() { unsafe evconnlistener_disable(handle) }

    /// Takes connections again.
    func resume() { unsafe evconnlistener_enable(handle) }

    /// Closes the socket for good.
    func close() { unsafe evhttp_del_accept_socket(engine, socket) }

    private static func listen(
        on loop: EventLoop,
        _ settings: HTTPServer.Settings
    ) throws(HTTPServerError) -> OpaquePointer {
        if let inherited = settings.inherited { return try unsafe listen(on: loop, settings, sharing: inherited) }
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(settings.address, String(settings.port), &hints, &found) == 0,
            let address = unsafe found
        else { throw HTTPServerError(.address, settings) }
        defer { unsafe freeaddrinfo(address) }
        let options =
            LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE | LEV_OPT_REUSEABLE_PORT
        let handle = unsafe evconnlistener_new_bind(
            loop.base,
            nil,
            nil,
            options,
            SOMAXCONN,
            address.pointee.ai_addr,
            Int32(address.pointee.ai_addrlen)
        )
        guard let handle = unsafe handle else { throw HTTPServerError(.listen, settings, number: errno) }
        return unsafe handle
    }

    /// Takes connections from a socket that is listened on already, by a descriptor of its own.
    private static func listen(
        on loop: EventLoop,
        _ settings: HTTPServer.Settings,
        sharing inherited: Int32
    ) throws(HTTPServerError) -> OpaquePointer {
        let own = fcntl(inherited, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else { throw HTTPServerError(.listen, settings, number: errno) }
        // A backlog of 0 tells libevent that somebody else has called listen(2).
        let options = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC
        guard let handle = unsafe evconnlistener_new(loop.base, nil, nil, options, 0, own) else {
            Glibc.close(own)
            throw HTTPServerError(.memory, settings)
        }
        return unsafe handle
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                // sin_port and sin6_port are the same two bytes.
                unsafe getsockname(
                    descriptor,
                    UnsafeMutableRawPointer(address).assumingMemoryBound(to: sockaddr.self),
                    &length
                )
                return unsafe UInt16(bigEndian: address.pointee.sin6_port)
            }
        }
    }

    /// accept(2) failed, most likely for want of descriptors: without a pause the loop would spin on it.
    private static let acceptFailed: evconnlistener_errorcb = { handle, _ in
        guard let handle = unsafe handle else { return }
        unsafe evconnlistener_disable(handle)
        let address = UInt(bitPattern: handle)
        failed.withLock { _ = $0.insert(address) }
    }

    /// The listeners that could not accept; libevent gives the callback nothing of ours.
    private static let failed = Lock<Set<UInt>>([])

    /// Whether a connection could not be accepted since this was last asked.
    func lacksDescriptors() -> Bool {
        let address = unsafe UInt(bitPattern: handle)
        return Self.failed.withLock { $0.remove(address) != nil }
    }
}
