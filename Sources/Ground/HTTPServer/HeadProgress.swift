/// How far a request's head has come: to the empty line behind its fields (RFC 9112, section 2.1), which libevent tells nobody of.
struct HeadProgress {
    /// Whether the empty line has come.
    private(set) var isWhole = false
    private var isAtLineStart = true
    private var hasBegun = false

    /// Takes the next byte; an empty line in front of the request line counts for nothing.
    mutating func take(_ byte: UInt8) {
        guard !isWhole else { return }
        switch byte {
        case UInt8(ascii: "\n"):
            isWhole = hasBegun && isAtLineStart
            isAtLineStart = true
        case UInt8(ascii: "\r"): break
        default:
            hasBegun = true
            isAtLineStart = false
        }
    }
}
