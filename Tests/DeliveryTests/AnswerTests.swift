import Crypto
import Delivery
import Exchange
import JSON
import Secrets
import Support
import Testing
import Time

@Suite("The broker's answers")
struct AnswerTests {
    @Test("what is written is read back the same")
    func roundTrip() throws {
        let written = answer(["A": "x\u{7F}\"\\\n", "B": "é", "C": ""], source: "fallback", expires: nil)
        let read = try credential(written)
        #expect(read.source == .fallback)
        #expect(read.expires == nil)
        #expect(read.environment.texts() == ["A": "x\u{7F}\"\\\n", "B": "é", "C": ""])
        #expect(read.json() == written)
        let temporary = try credential(answer())
        #expect(temporary.expires == (try RFC3339.parse("2026-11-22T10:30:00Z")))
        #expect(temporary.ledgerIndex == 42)
        #expect(temporary.json() == answer())
    }

    @Test("members that a newer broker adds are left alone, and so is a missing credential")
    func newer() throws {
        guard case .object(var members) = answer() else { return }
        members["something_new"] = [1, 2]
        members["credential"] = nil
        let read = try credential(.object(members))
        #expect(read.target == "aws-prod")
        #expect(read.details == [:])
    }

    @Test("a context's answer is read back the same")
    func context() throws {
        let written: JSON = ["context": "legacy", "values": ["TOKEN": "x"], "ledger_index": 7]
        let read = try ContextAnswer(parsing: written.serialized())
        #expect(read.context == "legacy")
        #expect(read.values.texts() == ["TOKEN": "x"])
        #expect(read.json() == written)
    }

    /// A change of one member, and what the refusal then says.
    static let broken: [(String, JSON?, String)] = [
        ("target", nil, "'target' is no string"), ("type", 5, "'type' is no string"),
        ("source", "elsewhere", "'source' is neither exchange nor fallback"),
        ("expires_at", nil, "'expires_at' is missing"),
        ("expires_at", "tomorrow", "'expires_at' is neither null nor an RFC 3339 time"),
        ("expires_at", 1_795_339_800, "'expires_at' is neither null nor an RFC 3339 time"),
        ("environment", nil, "'environment' is no object"), ("environment", [], "'environment' is no object"),
        ("environment", ["A": 1], "'environment' has a member that is no variable with a text"),
        ("environment", ["A=B": "geheim"], "'environment' has a member that is no variable with a text"),
        ("environment", ["": "geheim"], "'environment' has a member that is no variable with a text"),
        ("ledger_index", -1, "'ledger_index' is no whole number from 0"),
        ("ledger_index", "1", "'ledger_index' is no whole number from 0"),
    ]

    @Test("an answer that is none is refused by the member's name", arguments: broken)
    func refused(_ name: String, _ value: JSON?, _ reason: String) throws {
        guard case .object(var members) = answer() else { return }
        members[name] = value
        do throws(DeliveryError) {
            _ = try credential(.object(members))
            Issue.record("taken")
        } catch {
            #expect(error.code == .answer)
            #expect(error.detail == "the broker's answer is not one of Jobpass: \(reason)")
        }
    }

    @Test(
        "what is no JSON object is refused without a word of it",
        arguments: ["", "geheim", "[\"geheim\"]", "{\"a\":\"geheim\""]
    )
    func noObject(_ text: String) {
        do throws(DeliveryError) {
            _ = try CredentialAnswer(parsing: Array(text.utf8))
            Issue.record("taken")
        } catch {
            #expect(error.code == .answer)
            #expect(!error.detail.contains("geheim"))
        }
    }

    @Test("values as long and as awkward as they may be fit into an answer")
    func large() throws {
        var values = JSONObject()
        for number in 1...3 { values["KEY_\(number)"] = .string(String(repeating: "\u{1}", count: 65_536)) }
        let written: JSON = ["context": "legacy", "values": .object(values), "ledger_index": 7]
        let read = try ContextAnswer(parsing: written.serialized())
        #expect(read.values.texts().values.allSatisfy { $0.utf8.count == 65_536 })
        #expect(read.values.names.count == 3)
    }
}
