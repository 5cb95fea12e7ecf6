internal import Locks
internal import POSIX

/// Some connections to one server, each for one thread at a time, which come back by themselves when the server does.
///
/// While the server is away every call fails at once, and nobody waits for a connection to be made: that is done on a thread
/// of its own, again and again, until it succeeds. Calls block: they belong on a `WorkerThread`.
package final class PostgresPool: Sendable {
    /// How long the first try to connect again is waited for, and the longest wait between two.
    private static let pauses = (first: Duration.milliseconds(50), longest: Duration.seconds(1))

    private let address: PostgresAddress
    private let limits: PostgresLimits
    private let slots: [Lock<Slot>]
    private let state = Lock(State())
    private let thread: WorkerThread

    /// Connects so many times.
    ///
    /// - Throws: `PostgresError` of the first connection that cannot be made.
    package init(_ address: PostgresAddress, connections: Int, _ limits: PostgresLimits = .init()) throws(PostgresError)
    {
        self.address = address
        self.limits = limits
        var slots: [Lock<Slot>] = []
        for _ in 0..<connections { slots.append(Lock(Slot(try PostgresConnection(to: address, limits)))) }
        self.slots = slots
        do throws(POSIXError) { thread = try WorkerThread() } catch {
            throw PostgresError(.connection, "no thread to connect on: \(error)")
        }
    }

    deinit { thread.stop() }

    /// Why calls fail at once; nil while they do not.
    package var outage: PostgresError? { state.withLock { $0.outage } }

    /// Lets a closure have one of the connections, given by its number; what it leaves open is rolled back.
    ///
    /// - Throws: what the closure throws, or what `failed` makes of the reason why there is no connection.
    package func use<Answer: Sendable, Failure: Error>(
        _ number: Int,
        _ failed: (PostgresError) -> Failure,
        _ work: (inout PostgresConnection) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        if let outage { throw failed(outage) }
        return try slots[number].withLock { slot throws(Failure) in
            defer { if slot.isEmpty { mend() } }
            return try slot.use(failed, work)
        }
    }

    /// Lets a closure have one of the connections, where the server's own failure is the caller's.
    ///
    /// - Throws: `PostgresError`.
    package func use<Answer: Sendable>(
        _ number: Int,
        _ work: (inout PostgresConnection) throws(PostgresError) -> Answer
    ) throws(PostgresError) -> Answer {
        func same(_ error: PostgresError) -> PostgresError { error }
        return try use(number, same, work)
    }

    /// Begins to connect again, unless that is under way.
    private func mend() {
        let isFirst = state.withLock { state in
            guard state.outage == nil else { return false }
            state.outage = PostgresError(.connection, "the connection was lost a moment ago, and is being made again")
            return true
        }
        guard isFirst else { return }
        Task.detached(executorPreference: thread) { [weak self] in
            var pause = Self.pauses.first
            while let isMended = self?.reconnect(), !isMended {
                WorkerThread.pause(for: pause)
                pause = min(pause * 2, Self.pauses.longest)
            }
        }
    }

    /// Replaces the connections that are of no more use; false where the server is still away.
    private func reconnect() -> Bool {
        do throws(PostgresError) {
            for slot in slots where slot.withLock({ $0.isUnusable }) {
                let connection = try PostgresConnection(to: address, limits)
                slot.fill(connection)
            }
            state.withLock { $0.outage = nil }
            return true
        } catch {
            state.withLock { $0.outage = error }
            return false
        }
    }

    /// What is known of the server.
    private struct State {
        var outage: PostgresError?
    }
}

extension Lock where Value == Slot {
    fileprivate func fill(_ connection: consuming sending PostgresConnection) {
        var new: PostgresConnection? = consume connection
        withLock { slot in slot.connection = new.take() }
    }
}

/// The place of a connection, empty from its loss until it has been made again.
private struct Slot: ~Copyable {
    var connection: PostgresConnection?

    init(_ connection: consuming PostgresConnection) { self.connection = consume connection }

    var isEmpty: Bool {
        switch connection {
        case .some: false
        case .none: true
        }
    }

    /// Whether the connection is gone, which it may be without anybody having noticed yet.
    var isUnusable: Bool {
        mutating get {
            connection?.listen()
            dropIfBroken()
            return isEmpty
        }
    }

    private mutating func dropIfBroken() { if connection?.isBroken == true { connection = nil } }

    mutating func use<Answer, Failure: Error>(
        _ failed: (PostgresError) -> Failure,
        _ work: (inout PostgresConnection) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        guard !isUnusable, var taken = connection.take() else {
            throw failed(PostgresError(.connection, "the server has closed the connection"))
        }
        do throws(Failure) {
            let answer = try work(&taken)
            put(taken)
            return answer
        } catch {
            put(taken)
            throw error
        }
    }

    /// Puts a connection back as it should be: with no transaction open, and only where it is of use.
    private mutating func put(_ taken: consuming PostgresConnection) {
        if taken.isInTransaction, !taken.isBroken { _ = try? taken.run(PostgresQuery("ROLLBACK")) }
        if taken.isBroken || taken.isInTransaction { return }
        connection = consume taken
    }
}
