internal import Delivery
internal import POSIX

/// The ways of a child's two outputs through this program.
///
/// Where this program's streams lead to one place, so do the child's, for the order of what is written there. Where a person
/// sits at the terminal, the child has a terminal of its own, as under script(1), and what is typed goes to it key by key;
/// where only output goes to a terminal, the child's output is one as well, and the rest stays as it is.
struct MaskedOutput: Sendable {
    let masks: SharedMask
    private let output: OutputChannel
    /// Nil where errors take the way of the output.
    private let error: OutputChannel?
    /// Whether the child is controlled from a terminal of its own.
    let isControlling: Bool

    init(_ masks: SharedMask) throws(POSIXError) {
        self.masks = masks
        isControlling =
            StandardInput.isTerminal && Terminal.isTerminal(StandardOutput.descriptor)
            && Terminal.isForeground(StandardInput.descriptor)
        output = try OutputChannel(to: StandardOutput.descriptor, isControlling ? .controlling : .passing)
        let isShared = StandardStreams.areOne || (isControlling && Terminal.isTerminal(StandardError.descriptor))
        error = isShared ? nil : try OutputChannel(to: StandardError.descriptor)
    }

    var pumps: [OutputPump] { channels.map { OutputPump(channel: $0, masks: masks) } }

    private var channels: [OutputChannel] { [output, error].compactMap(\.self) }

    /// Starts a program whose outputs these are.
    func start(_ line: [String], _ environment: Environment) throws(POSIXError) -> Process {
        let process = try Process(
            line[0],
            Array(line.dropFirst()),
            environment: environment,
            input: isControlling ? output.terminal.map { .terminal($0) } ?? .inherit : .inherit,
            output: output.stream,
            error: (error ?? output).stream,
            inOwnSession: isControlling
        )
        for channel in channels { channel.handOver() }
        return process
    }

    /// Tells the child's terminals the size of this program's.
    func resize() { for channel in channels { channel.resize() } }

    /// Types what is typed here on the child's terminal, for as long as it has one; blocks.
    func relayKeys() {
        while let keys = try? StandardInput.next(atMost: 4_096), !keys.isEmpty {
            guard (try? output.type(keys)) != nil else { return }
        }
    }
}
