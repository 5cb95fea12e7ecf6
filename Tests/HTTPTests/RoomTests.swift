import EventLoop
import HTTP
import HTTPServer
import Locks
import Support
import Testing

@Suite("Who has to give way where there is no room")
struct RoomTests {
    private static let line = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    private static let slow = "GET /slow HTTP/1.1\r\nHost: x\r\n"

    /// What a server told of its connections.
    private final class Notices: Sendable {
        private let all = Lock<[HTTPServer.Notice: Int]>([:])
        func add(_ notice: HTTPServer.Notice) { all.withLock { $0[notice, default: 0] += 1 } }
        func count(_ notice: HTTPServer.Notice) -> Int { all.withLock { $0[notice] ?? 0 } }
    }

    private static func limits(_ connections: Int) -> HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.connections = connections
        return limits
    }

    /// Opens connections that each say the same, in this order.
    private static func open(_ count: Int, to server: TestHTTPServer, saying text: String) async throws -> [HeldSocket]
    {
        let port = server.server.port
        return try await onThread {
            try (0..<count).map { _ in
                let held = HeldSocket(try RawSocket(to: port))
                try held.socket.send(text)
                return held
            }
        }
    }

    /// Waits until a server has so many connections.
    private static func wait(for count: Int, at server: TestHTTPServer) async throws {
        while await server.server.openConnections != count { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("a newcomer takes the place of one that is slow, and not of one that is at work")
    func newcomer() async throws {
        let gate = Gate()
        let notices = Notices()
        let server = try await TestHTTPServer(limits: Self.limits(4), notice: notices.add) { request in
            if request.path == "/work" { await gate.wait() }
            return HTTPResponse(status: 200, body: Array("done".utf8))
        }
        let slow = try await Self.open(2, to: server, saying: Self.slow)
        let working = try await Self.open(
            2,
            to: server,
            saying: "GET /work HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        try await Self.wait(for: 4, at: server)
        let answer = try await server.answer(to: Self.line, thenHalfClose: true)
        #expect(answer.statuses == [200])
        #expect(notices.count(.crowdedOut) >= 1)
        #expect(notices.count(.crowded) == 0)
        gate.open()
        for held in working {
            #expect(try await onThread { held.socket.receiveAll().text }.hasSuffix("done"))
        }
        withExtendedLifetime(slow) {}
    }

    @Test("where all are at work a newcomer is told so with 503, and served once one is done")
    func busy() async throws {
        let gate = Gate()
        let notices = Notices()
        let server = try await TestHTTPServer(limits: Self.limits(3), notice: notices.add) { request in
            if request.path == "/work" { await gate.wait() }
            return HTTPResponse(status: 200)
        }
        let working = try await Self.open(
            3,
            to: server,
            saying: "GET /work HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        try await Self.wait(for: 3, at: server)
        let refused = try await server.answer(to: Self.line)
        #expect(refused.statuses == [503])
        #expect(refused.ending == .closed)
        #expect(notices.count(.crowded) == 1)
        gate.open()
        for held in working { _ = try await onThread { held.socket.receiveAll() } }
        #expect(try await server.answer(to: Self.line, thenHalfClose: true).statuses == [200])
    }

    @Test("connections far above the limit wait in the system's queue, and come to their turn")
    func queue() async throws {
        let gate = Gate()
        let server = try await TestHTTPServer(limits: Self.limits(2)) { _ in
            await gate.wait()
            return HTTPResponse(status: 200)
        }
        let all = try await Self.open(20, to: server, saying: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        gate.open()
        var statuses: Set<String> = []
        for held in all {
            let (text, ending) = try await onThread { held.socket.receiveAll() }
            statuses.insert(String(text.prefix(12)))
            #expect(ending != .silence)
        }
        // So many at once that some are closed for others before their request is read.
        #expect(statuses.isSubset(of: ["HTTP/1.1 200", "HTTP/1.1 503", ""]))
        #expect(statuses.contains("HTTP/1.1 200"))
        #expect(try await server.answer(to: Self.line, thenHalfClose: true).statuses == [200])
    }

    @Test("an address has so many connections and no more, unless it is one that is not counted")
    func perAddress() async throws {
        var limits = HTTPServer.Limits()
        limits.connectionsPerAddress = 2
        let notices = Notices()
        let server = try await TestHTTPServer(limits: limits, notice: notices.add) { _ in HTTPResponse(status: 200) }
        let held = try await Self.open(2, to: server, saying: Self.slow)
        try await Self.wait(for: 2, at: server)
        #expect(try await server.answer(to: Self.line).text.isEmpty)
        #expect(notices.count(.crowdedAddress) == 1)
        // One that ends makes room for another.
        try await onThread { held[0].socket.finishSending() }
        try await Self.wait(for: 1, at: server)
        #expect(try await server.answer(to: Self.line, thenHalfClose: true).statuses == [200])
        limits.uncounted = ["127.0.0.0/8"].compactMap(AddressRange.init)
        await server.server.renew(tls: nil, limits: limits)
        let more = try await Self.open(5, to: server, saying: Self.slow)
        try await Self.wait(for: 6, at: server)
        withExtendedLifetime((held, more)) {}
    }

    @Test("requests whose bodies together are too large are refused, and memory comes back with their end")
    func memory() async throws {
        var limits = HTTPServer.Limits()
        limits.buffered = 100_000
        let notices = Notices()
        let server = try await TestHTTPServer(limits: limits, notice: notices.add) { _ in HTTPResponse(status: 200) }
        let half = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + String(repeating: "a", count: 50_000)
        let held = try await Self.open(1, to: server, saying: half)
        try await Self.wait(for: 1, at: server)
        // Whichever of them is read last finds no room.
        let other = try await server.answer(to: half + String(repeating: "a", count: 10_000))
        #expect(other.statuses.first == 503 || notices.count(.memory) == 1)
        try await onThread { held[0].socket.resetAtEnd() }
        let mine = held.count
        #expect(mine == 1)
        while true {
            let again = try await server.answer(
                to: "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10000\r\n\r\n"
                    + String(repeating: "a", count: 10_000)
            )
            if again.statuses == [200] { break }
        }
    }

    @Test("a head has its own deadline, which a body may take longer than")
    func head() async throws {
        var limits = HTTPServer.Limits()
        limits.head = .milliseconds(200)
        let server = try await TestHTTPServer(limits: limits) { request in
            HTTPResponse(status: 200, body: request.body)
        }
        #expect(try await server.answer(to: Self.slow).statuses == [408])
        #expect(try await server.answer(to: "").ending == .closed)
        let port = server.server.port
        let text = try await onThread {
            let socket = try RawSocket(to: port)
            try socket.send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\nhalf")
            // Longer than the head may take, twice over; nothing may come meanwhile.
            let isRefused = socket.hasInput(within: .milliseconds(600))
            try socket.send("half")
            return isRefused ? "refused" : socket.receiveAll().text
        }
        #expect(text.hasSuffix("halfhalf"))
    }
}
