internal import Locks

/// Whose turn it is to call a module: one call, or calls that belong together, at a time in the whole process.
///
/// Modules may be called by several threads (PKCS#11, section 5.4), and not all bear it. SoftHSM 2.6.1 ends the process, or leaves half
/// a key in the token, where a key is looked for, made or used beside another call (softhsm/SoftHSMv2, issues 518, 573 and 688);
/// with half a key there every search fails from then on (CKR_GENERAL_ERROR), and leaves its session with a search that cannot be
/// ended (CKR_OPERATION_ACTIVE). What a module keeps is one for the process, whoever has loaded it: so the turn is one too.
enum TokenTurn {
    /// Fair, since who signs would have it again at once.
    private static let turn = Lock((), isFair: true)
    /// Since when somebody has it.
    private static let taken = Lock<ContinuousClock.Instant?>(nil)

    /// Calls a module while nobody else does.
    static func take<Result: Sendable>(_ calls: () -> Result) -> Result {
        turn.withLock { _ in
            taken.withLock { $0 = .now }
            defer { taken.withLock { $0 = nil } }
            return calls()
        }
    }

    /// For how long a call has had no answer; nil where none is under way.
    static var silence: Duration? { taken.withLock { $0 }?.duration(to: .now) }
}
