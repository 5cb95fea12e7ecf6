internal import Intake

extension Property {
    /// Files in which secrets come from elsewhere.
    static let intakes: [Property] = [
        Property("dotenv", dotenv),
        Property("listing", listing),
    ]

    /// What a .env file says is said again by its names with their values in double quotes.
    private static func dotenv(_ input: [UInt8]) -> String? {
        let file = Dotenv(input)
        guard file.problems.isEmpty else { return nil }
        let lines = file.bindings.map { binding in
            // A name with a quote in it was written without quotes.
            let name = binding.name.unicodeScalars.contains("'") ? binding.name : "'\(binding.name)'"
            return "\(name)=\"\(quoted(binding.value))\"\n"
        }.joined()
        // With a BOM, which is taken off: a name may begin with one itself, and is refused for it later.
        let again = Dotenv(Array("\u{FEFF}\(lines)".utf8))
        guard again.problems.isEmpty else { return "written as \(lines.debugDescription), which is refused" }
        let isSame =
            again.bindings.count == file.bindings.count
            && zip(again.bindings, file.bindings).allSatisfy { again, file in
                again.name.unicodeScalars.elementsEqual(file.name.unicodeScalars)
                    && again.value.unicodeScalars.elementsEqual(file.value.unicodeScalars)
            }
        return isSame ? nil : "became \(lines.debugDescription)"
    }

    private static func quoted(_ value: String) -> String {
        var text = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\", "\"":
                text.append("\\")
                text.append(scalar)
            case "\r":
                text.append("\\")
                text.append("r")
            default: text.append(scalar)
            }
        }
        return String(text)
    }

    /// Whatever a file is, it is read or refused; no value is empty, and no name is there twice.
    private static func listing(_ input: [UInt8]) -> String? {
        var options = IntakeOptions()
        options.interpolation = .expand
        guard let format = try? IntakeFormat.guess(input), let listing = try? format.read(input, options) else {
            return nil
        }
        guard Set(listing.values.map(\.name)).count == listing.values.count else { return "a name is there twice" }
        return listing.values.allSatisfy { !$0.bytes.isEmpty } ? nil : "a value is empty"
    }
}
