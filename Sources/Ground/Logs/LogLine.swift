internal import JSON
internal import Text
internal import Time

/// One event, to be written as one line.
struct LogLine {
    let time: UnixTime
    let level: Log.Level
    let message: String
    let trace: String?
    let fields: Log.Fields

    /// The most bytes of one value; what is longer is cut, so that nobody outside can fill the disk with one request.
    static let longestValue = 1_024

    func bytes(as format: Log.Format) -> [UInt8] {
        switch format {
        case .text: Array(text.utf8)
        case .json: Array("\(object.text.madeVisibleInJSON)\n".utf8)
        }
    }

    private var text: String {
        var line = "\(RFC3339.format(time)) \(level.rawValue) \(Self.cut(message).madeVisible)"
        for (name, value) in present { line += " \(name)=\(Self.quoted(Self.cut(value)))" }
        return line + "\n"
    }

    private var object: JSON {
        var object: JSONObject = [
            "time": .string(RFC3339.format(time)), "level": .string(level.rawValue),
            "message": .string(Self.cut(message)),
        ]
        for (name, value) in present where object[name] == nil { object[name] = .string(Self.cut(value)) }
        return .object(object)
    }

    /// The fields that have a value, and the trace id after them.
    private var present: [(String, String)] {
        fields.compactMap { name, value in value.map { (name, $0) } } + (trace.map { [("trace", $0)] } ?? [])
    }

    private static func cut(_ value: String) -> String {
        guard value.utf8.count > longestValue else { return value }
        var bytes = 0
        let kept = value.unicodeScalars.prefix { scalar in
            bytes += UTF8.width(scalar)
            return bytes <= longestValue
        }
        let text = String(kept)
        return "\(text)… (\(value.utf8.count - text.utf8.count) more bytes)"
    }

    /// A value as it is where it is one plain word, else in double quotes with `"` and `\` escaped.
    private static func quoted(_ value: String) -> String {
        let plain =
            !value.isEmpty
            && value.utf8.allSatisfy {
                $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\\")
            }
        let text = value.madeVisible
        if plain && text == value { return value }
        let inner = value.reduce(into: "") { inner, character in
            inner += character == "\"" || character == "\\" ? "\\\(character)" : String(character)
        }
        return "\"\(inner.madeVisible)\""
    }
}
