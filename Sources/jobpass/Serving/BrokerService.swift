internal import Broker
internal import Configuration
internal import Crypto
internal import EventLoop
internal import Exchange
internal import HTTP
internal import HTTPClient
internal import HTTPServer
internal import POSIX

/// A broker at work: one event loop a core, each with a listener of its own on the one port, and a client of its own.
struct BrokerService: Sendable {
    private let broker: Broker
    private let loops: [EventLoop]
    private let servers: [HTTPServer]
    /// The port that is listened on.
    let port: UInt16

    /// Starts to listen, on sockets that were inherited where there are any; answers come from the moment this returns.
    ///
    /// - Throws: `HTTPServerError`, `CryptoError` or `EventLoopError`.
    init(_ broker: Broker, _ settings: Settings, inherited: [Int32] = []) async throws {
        let tls = try settings.tls.map(Self.context)
        let census = AddressCensus()
        var loops: [EventLoop] = []
        var servers: [HTTPServer] = []
        for number in 0..<ThisMachine.cores {
            let loop = try EventLoop()
            try loop.start(name: "jobpass-\(number)")
            let client = HTTPClient(on: loop)
            let pacing = Pacing(on: loop)
            for socket in inherited.isEmpty ? [nil] : inherited.map(Optional.some) {
                var listening = HTTPServer.Settings(
                    address: settings.listen.host,
                    // Port 0 lets the system choose for the first loop; the others share what it chose.
                    port: servers.first?.port ?? settings.listen.port,
                    tls: tls,
                    limits: Self.limits(settings.limits),
                    errorBody: { broker.refuse(status: $0, reason: $1) }
                )
                listening.inherited = socket
                listening.census = census
                listening.proxies = settings.proxies
                listening.strictTransport = settings.tls?.strictTransport ?? .zero
                listening.notice = { Self.note($0, to: broker) }
                let server = try await HTTPServer.start(on: loop, settings: listening) { request in
                    await broker.answer(request, over: client, pacing: pacing)
                }
                servers.append(server)
            }
            loops.append(loop)
        }
        self.broker = broker
        self.loops = loops
        self.servers = servers
        port = servers[0].port
    }

    /// What another configuration changes at the listeners, read and checked but not yet in force.
    struct Renewal: Sendable {
        fileprivate let tls: TLSServerContext?
        fileprivate let limits: HTTPServer.Limits
        fileprivate let proxies: TrustedProxies?
        fileprivate let strictTransport: Duration
    }

    /// Reads what another configuration names for the listeners.
    ///
    /// - Throws: `CryptoError` or `POSIXError` where a file of `tls` cannot be used.
    static func renewal(_ settings: Settings) throws -> Renewal {
        Renewal(
            tls: try settings.tls.map(context),
            limits: limits(settings.limits),
            proxies: settings.proxies,
            strictTransport: settings.tls?.strictTransport ?? .zero
        )
    }

    /// Puts certificates and limits in force, for connections and requests that come from now on.
    func adopt(_ renewal: Renewal) async {
        for server in servers {
            await server.renew(
                tls: renewal.tls,
                limits: renewal.limits,
                proxies: renewal.proxies,
                strictTransport: renewal.strictTransport
            )
        }
    }

    /// Stops: `/readyz` turns 503, no new connections, then what is under way finishes, within the grace.
    func stop(within grace: Duration) async {
        broker.drain()
        await withTaskGroup(of: Void.self) { group in
            for server in servers { group.addTask { await server.drain(for: grace) } }
        }
        for loop in loops { loop.stop() }
    }

    private static func context(_ settings: TLSSettings) throws -> TLSServerContext {
        var key = try Files.readSecret(settings.privateKey)
        return try TLSServerContext(
            certificateChain: try Files.read(settings.certificate, limit: 1 << 20),
            privateKey: SecretBytes(consuming: &key),
            clientAuthorities: try settings.clientCA.map { try Files.read($0, limit: 1 << 20) }
        )
    }

    /// The limits of one loop's server; connections are spread over the loops by the kernel, evenly.
    private static func limits(_ settings: LimitSettings) -> HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.connections = max(1, connections(settings) / ThisMachine.cores)
        limits.connectionsPerAddress = settings.connectionsPerAddress
        limits.uncounted = settings.unlimitedAddresses
        // One request of the largest size has room in any case.
        limits.buffered = max(settings.bufferedBytes / ThisMachine.cores, settings.bodyBytes + settings.headerBytes)
        limits.head = settings.headerTimeout
        limits.headBytes = settings.headerBytes
        limits.fields = settings.headerFields
        limits.targetBytes = settings.targetBytes
        limits.bodyBytes = settings.bodyBytes
        limits.idle = settings.idleTimeout
        limits.request = settings.requestTimeout
        return limits
    }

    /// How many files a broker has open besides connections of clients: the store, the network to clouds, its loops.
    private static let filesBesides = 256

    /// How many connections there may be: as many as the configuration says, and as the system's limit of open files leaves.
    static func connections(_ settings: LimitSettings) -> Int {
        let files = ThisProcess.raiseDescriptorLimit()
        return min(settings.connections, max(files - filesBesides, files / 2))
    }

    /// Tells the metrics what became of a connection.
    private static func note(_ notice: HTTPServer.Notice, to broker: Broker) {
        switch notice {
        case .opened: broker.note(connections: 1)
        case .closed: broker.note(connections: -1)
        case .crowded: broker.note(.connections)
        case .crowdedOut: broker.note(.crowdedOut)
        case .crowdedAddress: broker.note(.addressConnections)
        case .late: broker.note(.time)
        case .mispassed: broker.note(.proxyHeader)
        case .memory: broker.note(.memory)
        case .descriptors: broker.note(.descriptors)
        }
    }
}
