internal import POSIX

/// Which registry or git host takes which target's credential, as a variable says it:
/// `registry.example.com=TARGET git.example.com/team=TARGET:USERNAME`, divided by spaces or commas.
struct LoginTargets: Sendable {
    struct Rule: Equatable, Sendable {
        /// A host, with its port where it is not the usual one, and perhaps the beginning of a path.
        let place: String
        let target: String
        let username: String?
    }

    let rules: [Rule]

    /// Reads a variable; without it there are no rules.
    ///
    /// - Throws: `CommandError` with exit code 78 of a rule that is none.
    init(_ variable: String, _ environment: Environment) throws(CommandError) {
        var rules: [Rule] = []
        for text in (environment[variable] ?? "").split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let names = parts.last?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) ?? []
            let place = Self.place(String(parts[0]))
            guard parts.count == 2, !place.isEmpty, !names.contains(where: \.isEmpty), let target = names.first else {
                throw CommandError(
                    .configuration,
                    "\(variable): '\(text)' is no HOST=TARGET or HOST=TARGET:USERNAME",
                    advice: "write it as in: \(variable)='registry.example.com=registry-prod:ci'"
                )
            }
            rules.append(Rule(place: place, target: String(target), username: names.count > 1 ? String(names[1]) : nil))
        }
        self.rules = rules
    }

    /// The rule of a host and path: that of the longest place that the path lies in.
    func rule(for asked: String) -> Rule? {
        let asked = Self.place(asked)
        return rules.filter { asked == $0.place || asked.hasPrefix("\($0.place)/") }
            .max { $0.place.utf8.count < $1.place.utf8.count }
    }

    /// A place as it is compared: without scheme and trailing slashes, its host in lower case.
    private static func place(_ text: String) -> String {
        var rest = text[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        let host = rest.prefix { $0 != "/" }
        return host.lowercased() + rest.dropFirst(host.count)
    }
}
