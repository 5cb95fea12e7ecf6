internal import CEventHTTP
internal import Crypto
internal import EventLoop
internal import HTTP
internal import Locks

/// The life of the connections.
extension HTTPServer {
    /// Makes the stream of a connection that libevent has just accepted.
    func accept() -> OpaquePointer? {
        let options = Int32(BEV_OPT_CLOSE_ON_FREE.rawValue)  // of the TLS session too
        var stream: OpaquePointer?
        if let tls {
            let session = unsafe try? tls.makeSession()
            unsafe stream = session.flatMap { session in
                unsafe bufferevent_openssl_socket_new(loop.base, -1, session, BUFFEREVENT_SSL_ACCEPTING, options)
            }
        }
        // Given nothing, libevent would make a plain stream of its own and serve it; a stream of ours can be closed.
        let isDoomed = unsafe tls != nil && stream == nil
        guard let stream = unsafe stream ?? bufferevent_socket_new(loop.base, -1, options) else { return nil }
        // Held until the connection is known: where libevent fails to make it, it frees the stream.
        unsafe bufferevent_incref(stream)
        if arrivals.isEmpty { loop.execute { self.attachArrivals() } }
        let isSurplus = isFull
        accepted += 1
        arrivals.append(unsafe Connection(self, stream: stream, isDoomed: isDoomed, isSurplus: isSurplus))
        if isSurplus { needRoom() }
        if !mayAccept { listener.pause() }
        return unsafe stream
    }

    /// Gets to know the connections that libevent has made since the last turn, before it reads from any of them.
    private func attachArrivals() {
        for connection in arrivals {
            if connection.attach(), let handle = unsafe connection.handle {
                connections[UInt(bitPattern: handle)] = connection
                settings.notice(.opened)
                if !connection.isDoomed, connection.needsPassage {
                    connection.awaitPassage()
                } else if connection.isDoomed || !count(connection) {
                    connection.close()
                }
            }
            unsafe bufferevent_decref(connection.stream)
        }
        arrivals.removeAll(keepingCapacity: true)
    }

    /// The connection of a request that libevent hands over.
    func connection(of request: UnsafeMutablePointer<evhttp_request>) -> Connection? {
        guard let handle = unsafe evhttp_request_get_connection(request) else { return nil }
        return connections[UInt(bitPattern: handle)]
    }

    /// Forgets a connection that libevent has ended.
    func ended(_ connection: Connection) {
        guard let handle = unsafe connection.handle else { return }
        connections[UInt(bitPattern: handle)] = nil
        settings.notice(.closed)
        if connection.isCounted, let address = connection.number { settings.census.leave(address) }
        if state == .open, mayAccept { listener.resume() }
        if state != .open, connections.isEmpty { loop.execute { self.finish() } }
    }

    /// Ends what has taken too long.
    func sweep() {
        ticks += 1
        date = HTTPDate.now()
        cutOff(connections.values.filter(isLate)[...])
        if listener.lacksDescriptors() {
            settings.notice(.descriptors)
            makeRoom(for: max(1, connections.count / 16))
        }
        settleSurplus()
        if state == .open, mayAccept { listener.resume() }
    }

    /// Whether a connection has taken longer for what it is doing than it may.
    private func isLate(_ connection: Connection) -> Bool {
        let limits = settings.limits
        let head = min(limits.head, limits.request)
        let allowed: Duration
        switch connection.phase {
        case .idle: allowed = limits.idle
        case .greeting: allowed = min(head, limits.idle)
        case .reading: allowed = connection.head.isWhole ? limits.request : head
        case .answering: allowed = limits.request
        case .lingering: allowed = min(.seconds(2), limits.request)
        case .handling, .ended: return false
        }
        return ticks - connection.since > limits.ticks(in: allowed)
    }

    /// Cuts off some in each turn of the loop: thousands at once would keep everybody else's requests waiting.
    private func cutOff(_ late: ArraySlice<Connection>) {
        for connection in late.prefix(32) where isLate(connection) {
            if connection.phase == .reading {
                connection.refuseLate()
            } else {
                if connection.phase == .greeting { settings.notice(.late) }
                connection.close()
            }
        }
        let rest = late.dropFirst(32)
        if !rest.isEmpty { loop.execute { self.cutOff(rest) } }
    }

    /// How many connections there are now.
    package var openConnections: Int {
        get async { await loop.perform { self.connections.count + self.arrivals.count } }
    }

    /// Ends the server in good order: takes no new connection, closes those that are idle, and lets each request that is
    /// under way finish, for as long as the grace lasts; what is left then is cut off.
    package func drain(for grace: Duration) async {
        let cut = Task(executorPreference: loop) { [loop] in
            try await loop.sleep(for: grace)
            loop.execute { self.cutOff() }
        }
        await Reply<Void>.wait { waiter in
            // Never within a callback of libevent's, in which the caller may be: the server may be freed here.
            loop.execute { self.beginDraining(waiter) }
        }
        cut.cancel()
    }

    /// Ends the server and its connections at once.
    package func close() async { await drain(for: .zero) }

    private func beginDraining(_ waiter: Reply<Void>) {
        guard state != .closed else { return waiter.give() }
        waiters.append(waiter)
        guard state == .open else { return }
        state = .draining
        attachArrivals()
        listener.close()
        for connection in connections.values where connection.isUnused { connection.close() }
        if connections.isEmpty { finish() }
    }

    private func cutOff() {
        for connection in connections.values { connection.close() }
    }

    private func finish() {
        guard state == .draining, connections.isEmpty else { return }
        state = .closed
        for waiter in waiters { waiter.give() }
        waiters = []
        release()
    }
}
