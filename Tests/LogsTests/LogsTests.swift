import JSON
import Locks
import Logs
import Testing
import Time

/// Keeps the lines that a log writes.
private final class Lines: Sendable {
    private let kept = Lock<[[UInt8]]>([])

    var all: [String] { kept.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }

    func log(_ format: Log.Format, _ level: Log.Level = .info) -> Log {
        Log(
            level: level,
            format: format,
            clock: { UnixTime(milliseconds: 1_795_340_000_250) },
            sink: { line in self.kept.withLock { $0.append(line) } }
        )
    }
}

@Suite("Logs")
struct LogsTests {
    private let lines = Lines()

    @Test("a text line has the time, the level, the message and the fields in their order")
    func text() {
        lines.log(.text).info("listening", ["address": "127.0.0.1:8080", "loops": "2", "tls": nil])
        #expect(lines.all == ["2026-11-22T09:33:20.250Z info listening address=127.0.0.1:8080 loops=2\n"])
    }

    @Test("a JSON line is one object with the same members")
    func json() throws {
        lines.log(.json).warning("slow \"disk\"", ["wait": "3s", "path": nil])
        #expect(
            lines.all == [
                #"{"time":"2026-11-22T09:33:20.250Z","level":"warning","message":"slow \"disk\"","wait":"3s"}"# + "\n"
            ]
        )
    }

    @Test("the trace id stands at the end of each line of one request", arguments: Log.Format.allCases)
    func trace(format: Log.Format) {
        let log = lines.log(format)
        log.tracing("abc").error("refused", ["code": "x"])
        log.error("other")
        #expect(lines.all[0].contains(format == .text ? " code=x trace=abc\n" : #","code":"x","trace":"abc"}"#))
        #expect(!lines.all[1].contains("trace"))
    }

    @Test("a level hides those below it", arguments: Log.Level.allCases)
    func levels(level: Log.Level) {
        let log = lines.log(.text, level)
        log.debug("1")
        log.info("2")
        log.warning("3")
        log.error("4")
        let expected = ["debug 1", "info 2", "warning 3", "error 4"].suffix(
            4 - (Log.Level.allCases.firstIndex(of: level) ?? 0)
        )
        #expect(lines.all.map { $0.dropFirst(25).dropLast() } == expected.map { $0[...] })
        #expect(log.writes(.error) && log.writes(level))
    }

    @Test("what is not written is not even computed")
    func lazy() {
        var computed = 0
        func count() -> String {
            computed += 1
            return "x"
        }
        lines.log(.text).debug(count(), ["field": count()])
        #expect(computed == 0)
    }

    @Test(
        "a value that is more than a word is quoted",
        arguments: [
            ("plain/word:1", "plain/word:1"), ("", #""""#), ("two words", #""two words""#), (#"a"b"#, #""a\"b""#),
            (#"a\b"#, #""a\\b""#), ("a=b", #""a=b""#), ("naïve", "naïve"),
        ]
    )
    func quotes(value: String, written: String) {
        lines.log(.text).info("m", ["f": value])
        #expect(lines.all.first?.hasSuffix("m f=\(written)\n") == true)
    }

    @Test(
        "nothing that came from outside can begin a line, colour it or turn it round",
        arguments: [
            ("a\nb", #"a\nb"#), ("a\r\nb", #"a\r\nb"#), ("a\u{1B}[31mb", #"a\u{1b}[31mb"#),
            ("a\u{202E}b", #"a\u{202e}b"#),
            ("a\u{85}b", #"a\u{85}b"#), ("a\u{2028}b", #"a\u{2028}b"#), ("a\u{0}b", #"a\u{0}b"#), ("a\tb", #"a\tb"#),
            ("a\u{7F}b", #"a\u{7f}b"#),
        ]
    )
    func escapes(value: String, written: String) throws {
        let log = lines.log(.text)
        log.info(value, ["f": value])
        #expect(lines.all == ["2026-11-22T09:33:20.250Z info \(written) f=\"\(written)\"\n"])
        lines.log(.json).info(value, ["f": value])
        let line = try #require(lines.all.last?.dropLast())
        #expect(
            !line.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) || $0 == "\u{202E}" }
        )
        // The strict reader refuses NUL even where it is escaped.
        if !value.contains("\0") { #expect(try JSON.parse(Array(line.utf8))["f"] == .string(value)) }
    }

    @Test("a value is cut where it is long, at a whole character")
    func cuts() {
        lines.log(.text).info("m", ["f": String(repeating: "é", count: 2_000)])
        #expect(lines.all.first?.contains("\(String(repeating: "é", count: 512))… (2976 more bytes)") == true)
        #expect((lines.all.first?.utf8.count ?? 0) < 1_200)
    }

    @Test("a field cannot take the place of the time, the level or the message")
    func reserved() throws {
        lines.log(.json).info("m", ["level": "error", "message": "forged"])
        let object = try JSON.parse(Array(try #require(lines.all.first).utf8))
        #expect(object["level"] == "info")
        #expect(object["message"] == "m")
    }
}
