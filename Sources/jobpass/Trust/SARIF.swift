internal import JSON
internal import Text
internal import Trust

/// Findings in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS), as code review shows them.
enum SARIF {
    static func log(_ findings: [(path: String, finding: Finding)]) -> JSON {
        let rules = LintRule.allCases.map { rule -> JSON in
            [
                "id": .string(rule.rawValue), "shortDescription": ["text": .string(rule.summary)],
                "defaultConfiguration": ["level": .string(rule.level.rawValue)],
            ]
        }
        let driver: JSON = [
            "name": "jobpass trust lint", "version": .string(Version.text), "rules": .array(rules),
        ]
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": [
                [
                    "tool": ["driver": driver], "columnKind": "unicodeCodePoints",
                    "results": .array(findings.map { result($0.path, $0.finding) }),
                ]
            ],
        ]
    }

    private static func result(_ path: String, _ finding: Finding) -> JSON {
        var location: JSONObject = ["artifactLocation": ["uri": .string(path)]]
        if let place = finding.place {
            location["region"] = [
                "startLine": .integer(Int64(place.line)), "startColumn": .integer(Int64(place.column)),
            ]
        }
        var properties: JSONObject = ["fix": .string(finding.fix)]
        if let witness = finding.witness { properties["witness"] = .object(witness) }
        return [
            "ruleId": .string(finding.rule.rawValue),
            "ruleIndex": .integer(Int64(LintRule.allCases.firstIndex(of: finding.rule) ?? 0)),
            "level": .string(finding.rule.level.rawValue),
            "message": ["text": .string("\(finding.message). Fix: \(finding.fix).")],
            "locations": [["physicalLocation": .object(location)]], "properties": .object(properties),
        ]
    }
}

extension String {
    /// A line whose end stays a line's end, everything else that cannot be seen written out.
    var madeVisibleLine: String { hasSuffix("\n") ? dropLast().madeVisible + "\n" : madeVisible }
}
