import Crypto
import Delivery
import Encoding
import Testing

@Suite("Secrets in a child's output")
struct MaskedStreamTests {
    private func mask(_ secrets: String...) throws -> Mask {
        var all = MaskedSecrets()
        all.add("test", secrets.map { Array($0.utf8) })
        return try Mask(all)
    }

    /// What comes out of a stream that gets these pieces, without any pause.
    private func masked(_ pieces: [[UInt8]], _ mask: Mask) -> [UInt8] {
        var stream = MaskedStream(mask)
        return pieces.flatMap { stream.take($0) } + stream.finish()
    }

    private func masked(_ text: String, _ mask: Mask) -> String {
        String(decoding: masked([Array(text.utf8)], mask), as: UTF8.self)
    }

    static let secret = "p@ss\"w/o\\r'd é+=&<ü"

    @Test(
        "each form of a secret is replaced, and what stands around it is not",
        arguments: [
            secret,
            // Written by Python: base64.b64encode, urllib.parse.quote, quote_plus, json.dumps; by JavaScript:
            // encodeURIComponent; by Go: url.QueryEscape, json.Marshal; by PHP: json_encode; by bash -x.
            "cEBzcyJ3L29ccidkIMOpKz0mPMO8", "p%40ss%22w/o%5Cr%27d%20%C3%A9%2B%3D%26%3C%C3%BC",
            "p%40ss%22w%2Fo%5Cr%27d+%C3%A9%2B%3D%26%3C%C3%BC", #"p@ss\"w/o\\r'd \u00e9+=&<\u00fc"#,
            "p%40ss%22w%2Fo%5Cr'd%20%C3%A9%2B%3D%26%3C%C3%BC", #"p@ss\"w/o\\r'd é+=\u0026\u003cü"#,
            #"p@ss\"w\/o\\r'd \u00e9+=&<\u00fc"#, #"p@ss"w/o\r'\''d é+=&<ü"#,
            "p%40ss%22w%2fo%5cr%27d%20%c3%a9%2b%3d%26%3c%c3%bc",
        ]
    )
    func forms(_ form: String) throws {
        let mask = try mask(Self.secret)
        #expect(masked("before \(form) after \(form)", mask) == "before *** after ***")
        // Broken after every character, as terminals and base64(1) break long lines.
        let broken = form.unicodeScalars.map { "\($0)" }.joined(separator: "\r\n")
        #expect(masked("<\(broken)>\n", mask) == "<***>\n")
    }

