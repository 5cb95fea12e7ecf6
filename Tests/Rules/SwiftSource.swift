/// A word or a punctuation mark of a source file, with its line counted from 1.
struct Token: Equatable, Sendable {
    let text: String
    let line: Int
}

/// A Swift file as the rules read it: its lines as written, and its code without comments and text literals.
struct SwiftSource: Sendable {
    /// Path from the top of the checkout.
    let path: String
    let lines: [Substring]
    let tokens: [Token]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        tokens = Self.tokens(of: Blanking(Array(text.utf8)).code)
    }

    /// The folder under `Sources`, less `Ground/`, that the file stands in: the name of its module.
    var module: String? {
        let parts = path.split(separator: "/")
        guard parts.first == "Sources", parts.count > 2 else { return nil }
        guard parts[1] == "Ground" else { return String(parts[1]) }
        return parts.count > 3 ? String(parts[2]) : nil
    }

    /// Whether the file belongs to the modules that wrap the operating system.
    var isGround: Bool { path.hasPrefix("Sources/Ground/") }

    private static func tokens(of code: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var word: [UInt8] = []
        func endWord() {
            if !word.isEmpty { tokens.append(Token(text: String(decoding: word, as: UTF8.self), line: line)) }
            word = []
        }
        for byte in code {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
                word.append(byte)
            case UInt8(ascii: "\n"):
                endWord()
                line += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                endWord()
            default:
                endWord()
                tokens.append(Token(text: String(decoding: CollectionOfOne(byte), as: UTF8.self), line: line))
            }
        }
        endWord()
        return tokens
    }
}

/// Swift source with spaces in place of comments and of what stands between quotes; interpolated code stays.
private struct Blanking {
    private enum Context {
        /// Code; inside an interpolation, with the parentheses still open in it.
        case code(open: Int)
        case text(hashes: Int, quotes: Int)
    }

    private(set) var code: [UInt8]
    private var contexts: [Context] = [.code(open: 0)]
    private var index = 0

    init(_ source: [UInt8]) {
        code = source
        while index < code.count {
            switch contexts.last {
            case .text(let hashes, let quotes): text(hashes: hashes, quotes: quotes)
            case .code(let open): plain(open: open)
            case nil: return
            }
        }
    }

    private func isAt(_ characters: String, _ offset: Int = 0) -> Bool {
        let start = index + offset
        return start + characters.utf8.count <= code.count
            && code[start..<start + characters.utf8.count].elementsEqual(characters.utf8)
    }

    private mutating func blank(_ count: Int) {
        for place in index..<min(index + count, code.count) where code[place] != UInt8(ascii: "\n") {
            code[place] = UInt8(ascii: " ")
        }
        index += count
    }

    private mutating func plain(open: Int) {
        // Most bytes begin nothing.
        switch code[index] {
        case UInt8(ascii: "/"), UInt8(ascii: "\""), UInt8(ascii: "#"), UInt8(ascii: "("), UInt8(ascii: ")"): break
        default:
            index += 1
            return
        }
        if isAt("//") {
            blank(code[index...].prefix { $0 != UInt8(ascii: "\n") }.count)
        } else if isAt("/*") {
            blockComment()
        } else if let start = textStart() {
            contexts.append(start)
        } else if contexts.count > 1, isAt("(") || isAt(")") {
            contexts.removeLast()
            let left = open + (isAt("(") ? 1 : -1)
            if left > 0 { contexts.append(.code(open: left)) }
            index += 1
        } else {
            index += 1
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if isAt("/*") { depth += 1 }
            if isAt("*/") { depth -= 1 }
            blank(isAt("/*") || isAt("*/") ? 2 : 1)
        } while depth > 0 && index < code.count
    }

    private mutating func textStart() -> Context? {
        let hashes = code[index...].prefix { $0 == UInt8(ascii: "#") }.count
        guard isAt("\"", hashes) else { return nil }
        let quotes = isAt("\"\"\"", hashes) ? 3 : 1
        index += hashes + quotes
        return .text(hashes: hashes, quotes: quotes)
    }

    private mutating func text(hashes: Int, quotes: Int) {
        guard code[index] == UInt8(ascii: "\\") || code[index] == UInt8(ascii: "\"") else { return blank(1) }
        let marks = String(repeating: "#", count: hashes)
        if isAt("\\" + marks + "(") {
            index += hashes + 2
            contexts.append(.code(open: 1))
        } else if isAt("\\" + marks) {
            blank(hashes + 2)
        } else if isAt(String(repeating: "\"", count: quotes) + marks) {
            index += quotes + hashes
            contexts.removeLast()
        } else {
            blank(1)
        }
    }
}
