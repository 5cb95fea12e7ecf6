internal import Encoding

extension Dotenv {
    /// The values under their names, with everything that is wrong at once.
    ///
    /// - Throws: `IntakeError`.
    package func listing(_ options: IntakeOptions) throws(IntakeError) -> Listing {
        var listing = Listing()
        var found = problems
        var lines: [EnvironmentName: Int] = [:]
        var known: [String: String] = [:]
        for binding in bindings {
            guard let name = EnvironmentName(binding.name) else {
                found.append(
                    IntakeError.Problem(
                        line: binding.line,
                        "what stands before '=' is no name of a variable: letters, digits and '_', no digit first"
                    )
                )
                continue
            }
            if let first = lines.updateValue(binding.line, forKey: name) {
                found.append(
                    IntakeError.Problem(
                        line: binding.line,
                        "\(name) is there already, in line \(first); keep one of them"
                    )
                )
                continue
            }
            let (value, wrong) = Self.value(of: binding, name, known: known, options.interpolation)
            found += wrong
            known[name.text] = value
            guard !value.isEmpty else {
                listing.notes.append("line \(binding.line): \(name) is empty and was left out")
                continue
            }
            listing.values.append(Listing.Value(name, Array(value.utf8)))
        }
        guard found.isEmpty else {
            throw IntakeError(found.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
        }
        return listing
    }

    /// A binding's value as it is meant, or what is not clear about it.
    private static func value(
        of binding: Binding,
        _ name: EnvironmentName,
        known: [String: String],
        _ interpolation: IntakeOptions.Interpolation
    ) -> (String, [IntakeError.Problem]) {
        guard let interpolated = Interpolated(binding.value, known: known) else { return (binding.value, []) }
        switch interpolation {
        case .literal: return (binding.value, [])
        case .refuse:
            let reason =
                "\(name) has a ${…}, which some readers expand and others do not; "
                + "say --interpolation expand or --interpolation literal"
            return (binding.value, [IntakeError.Problem(line: binding.line, reason)])
        case .expand:
            let problems = interpolated.missing.map { missing in
                IntakeError.Problem(
                    line: binding.line,
                    "\(name) refers to '\(missing.prefix(32))', which the file does not set above it"
                )
            }
            return (interpolated.text, problems)
        }
    }
}

/// A value with its `${NAME}` and `${NAME:-DEFAULT}` put in.
struct Interpolated: Equatable {
    private(set) var text = ""
    /// Names that are not known and have no default.
    private(set) var missing: [String] = []

    /// Puts known values in; nil where there is nothing to put in.
    init?(_ value: String, known: [String: String]) {
        var rest = Array(value.unicodeScalars)[...]
        var result = String.UnicodeScalarView()
        var isFound = false
        while let scalar = rest.first {
            guard scalar == "$", let reference = Self.reference(rest) else {
                result.append(scalar)
                rest = rest.dropFirst()
                continue
            }
            isFound = true
            if let value = known[reference.name] {
                result.append(contentsOf: value.unicodeScalars)
            } else if let standard = reference.standard {
                result.append(contentsOf: standard.unicodeScalars)
            } else {
                missing.append(reference.name)
            }
            rest = rest.dropFirst(reference.length)
        }
        guard isFound else { return nil }
        text = String(result)
    }

    /// The reference that some characters begin with.
    private static func reference(
        _ scalars: ArraySlice<Unicode.Scalar>
    ) -> (name: String, standard: String?, length: Int)? {
        guard scalars.dropFirst().first == "{", let end = scalars.firstIndex(of: "}") else { return nil }
        let inside = scalars[(scalars.startIndex + 2)..<end]
        let length = end - scalars.startIndex + 1
        guard let colon = inside.firstIndex(of: ":") else { return (text(inside), nil, length) }
        let behind = inside[colon...].dropFirst()
        guard behind.first == "-" else { return nil }
        return (text(inside[..<colon]), text(behind.dropFirst()), length)
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }
}
