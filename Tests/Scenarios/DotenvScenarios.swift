import Encoding
import Intake
import JSON
import Testing

@Suite("Against python-dotenv")
struct DotenvScenarios {
    /// Where this reader and python-dotenv part, each with why; a difference that is none of these fails the test.
    enum Difference: String, CaseIterable {
        /// python-dotenv warns of a line that is none, and goes on without it: a secret would be lost unseen.
        case brokenLine = "a line that is none is refused, not skipped"
        /// It takes `NAME` for a variable without a value.
        case noValue = "a name without '=' is refused"
        /// It takes the last one.
        case twice = "a name that is there twice is refused"
        /// No shell can export it.
        case noName = "a name that is none of an environment variable is refused"
        /// It leaves the mark in the first name.
        case mark = "a byte order mark is taken off"
        /// Its pattern lets `\\"` end a value or not by what follows in the file.
        case escape = "a backslash before a quote's end is an escape wherever it stands"
        /// It takes what nobody set for empty: half a password.
        case unset = "a reference to what the file does not set above is refused"
        /// It leaves empty values in; a secret has one byte at least.
        case empty = "an empty value is left out, and said so"
    }

    private struct Sample {
        let text: String
        let bindings: [(name: String?, value: String?, isError: Bool)]
        let literal: [String: String?]
        let expanded: [String: String?]

        init(_ json: JSON) throws {
            text = try #require(json["text"]?.asString)
            bindings = (json["bindings"]?.asArray ?? []).map { binding in
                let parts = binding.asArray ?? []
                return (parts[0].asString, parts[1].asString, parts[2].asBool ?? true)
            }
            literal = Self.values(json["literal"])
            expanded = Self.values(json["expanded"])
        }

        private static func values(_ json: JSON?) -> [String: String?] {
            Dictionary(uniqueKeysWithValues: (json?.asObject?.members ?? []).map { ($0.name, $0.value.asString) })
        }
    }

    @Test("1,000 generated files are read alike, or differ in ways that are listed and argued")
    func property() throws {
        let run = try Finished(
            try RelyingParty.program("python"),
            [RelyingParty.script("dotenv_files.py"), "1000", "20261123"]
        )
        try #require(run.code == 0, "\(run)")
        let limits = JSONLimits(bytes: 1 << 26, depth: 16)
        let samples = try #require(try JSON.parse(Array(run.output.utf8), limits: limits).asArray).map {
            try Sample($0)
        }
        #expect(samples.count == 1_000)
        var counts: [Difference: Int] = [:]
        var alike = 0
        for sample in samples {
            let differences = try compare(sample)
            if differences.isEmpty { alike += 1 }
            for difference in differences { counts[difference, default: 0] += 1 }
        }
        print("alike: \(alike); " + counts.map { "\($0.key.rawValue): \($0.value)" }.sorted().joined(separator: "; "))
        #expect(alike > 250, "the generator makes too little that both read: \(alike)")
        for difference in Difference.allCases {
            #expect(counts[difference, default: 0] > 0, "no file has shown: \(difference.rawValue)")
        }
    }

    /// In which ways a file is read otherwise; every way in which it is not listed is an issue.
    private func compare(_ sample: Sample) throws -> Set<Difference> {
        var differences: Set<Difference> = []
        let hasMark = sample.text.hasPrefix("\u{FEFF}")
        if hasMark { differences.insert(.mark) }
        let ours = Dotenv(Array(sample.text.utf8))
        // The pattern's quirk: a backslash that is itself escaped stands before a quote, or a quote is never ended.
        let isEscape =
            sample.text.contains("\\\\\"") || sample.text.contains("\\\\'") || sample.text.contains("\\\"")
            || sample.text.contains("\\'")
        let theirs = sample.bindings.filter { !$0.isError && $0.value != nil }
        let isSame =
            theirs.count == ours.bindings.count
            && zip(theirs, ours.bindings).allSatisfy { theirs, ours in
                (theirs.name ?? "").unicodeScalars.elementsEqual(
                    (hasMark ? theirs.name ?? "" : ours.name).unicodeScalars
                )
                    && (theirs.value ?? "").unicodeScalars.elementsEqual(ours.value.unicodeScalars)
            }
        if !isSame {
            guard hasMark || isEscape else {
                Issue.record(
                    "read otherwise: \(sample.text.debugDescription)\nours: \(ours)\ntheirs: \(sample.bindings)"
                )
                return differences
            }
            if isEscape { differences.insert(.escape) }
            return differences
        }
        let broken = sample.bindings.count { $0.isError }
        let valueless = sample.bindings.count { !$0.isError && $0.value == nil }
        if broken > 0 { differences.insert(.brokenLine) }
        if valueless > 0 { differences.insert(.noValue) }
        if ours.problems.count != broken + valueless, !isEscape, !hasMark {
            Issue.record("problems differ: \(sample.text.debugDescription)\nours: \(ours.problems)")
        }
        let names = ours.bindings.map(\.name)
        if Set(names).count < names.count { differences.insert(.twice) }
        if names.contains(where: { EnvironmentName($0) == nil }) { differences.insert(.noName) }
        if ours.bindings.contains(where: \.value.isEmpty) { differences.insert(.empty) }
        let isStrict = differences.isDisjoint(with: [.brokenLine, .noValue, .twice, .noName, .mark])
        if isStrict, ours.problems.isEmpty { try compareValues(sample, into: &differences) }
        return differences
    }

    private func compareValues(_ sample: Sample, into differences: inout Set<Difference>) throws {
        for (interpolation, expected) in [
            (IntakeOptions.Interpolation.literal, sample.literal), (.expand, sample.expanded),
        ] {
            var options = IntakeOptions()
            options.interpolation = interpolation
            let wanted = expected.compactMapValues { $0 }.filter { !$0.value.isEmpty }
            do throws(IntakeError) {
                let listing = try IntakeFormat.dotenv.read(Array(sample.text.utf8), options)
                let values = listing.values.map { ($0.name.text, String(decoding: $0.bytes, as: UTF8.self)) }
                let isSame =
                    values.count == wanted.count
                    && values.allSatisfy { $1.unicodeScalars.elementsEqual((wanted[$0] ?? "").unicodeScalars) }
                if !isSame {
                    Issue.record(
                        "\(interpolation): \(sample.text.debugDescription)\nours: \(values)\ntheirs: \(wanted)"
                    )
                }
            } catch {
                let isUnset = error.problems.allSatisfy { $0.reason.contains("does not set above it") }
                guard interpolation == .expand, isUnset else {
                    Issue.record("refused: \(sample.text.debugDescription)\n\(error)")
                    return
                }
                differences.insert(.unset)
            }
        }
    }
}
