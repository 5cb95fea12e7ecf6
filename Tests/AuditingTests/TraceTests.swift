import Auditing
import JSON
import Support
import Testing
import Time

@Suite("A trace")
struct TraceTests {
    @Test("finds in each cloud's own event what the ledger knows it by", arguments: try Vectors.all("events.json"))
    func events(_ vector: Vector) throws {
        let wanted = try #require(vector.members["clues"]?.asArray).map { clue in
            try #require(clue.asArray).map { $0.asString ?? "" }
        }
        let event = try #require(vector.members["event"])
        let clues = TraceClues(event: event).clues
        #expect(clues.map { [$0.filter, $0.value] } == wanted)
        // What many entries may have is looked for around the event's own time.
        let time = try #require(TraceClues.time(of: event))
        for clue in clues where clue.filter == "subject" {
            let around = try #require(clue.around)
            #expect(around.since < time && time < around.until)
        }
    }

    @Test("takes a word for whatever it may be, a hash first")
    func words() {
        let hash = String(repeating: "0a", count: 32)
        #expect(TraceClues(word: hash).clues.first?.filter == "token_sha256")
        #expect(
            TraceClues(word: "ASIAEXAMPLE").clues.map(\.filter) == [
                "run", "jti", "trace", "credential", "session", "kid",
            ]
        )
    }

    @Test(
        "reads the events of a file in every form in which clouds give them out",
        arguments: [
            #"{"eventID":"1"}"#, #"[{"eventID":"1"}]"#, #"{"Records":[{"eventID":"1"}]}"#,
            #"{"value":[{"eventID":"1"}]}"#,
            #"{"entries":[{"eventID":"1"}]}"#, "{\"eventID\":\"1\"}\n", "{\"eventID\":\"1\"}\n{\"eventID\":\"2\"}\n",
        ]
    )
    func files(_ text: String) { #expect(TraceClues.events(in: Array(text.utf8)).first?["eventID"] == "1") }

    @Test("takes for a session of a trail what AWS gave to a web identity, and nothing else")
    func sessions() throws {
        let events = try Vectors.all("events.json").filter { $0.name.hasPrefix("AWS") }
        let sessions = events.map { TrailSession($0.members["event"] ?? .null) }
        #expect(sessions.map { $0?.accessKey } == ["ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", nil])
        #expect(sessions[0]?.provider == "ci.example.com")
        #expect(sessions[0]?.session == "jobpass-run_1")
        #expect(sessions[0]?.subject == "project:acme/web:ref:refs/heads/main:workflow:deploy:job:release")
        #expect(sessions[1]?.session == "jobpass-run_1")
        #expect(sessions[2] == nil, "AWS refused it")
    }
}
