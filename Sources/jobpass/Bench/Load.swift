internal import EventLoop
internal import HTTP
internal import Locks
internal import Time

/// Requests for one and the same thing, from many connections for some time, and how long each took.
struct Load: Sendable {
    /// When requests are sent.
    enum Pace: Equatable, Sendable {
        /// Each connection asks as soon as it has its answer: what the server can do at most.
        case closed
        /// So many a second, whatever becomes of them: what a caller waits for at that rate.
        ///
        /// A request that could not be sent when its time had come has waited since then, so that a server that stops shows in
        /// every request that it kept waiting, not in one for each connection ("coordinated omission").
        case open(Double)
    }

    let requests: [OutgoingRequest]
    let connections: Int
    let duration: Duration
    let pace: Pace

    /// What came of it.
    struct Outcome: Sendable {
        var latencies = LatencyHistogram()
        var elapsed = Duration.zero
        /// Answers other than 200, by their status; 0 stands for none at all.
        var failures: [Int: Int] = [:]
        /// What the first failure says.
        var firstFailure: String?

        /// Answers of 200 a second.
        var rate: Double { elapsed > .zero ? Double(latencies.count) / (elapsed / .seconds(1)) : 0 }
    }

    /// Puts the load on, from the calling loop.
    func run(over transport: any Transport, on loop: EventLoop) async -> Outcome {
        let start = ContinuousClock.now
        let turns = Lock(0)
        var outcome = await withTaskGroup(of: Outcome.self) { group in
            for number in 0..<connections {
                let request = requests[number % requests.count]
                group.addTask(executorPreference: loop) {
                    await ask(request, over: transport, on: loop, since: start, turns)
                }
            }
            return await group.reduce(into: Outcome()) { all, one in all.add(one) }
        }
        outcome.elapsed = start.duration(to: .now)
        return outcome
    }

    private func ask(
        _ request: OutgoingRequest,
        over transport: any Transport,
        on loop: EventLoop,
        since start: ContinuousClock.Instant,
        _ turns: Lock<Int>
    ) async -> Outcome {
        var outcome = Outcome()
        let end = start + duration
        while true {
            var due = ContinuousClock.now
            if case .open(let rate) = pace {
                let turn = turns.withLock { turn in
                    turn += 1
                    return turn - 1
                }
                due = start + .seconds(Double(turn) / rate)
                guard due < end else { return outcome }
                let wait = ContinuousClock.now.duration(to: due)
                if wait > .zero { try? await loop.sleep(for: wait) }
            }
            guard ContinuousClock.now < end, !Task.isCancelled else { return outcome }
            do throws(TransportError) {
                let response = try await transport.send(request)
                outcome.note(response, after: due.duration(to: .now))
            } catch {
                outcome.fail(0, error.description)
            }
        }
    }
}

extension Load.Outcome {
    fileprivate mutating func note(_ response: HTTPResponse, after time: Duration) {
        guard response.status == 200 else {
            return fail(response.status, String(decoding: response.body.prefix(300), as: UTF8.self))
        }
        latencies.record(time)
    }

    fileprivate mutating func fail(_ status: Int, _ words: String) {
        failures[status, default: 0] += 1
        firstFailure = firstFailure ?? words
    }

    fileprivate mutating func add(_ other: Self) {
        latencies.add(other.latencies)
        failures.merge(other.failures, uniquingKeysWith: +)
        firstFailure = firstFailure ?? other.firstFailure
    }
}
