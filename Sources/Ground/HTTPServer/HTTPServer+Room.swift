internal import EventLoop
internal import HTTP

/// How a server stays within its limits, and who has to give way.
extension HTTPServer {
    /// Whether there are as many connections as there may be.
    var isFull: Bool { connections.count + arrivals.count >= settings.limits.connections }

    /// Whether there are more than there may be, of which some are to be told so.
    var isOverfull: Bool { connections.count + arrivals.count > settings.limits.connections }

    /// Whether there is room for one more, were it only to be told that there is none.
    var mayAccept: Bool {
        connections.count + arrivals.count < settings.limits.connections + settings.limits.surplus
    }

    /// Counts a connection for its address; false where that has enough.
    func count(_ connection: Connection) -> Bool {
        guard let address = connection.number, !settings.limits.uncounted.contain(address),
            settings.proxies?.addresses.contain(address) != true
        else { return true }
        connection.isCounted = settings.census.enter(address, limit: settings.limits.connectionsPerAddress)
        if !connection.isCounted { settings.notice(.crowdedAddress) }
        return connection.isCounted
    }

    /// Closes connections in the next turn, as one came for which there was no room; never while libevent accepts.
    func needRoom() {
        guard !isMakingRoom else { return }
        isMakingRoom = true
        loop.execute {
            self.isMakingRoom = false
            guard self.state == .open else { return }
            // A few more than needed, so that not each newcomer takes a look at all of them.
            let limit = self.settings.limits.connections
            self.makeRoom(for: self.connections.count - limit + limit / 64)
            self.settleSurplus()
        }
    }

    /// Takes those that came when there was no room for ones like the others, where there is room for all of them now.
    func settleSurplus() {
        guard !isOverfull else { return }
        for connection in connections.values where connection.isSurplus { connection.isSurplus = false }
    }

    /// Closes those connections that have waited longest for their clients: slow and silent ones are what a flood of them
    /// takes the room of others with, and an idle one its client has to be ready to lose (RFC 9112, section 9.5).
    func makeRoom(for count: Int) {
        guard count > 0 else { return }
        let waiting = connections.values.filter { !$0.isSurplus && $0.waitsForClient }
            .sorted {
                ($0.since, $0.phase == .idle ? 1 : 0, $0.place) < ($1.since, $1.phase == .idle ? 1 : 0, $1.place)
            }
        for connection in waiting.prefix(count) {
            settings.notice(.crowdedOut)
            connection.close()
        }
    }

    /// Counts bytes of a request that have come, and refuses the request where all together are too many.
    func hold(_ count: Int, for connection: Connection) {
        held += count
        guard held > settings.limits.buffered, connection.phase == .reading else { return }
        // libevent is reading it at this moment.
        loop.execute {
            guard self.held > self.settings.limits.buffered, connection.phase == .reading else { return }
            self.settings.notice(.memory)
            connection.refuse(503, "requests that are under way take all the memory that there is for them")
        }
    }

    /// Lets go of bytes of a request that is over.
    func letGo(_ count: Int) { held -= count }
}

extension Connection {
    /// Whether its client is what it waits for.
    fileprivate var waitsForClient: Bool {
        switch phase {
        case .greeting, .idle, .reading, .lingering: true
        case .handling, .answering, .ended: false
        }
    }
}
