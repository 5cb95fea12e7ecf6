internal import Glibc
internal import SwiftOverlayShims

extension Terminal {
    /// Asks for one line on the terminal without showing what is typed; nil where the person gives up (Ctrl-C, Ctrl-D).
    ///
    /// Read character by character with the terminal's own signals off, so that its settings are put back however the
    /// question ends.
    ///
    /// - Throws: `POSIXError` where standard input is no terminal.
    package static func readHidden(_ question: String, limit: Int) throws(POSIXError) -> [UInt8]? {
        var before = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &before) == 0 else { throw .last("ask on", "standard input") }
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        guard unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 else { throw .last("ask on", "standard input") }
        defer {
            var before = before
            unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            StandardError.write("\n")
        }
        StandardError.write(question)
        return try line(limit: limit)
    }

    private static func line(limit: Int) throws(POSIXError) -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            var character: UInt8 = 0
            let count = uninterrupted { unsafe read(STDIN_FILENO, &character, 1) }
            guard count >= 0 else { throw .last("read", "standard input") }
            switch character {
            case _ where count == 0, 0x03, 0x04: return nil
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return line
            case 0x08, 0x7F: eraseLast(&line)
            case 0x15: line = []  // Ctrl-U
            default: line.append(character)
            }
            guard line.count <= limit else { throw POSIXError(.tooLarge(limit: limit), "read", "standard input") }
        }
    }

    /// Takes away the last character with all its bytes.
    private static func eraseLast(_ line: inout [UInt8]) {
        while let last = line.popLast(), last & 0xC0 == 0x80 {}
    }
}
