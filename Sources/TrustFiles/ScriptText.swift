/// A shell script as it is written: comments, then commands that stop at the first that fails.
struct ScriptText {
    private(set) var text: String

    init(_ head: [String]) {
        text = "#!/usr/bin/env bash\n" + head.map { "# \($0)\n" }.joined() + "set -euo pipefail\n"
    }

    mutating func comment(_ lines: String...) {
        text += "\n" + lines.map { "# \($0)\n" }.joined()
    }

    mutating func line(_ line: String) { text += line + "\n" }

    /// A command that reads a document as it stands; the mark ends it.
    mutating func document(_ command: String, _ body: String, mark: String) {
        text += "\(command) <<'\(mark)'\n\(body)\(body.hasSuffix("\n") ? "" : "\n")\(mark)\n"
    }

    /// A word of a command, quoted so that the shell changes nothing in it.
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case 48...57, 65...90, 97...122: true
            default: "-_./:=@,+".utf8.contains(byte)
            }
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
    }
}
