internal import POSIX

/// Files that an auditor names.
enum LocalFile {
    /// Reads a file, or standard input for `-`.
    static func read(_ path: String, limit: Int = 1 << 28) throws(POSIXError) -> [UInt8] {
        path == "-" ? try StandardInput.readAll(limit: limit) : try Files.read(path, limit: limit)
    }
}

/// The lines of a file of any size, one after the other.
struct LineReader: ~Copyable {
    private let file: FileDescriptor
    private let path: String
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    /// The most bytes of a line: an entry of 65,535 bytes as text, with its proof, is a fifth of it.
    private static let longest = 1 << 21

    init(_ path: String) throws(POSIXError) {
        file = try Files.openForReading(path)
        self.path = path
    }

    /// The next line without its end; nil behind the last.
    mutating func next() throws(POSIXError) -> [UInt8]? {
        while true {
            if let end = buffer[start...].firstIndex(of: 0x0A) {
                let line = Array(buffer[start..<end])
                start = end + 1
                return line
            }
            if isAtEnd {
                guard start < buffer.count else { return nil }
                let line = Array(buffer[start...])
                start = buffer.count
                return line
            }
            buffer.removeFirst(start)
            start = 0
            guard buffer.count <= Self.longest else {
                throw POSIXError(.tooLarge(limit: Self.longest), "read a line of", path)
            }
            let more = try file.read(atMost: 1 << 20, subject: path)
            isAtEnd = more.isEmpty
            buffer += more
        }
    }
}
