/// Texts of others, before they stand in our ledger, logs and answers.
enum CloudText {
    /// The most bytes of a line.
    static let limit = 600

    /// One bounded line without control characters and without anything that looks like a token.
    ///
    /// A service may repeat the token it was sent in its error; promise 5 keeps it out of what we write. Whatever has the look
    /// of a JWT's part goes, be it ours or not.
    static func line(_ text: String) -> String {
        var words: [String] = []
        var word = ""
        // Twice the limit: what is removed may make room, and nothing further can matter.
        for scalar in text.unicodeScalars.prefix(limit * 2) {
            if isSpace(scalar) {
                if !word.isEmpty { words.append(redacted(word)) }
                word = ""
            } else {
                word.unicodeScalars.append(scalar)
            }
        }
        if !word.isEmpty { words.append(redacted(word)) }
        return shortened(words.joined(separator: " "))
    }

    /// A code of at most 64 letters, digits, `.`, `_` and `-`; anything else is no code that we could act on.
    static func code(_ text: String) -> String {
        let isCode =
            (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { SettingCheck.isLetterOrDigit($0) || "._-".utf8.contains($0) }
        return isCode ? text : "unknown"
    }

    /// Spaces, and what would break a line, hide text or turn its direction on a terminal.
    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .unassigned, .privateUse: true
        default: false
        }
    }

    /// A word in which each run of base64url letters that could be a token's part is replaced.
    private static func redacted(_ word: String) -> String {
        var result = ""
        var run = ""
        func flush() {
            // A JWT's header and payload begin with `{"`, which is eyJ; its signatures have 86 letters or more.
            let isSuspect = run.utf8.count >= 48 || (run.hasPrefix("eyJ") && run.utf8.count >= 12)
            result += isSuspect ? "[removed]" : run
            run = ""
        }
        for scalar in word.unicodeScalars {
            if scalar.isASCII, SettingCheck.isLetterOrDigit(UInt8(scalar.value)) || scalar == "-" || scalar == "_" {
                run.unicodeScalars.append(scalar)
            } else {
                flush()
                result.unicodeScalars.append(scalar)
            }
        }
        flush()
        return result
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: limit)
        while String.Index(end, within: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + "…"
    }
}