    @Test("base64 is found behind and before anything, in both alphabets", arguments: 0..<64)
    func base64(trial: Int) throws {
        var generator = SystemRandomNumberGenerator()
        func bytes(_ count: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: count, using: &generator)).map { _ in UInt8.random(in: 32...126, using: &generator) }
        }
        let secret = bytes(6...40)
        let before = bytes(0...7)
        let after = bytes(0...7)
        let mask = try mask(String(decoding: secret, as: UTF8.self))
        for encode in [Base64.encode, Base64URL.encode] {
            let text = encode(before + secret + after)
            let shown = masked(text, mask)
            #expect(shown.contains("***"))
            // Of the secret's own characters only those may be left that share bits with what stands beside it.
            let most = encode(before).count + encode(after).count + "***".count + 4
            #expect(shown.utf8.count <= most, "\(text) became \(shown)")
        }
    }

    @Test("10,000 streams of random secrets, split at random, show none of them")
    func splits() throws {
        var generator = SystemRandomNumberGenerator()
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_-\"'\\ %$&<>\n".utf8)
        func text(_ count: ClosedRange<Int>, of letters: [UInt8]) -> [UInt8] {
            (0..<Int.random(in: count, using: &generator)).map { _ in letters.randomElement(using: &generator) ?? 0 }
        }
        var shown = 0
        for _ in 0..<250 {
            // Secrets of few letters begin and end as each other; those of many are as tokens are.
            let alphabet = Bool.random(using: &generator) ? letters : Array("ab\n".utf8)
            let secrets = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                Array("xyz".utf8) + text(4...40, of: alphabet) + Array("x".utf8)
            }
            var all = MaskedSecrets()
            all.add("test", secrets)
            let mask = try Mask(all)
            let needles = secrets.flatMap { secret in
                let text = String(decoding: secret, as: UTF8.self)
                return [secret, Array(Base64.encode(secret).utf8), Array(PercentEncoding.encode(text).utf8)]
            }
            for _ in 0..<40 {
                var stream: [UInt8] = []
                for _ in 0..<Int.random(in: 1...8, using: &generator) {
                    stream += text(0...30, of: alphabet) + (needles.randomElement(using: &generator) ?? [])
                }
                var pieces: [[UInt8]] = []
                var index = 0
                while index < stream.count {
                    let end = min(stream.count, index + Int.random(in: 1...(Bool.random() ? 3 : 60), using: &generator))
                    pieces.append(Array(stream[index..<end]))
                    index = end
                }
                let result = masked(pieces, mask)
                #expect(result == masked([stream], mask), "splitting changes nothing")
                for needle in needles where contains(result, needle) { Issue.record("a secret is shown") }
                shown += 1
            }
        }
        #expect(shown == 10_000)
    }

    /// Whether bytes without their line breaks contain others without theirs.
    private func contains(_ bytes: [UInt8], _ needle: [UInt8]) -> Bool {
        let text = bytes.filter { $0 != 10 && $0 != 13 }
        let sought = needle.filter { $0 != 10 && $0 != 13 }
        guard text.count >= sought.count, let first = sought.first else { return false }
        return (0...(text.count - sought.count)).contains { start in
            text[start] == first && text[start..<(start + sought.count)].elementsEqual(sought)
        }
    }

    @Test("text that has no secret goes through at once and unchanged, whatever bytes it has")
    func unchanged() throws {
        let mask = try mask("correct horse battery staple")
        var stream = MaskedStream(mask)
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        #expect(masked([bytes], mask) == bytes)
        #expect(stream.take(Array("Password: ".utf8)) == Array("Password: ".utf8))
        #expect(stream.patience == nil)
        #expect(stream.take([]).isEmpty && stream.release().isEmpty && stream.finish().isEmpty)
    }

    @Test("a prompt that ends as a secret begins appears after a moment, and the secret still does not")
    func prompt() throws {
        var stream = MaskedStream(try mask(": secret-value", "Password-of-the-database"))
        #expect(stream.take(Array("User: ".utf8)) == Array("User".utf8))
        #expect(stream.patience == 50)
        #expect(stream.release() == Array(": ".utf8))
        #expect(stream.patience == nil)
        #expect(stream.take(Array("secret-value.\n".utf8)) == Array("***.\n".utf8))
        #expect(stream.take(Array("Password".utf8)).isEmpty)
        #expect(stream.patience == 500, "half a secret waits longer")
        #expect(stream.release() == Array("***".utf8))
        #expect(stream.take(Array("-of-the-".utf8)).isEmpty)
        #expect(stream.take(Array("database\n".utf8)) == Array("\n".utf8), "one replacement for the one secret")
    }

    @Test("a secret that is complete is shown as replaced with its line, and nothing is waited for")
    func complete() throws {
        var stream = MaskedStream(try mask("hunter2!"))
        #expect(stream.take(Array("it is hunter2!\n".utf8)) == Array("it is ***\n".utf8))
        #expect(stream.patience == nil)
        #expect(stream.take(Array("hunter2!hunter2!".utf8)) == Array("***".utf8))
    }

    @Test("secrets that overlap are replaced whole, and so is one within another")
    func overlapping() throws {
        let mask = try mask("abcdef", "defghi", "xxabcdefghiyy", "cdef")
        #expect(masked("-abcdefghi-", mask) == "-***-")
        #expect(masked("-xxabcdefghiyy-", mask) == "-***-")
        #expect(masked("-abcdeX-cdef", mask) == "-abcdeX-***")
    }

    @Test("each line of a secret of several is replaced by itself, but those that any key has")
    func lines() throws {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----\n"
        let mask = try mask(key)
        #expect(masked("| MIIEvQIBADANBgkqhkiG9w0 |", mask) == "| *** |")
        #expect(masked("-----BEGIN KEY-----\n", mask) == "-----BEGIN KEY-----\n")
        #expect(masked(key, mask) == "***\n")
        #expect(masked(key.replacing("\n", with: "\r\n"), mask) == "***\r\n")
        #expect(masked(key.replacing("\n", with: "\\n"), mask) == "***")
    }

    @Test("a renewed secret is replaced from then on, what is kept back included, and the one before still is")
    func renewed() throws {
        var all = MaskedSecrets()
        all.add("target a", [Array("first-secret".utf8)])
        var stream = MaskedStream(try Mask(all))
        #expect(stream.take(Array("one first-se".utf8)) == Array("one ".utf8))
        all.add("target a", [Array("second-secret".utf8)])
        stream.adopt(try Mask(all))
        #expect(stream.take(Array("cret two second-secret.".utf8)) == Array("*** two ***.".utf8))
        for number in 3...9 { all.add("target a", [Array("secret-number-\(number)".utf8)]) }
        #expect(masked("first-secret secret-number-6 secret-number-9", try Mask(all)) == "first-secret *** ***")
    }

    @Test("an end without line breaks, and a beginning of nothing but them, are not kept for ever")
    func flood() throws {
        var stream = MaskedStream(try mask("abcdefgh"))
        let flood = [UInt8](repeating: 10, count: 1_000)
        #expect(stream.take(Array("a".utf8) + flood) == Array("a".utf8) + flood)
        #expect(stream.take(Array("ab".utf8)).isEmpty)
        #expect(stream.finish() == Array("ab".utf8))
    }

    @Test("short values are named, not looked for; too many secrets are an error that says so")
    func limits() throws {
        var values = NamedSecrets()
        for (name, value) in [("A", "1"), ("B", "long enough"), ("C", "")] {
            values.append(try #require(EnvironmentName(name)), text: value)
        }
        var secrets = MaskedSecrets()
        secrets.add("context c", values)
        #expect(secrets.tooShort == ["A"])
        #expect(masked("1 long enough", try Mask(secrets)) == "1 ***")
        var large = MaskedSecrets()
        large.add("context d", [[UInt8](repeating: 7, count: 1 << 20)])
        do throws(DeliveryError) {
            _ = try Mask(large)
            Issue.record("taken")
        } catch {
            #expect(error.code == .mask)
        }
    }

    @Test("a credential's own values are replaced, but not where they are to be used")
    func credentials() throws {
        var secrets = MaskedSecrets()
        secrets.add(try credential(answer()))
        #expect(masked("ASIAEXAMPLE secret/+ token== eu-west-1", try Mask(secrets)) == "*** *** *** eu-west-1")
    }
}
