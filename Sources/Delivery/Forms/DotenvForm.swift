internal import Crypto
internal import Encoding

/// Lines of `NAME=value` for readers of such files, no two of which agree on escapes.
///
/// What needs quotes gets single ones, between which python-dotenv, Node's and Ruby's dotenv and Docker Compose take every
/// character as it is, but for a few that one of them does not: those are refused. Where there is a single quote, double ones
/// do for what none of them expands or unescapes.
enum DotenvForm {
    static func lines(_ variables: borrowing NamedSecrets) throws(DeliveryError) -> String {
        var lines = ""
        try variables.withTexts { name, value throws(DeliveryError) in
            guard let quoted = quoted(value) else {
                throw DeliveryError(
                    .form,
                    "\(name) has characters that readers of dotenv files understand differently; use --format env or json"
                )
            }
            lines += "\(name)=\(quoted)\n"
        }
        return lines
    }

    private static func quoted(_ value: String) -> String? {
        let bytes = Array(value.utf8)
        // A carriage return is lost where a file is read with universal newlines; other control characters may end the text.
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\t") })
        else { return nil }
        let isPlain = bytes.allSatisfy { (0x21...0x7E).contains($0) && !"'\"`\\$#".utf8.contains($0) }
        if isPlain, !bytes.isEmpty { return value }
        if !bytes.contains(UInt8(ascii: "'")) {
            // python-dotenv unescapes \\ and \' here, and expands ${NAME} even here.
            let isLiteral = !has(bytes, "\\\\") && bytes.last != UInt8(ascii: "\\") && !has(bytes, "${")
            return isLiteral ? "'\(value)'" : nil
        }
        let isLiteral = !bytes.contains { "\"\\$`\n".utf8.contains($0) }
        return isLiteral ? "\"\(value)\"" : nil
    }

    private static func has(_ bytes: [UInt8], _ pair: StaticString) -> Bool {
        let pair = Array(pair.description.utf8)
        return zip(bytes, bytes.dropFirst()).contains { $0 == pair[0] && $1 == pair[1] }
    }
}
