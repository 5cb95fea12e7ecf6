internal import Delivery
internal import POSIX

/// Carries a child's output on to this program's own, masked.
///
/// It blocks, on a thread of its own: a reader that is slow to take the output slows the child, and nothing else.
struct OutputPump: Sendable {
    let channel: OutputChannel
    let masks: SharedMask

    /// What the child itself wrote fits into a pipe; there is no more of it after its end.
    private static let mostAfterEnd = 1 << 20
    /// How long output of processes that the child left behind is waited for.
    private static let patience = Duration.seconds(1)

    /// Carries on until the output's end, or until the child has ended and processes that it left behind keep silent.
    ///
    /// - Returns: whether such processes still hold the output.
    func run(ended: Int32) -> Bool {
        guard let source = channel.takeSource() else { return false }
        var (mask, version) = masks.latest
        var stream = MaskedStream(mask)
        var deadline: ContinuousClock.Instant?
        var afterEnd = 0
        while true {
            if let deadline, ContinuousClock.now >= deadline, afterEnd >= Self.mostAfterEnd { break }
            switch source.wait(or: deadline == nil ? ended : nil, milliseconds: wait(stream.patience, deadline)) {
            case .other: deadline = ContinuousClock.now + Self.patience
            case .timeout:
                guard show(stream.release()) else { return false }
                if let deadline, ContinuousClock.now >= deadline {
                    _ = show(stream.finish())
                    return true
                }
            case .readable:
                // A terminal that nobody has open any more is read as an error.
                guard let bytes = try? source.read(atMost: 1 << 16, subject: "output"), !bytes.isEmpty else {
                    _ = show(stream.finish())
                    return false
                }
                if deadline != nil { afterEnd += bytes.count }
                let latest = masks.latest
                if latest.version != version {
                    (mask, version) = latest
                    stream.adopt(mask)
                }
                // Where nobody reads any more, the child is to learn it as it would without us: by SIGPIPE.
                guard show(stream.take(bytes)) else { return false }
            }
        }
        _ = show(stream.finish())
        return true
    }

    private func wait(_ patience: Int32?, _ deadline: ContinuousClock.Instant?) -> Int32? {
        let rest = deadline.map { deadline in
            let (seconds, attoseconds) = max(.zero, ContinuousClock.now.duration(to: deadline)).components
            return Int32(clamping: seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1)
        }
        return [patience, rest].compactMap(\.self).min()
    }

    private func show(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return true }
        return (try? FileDescriptor.write(bytes, to: channel.target)) != nil
    }
}
