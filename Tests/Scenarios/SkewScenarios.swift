import HTTP
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What the command and the broker of an earlier commit said to each other, as a proxy between them wrote it down; and what
    /// a later one may say: members, codes and kinds of entries that nobody knows yet.
    @Suite("A client and a broker of different releases work together")
    struct SkewScenarios {
        /// One call of the earlier command, and what it asked its broker.
        struct Recorded: Sendable, CustomTestStringConvertible {
            let name: String
            let arguments: [String]
            let input: String
            let exit: Int32
            let output: String
            let exchanges: [Exchange]

            var testDescription: String { name }
            /// Whether the broker refused.
            var isRefused: Bool { exit != 0 }
            /// What whoever calls it reads by a program: every byte of it counts.
            var isForPrograms: Bool { ["token", "credential", "credential-bare"].contains(name) }
        }

        /// A request as it came, and its answer.
        struct Exchange: Sendable {
            /// `run`, or a principal's name.
            let role: String
            let method: String
            let target: String
            let fields: [(name: String, value: String)]
            let body: String
            let status: Int
            let answer: JSON

            var path: String { target.split(separator: "?").first.map(String.init) ?? "" }
            var line: String { "\(method) \(target)" }
        }

        private static let file = "exchanges-8c511ea.json"
        static let recorded: [Recorded] = (try? Vectors.all(file).map(Recorded.init)) ?? []

        @Test("nothing that was recorded is left out")
        func all() throws {
            #expect(try Vectors.all(Self.file).count == Self.recorded.count)
            #expect(Set(Self.recorded.map { $0.arguments[0] }).count == 7)
        }

        /// The present command against a broker that gives these answers, and what it asked.
        private func call(
            _ recorded: Recorded,
            answering change: (Exchange) -> JSON
        ) async throws -> (BuiltCommand.Result, [String]) {
            var answers: [String: HTTPResponse] = [:]
            for exchange in recorded.exchanges {
                answers["\(exchange.method) \(exchange.path)"] =
                    exchange.status == 204
                    ? HTTPResponse(status: 204) : .answer(change(exchange), status: exchange.status)
            }
            let scenario = try await ClientScenario(answers)
            let isRun = recorded.exchanges[0].role == "run"
            let input = Array(recorded.input.utf8)
            let result =
                isRun
                ? try BuiltCommand.run(recorded.arguments, scenario.jobVariables, input: input)
                : try scenario.principal(recorded.arguments, input: input)
            return (result, scenario.broker.calls.map(\.line))
        }

        @Test(
            "the command takes what an earlier broker answers, and asks nothing that it does not know",
            arguments: recorded
        )
        func earlierBroker(recorded: Recorded) async throws {
            let (result, asked) = try await call(recorded) { $0.answer }
            #expect(result.code == recorded.exit, "\(result)")
            #expect(isAsked(asked, recorded), "\(asked)")
            if !recorded.output.isEmpty { #expect(result.output == recorded.output) }
        }

        @Test("the command leaves alone what a later broker says besides", arguments: recorded)
        func laterBroker(recorded: Recorded) async throws {
            let (result, asked) = try await call(recorded) { Self.widened($0.answer, isRefusal: $0.status >= 400) }
            #expect(result.code == recorded.exit, "\(result)")
            #expect(isAsked(asked, recorded), "\(asked)")
            if recorded.isForPrograms { #expect(result.output == recorded.output) }
            if recorded.isRefused { #expect(result.error.contains("later_code: "), "\(result)") }
            if recorded.name == "audit-list" { #expect(result.output.contains("later.kind"), "\(result)") }
        }

        /// Whether nothing else was asked than then; options that an earlier broker leaves alone may be behind it.
        private func isAsked(_ lines: [String], _ recorded: Recorded) -> Bool {
            lines.count == recorded.exchanges.count
                && zip(lines, recorded.exchanges).allSatisfy { $0.hasPrefix($1.line) }
        }

        /// An answer with members in each of its objects that nobody knows, but for those whose members are handed on: variables,
        /// claims, and what is a target type's own.
        private static func widened(_ json: JSON, isRefusal: Bool = false) -> JSON {
            if let list = json.asArray { return .array(list.map { widened($0) }) }
            guard let object = json.asObject else { return json }
            var wider = JSONObject()
            for member in object.members {
                wider[member.name] =
                    ["environment", "values", "claims", "credential"].contains(member.name)
                    ? member.value : widened(member.value)
            }
            wider["later_member"] = ["later": [1, .null, ["deep": true]]]
            if isRefusal { wider["error"] = "later_code" }
            if let entries = wider["entries"]?.asArray, let first = entries.first?["index"]?.asInteger {
                let entry: JSON = [
                    "index": .integer(first + 1), "time": "2026-11-24T00:00:00Z", "kind": "later.kind",
                    "outcome": "later", "trace": "0123456789abcdef0123456789abcdef", "later_member": [],
                ]
                wider["entries"] = .array([entry] + entries)
            }
            return .object(wider)
        }
    }
}

extension Scenarios.SkewScenarios.Recorded {
    init(_ vector: Vector) throws {
        let members = vector.members
        name = vector.name
        arguments = try #require(members["arguments"]?.asArray).map { try #require($0.asString) }
        input = try vector.text("input")
        exit = try Int32(#require(members["exit"]?.asInteger))
        output = try vector.text("output")
        exchanges = try #require(members["exchanges"]?.asArray).map(Scenarios.SkewScenarios.Exchange.init)
        try #require(!exchanges.isEmpty && !arguments.isEmpty)
    }
}

extension Scenarios.SkewScenarios.Exchange {
    init(_ json: JSON) throws {
        role = try #require(json["as"]?.asString)
        method = try #require(json["method"]?.asString)
        target = try #require(json["target"]?.asString)
        fields = try #require(json["fields"]?.asObject).members.map { ($0.name, try #require($0.value.asString)) }
        body = try #require(json["body"]?.asString)
        status = try Int(#require(json["status"]?.asInteger))
        answer = json["answer"] ?? .null
    }
}
