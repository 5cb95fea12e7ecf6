internal import CEventHTTP
package import Crypto
package import EventLoop
package import HTTP
internal import Locks

/// HTTPServer owns the listener of one event loop and the connections that it accepts: limits, deadlines, and the strict
/// reading of what libevent's HTTP server parsed.
///
/// There is one server a loop; several on one address share it by SO_REUSEPORT.
///
/// It parses no bytes of HTTP itself, knows no path, and never shows an answer of libevent's own making: every error a
/// client can see has the body that `Settings.errorBody` gives it. A connection whose requests cannot be told apart with
/// certainty is closed after the answer (RFC 9112, section 11.2, request smuggling).
///
/// RFC 9110 (semantics), RFC 9112 (HTTP/1.1).
@safe package final class HTTPServer: @unchecked Sendable {  // Its state is touched on its loop's thread alone.
    /// Answers a request.
    ///
    /// It runs as a task of the server's loop, many at once.
    package typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    let loop: EventLoop
    private(set) var settings: Settings
    let handler: Handler
    /// What connections accepted from now on show; nil for plain HTTP.
    var tls: TLSServerContext?
    /// The port it listens on: that of the settings, or what the system chose for 0.
    package let port: UInt16
    let listener: Listener
    var sweeper: EventTimer?
    /// Connections that libevent has accepted and not yet closed, by libevent's address of them.
    var connections: [UInt: Connection] = [:]
    /// Those accepted in this turn of the loop, which libevent has not yet made known.
    var arrivals: [Connection] = []
    /// How many bytes of requests are in memory.
    var held = 0
    /// How many connections were accepted.
    var accepted = 0
    /// Whether connections are about to be closed for others.
    var isMakingRoom = false
    /// Turns of the sweeper since the start: the clock that deadlines are measured by.
    var ticks = 0
    /// The `Date` of answers, renewed by the sweeper.
    var date = HTTPDate.now()
    var state = State.open
    /// Who waits for the last connection to close.
    var waiters: [Reply<Void>] = []
    private let engine: OpaquePointer  // evhttp *

    enum State {
        case open
        /// No new connections; each one ends with the request under way.
        case draining
        case closed
    }

    private init(on loop: EventLoop, settings: Settings, handler: @escaping Handler) throws(HTTPServerError) {
        guard let engine = unsafe evhttp_new(loop.base) else { throw HTTPServerError(.memory, settings) }
        let listener: Listener
        do throws(HTTPServerError) {
            listener = try unsafe Listener(engine, on: loop, settings)
        } catch {
            unsafe evhttp_free(engine)
            throw error
        }
        self.loop = loop
        self.settings = settings
        tls = settings.tls
        self.handler = handler
        self.listener = listener
        port = listener.port
        unsafe self.engine = engine
    }

    /// Starts to listen.
    ///
    /// The server lives until `close`, whether somebody holds it or not.
    ///
    /// - Throws: `HTTPServerError` where the address is no address, or is not free.
    package static func start(
        on loop: EventLoop,
        settings: Settings,
        handler: @escaping Handler
    ) async throws(HTTPServerError) -> HTTPServer {
        try await loop.perform { () throws(HTTPServerError) in
            let server = try HTTPServer(on: loop, settings: settings, handler: handler)
            try server.configure()
            return server
        }
    }

    /// Shows another certificate to connections that come from now on, and holds all of them to other limits.
    ///
    /// Connections that stand keep their TLS session, and libevent the sizes that it has told them.
    package func renew(
        tls: TLSServerContext?,
        limits: Limits,
        proxies: TrustedProxies? = nil,
        strictTransport: Duration = .zero
    ) async {
        await loop.perform {
            guard self.state == .open else { return }
            // Plain HTTP stays plain, and TLS stays TLS: a port that changed its protocol would be another listener.
            if let tls, self.tls != nil { self.tls = tls }
            self.settings.limits = limits
            self.settings.proxies = proxies
            self.settings.strictTransport = strictTransport
            self.applyLimits()
        }
    }

    private func configure() throws(HTTPServerError) {
        do throws(EventLoopError) {
            sweeper = try EventTimer(on: loop) { [unowned self] in sweep() }
        } catch {
            unsafe evhttp_free(engine)
            throw HTTPServerError(.memory, settings)
        }
        applyLimits()
        unsafe evhttp_set_default_content_type(engine, nil)
        // Every method reaches `handle`, unknown ones too (a bit of libevent's own): libevent would refuse them in HTML.
        unsafe evhttp_set_allowed_methods(engine, .max)
        let context = unsafe Unmanaged.passRetained(self).toOpaque()  // until `close`
        unsafe evhttp_set_bevcb(engine, Self.makeStream, context)
        unsafe evhttp_set_gencb(engine, Self.handleRequest, context)
    }

    private func applyLimits() {
        sweeper?.set(every: settings.limits.tick)
        unsafe evhttp_set_max_headers_size(engine, settings.limits.headBytes)
        unsafe evhttp_set_max_body_size(engine, settings.limits.bodyBytes)
    }

    /// Frees libevent's side, and with it every connection that is left.
    func release() {
        sweeper = nil
        unsafe evhttp_free(engine)
        unsafe Unmanaged.passUnretained(self).release()
    }

    /// libevent asks for the stream of a connection that it has just accepted.
    private static let makeStream: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> OpaquePointer? = {
        _,
        context in
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue().accept()
    }

    /// libevent hands over a request that it has read to its end.
    private static let handleRequest:
        @convention(c) (UnsafeMutablePointer<evhttp_request>?, UnsafeMutableRawPointer?) -> Void = { request, context in
            guard let request = unsafe request, let context = unsafe context else { return }
            unsafe Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue().received(request)
        }
}
