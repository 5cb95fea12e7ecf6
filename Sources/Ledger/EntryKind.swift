/// What an entry records; the raw value is its name in answers, filters and exports.
package enum EntryKind: String, CaseIterable, Sendable {
    case runRegistered = "run.registered"
    case runEnded = "run.ended"
    case tokenIssued = "token.issued"
    case tokenDenied = "token.denied"
    case exchangeSucceeded = "exchange.succeeded"
    /// Our own policy said no.
    case exchangeDenied = "exchange.denied"
    /// The cloud said no.
    case exchangeRefused = "exchange.refused"
    /// The cloud could not be reached, or gave no answer.
    case exchangeFailed = "exchange.failed"
    case fallbackUsed = "fallback.used"
    /// A credential was ended before its time, or could not be.
    case credentialRevoked = "credential.revoked"
    case secretRead = "secret.read"
    case secretDenied = "secret.denied"
    case secretChanged = "secret.changed"
    case keyChanged = "key.changed"
    case configLoaded = "config.loaded"
    case federationAccepted = "federation.accepted"
    case federationDenied = "federation.denied"
    case adminDenied = "admin.denied"
    /// A job took the mask off a command's output.
    case outputUnmasked = "output.unmasked"
    /// The contents of the oldest entries were removed, and their hashes kept.
    case ledgerPruned = "ledger.pruned"
    /// A token that is wrong on purpose was signed, to see a target refuse it.
    case probeSent = "probe.sent"
    /// The target refused it, as it must.
    case probeRefused = "probe.refused"
    /// The target took it: its trust is wider than the target's own rules.
    case probeAccepted = "probe.accepted"
    /// What the target thinks of it could not be found out.
    case probeFailed = "probe.failed"
    /// A run, a project, a key or every run since a moment gets nothing more.
    case revocationMade = "revocation.made"
    /// A project gets what its rules allow again.
    case revocationLifted = "revocation.lifted"

    /// The number that stands for the kind in canonical bytes: given once, never used again for another.
    package var code: UInt16 {
        switch self {
        case .runRegistered: 1
        case .runEnded: 2
        case .tokenIssued: 3
        case .tokenDenied: 4
        case .exchangeSucceeded: 5
        case .exchangeDenied: 6
        case .exchangeRefused: 7
        case .exchangeFailed: 8
        case .fallbackUsed: 9
        case .secretRead: 10
        case .secretDenied: 11
        case .secretChanged: 12
        case .keyChanged: 13
        case .configLoaded: 14
        case .federationAccepted: 15
        case .federationDenied: 16
        case .adminDenied: 17
        case .outputUnmasked: 18
        case .credentialRevoked: 19
        case .ledgerPruned: 20
        case .probeSent: 21
        case .probeRefused: 22
        case .probeAccepted: 23
        case .probeFailed: 24
        case .revocationMade: 25
        case .revocationLifted: 26
        }
    }

    private static let kinds = Dictionary(uniqueKeysWithValues: allCases.map { ($0.code, $0) })

    /// The kind of a number; nil where this version knows none.
    package init?(code: UInt16) {
        guard let kind = Self.kinds[code] else { return nil }
        self = kind
    }
}

/// How what an entry records turned out; the raw value is its name in answers, filters and exports.
package enum Outcome: String, CaseIterable, Sendable {
    /// It was done.
    case succeeded
    /// Our rules said no.
    case denied
    /// Somebody else, such as a cloud, said no.
    case refused
    /// It could not be done: an outage, a fault.
    case failed

    /// The number that stands for the outcome in canonical bytes.
    package var code: UInt8 {
        switch self {
        case .succeeded: 1
        case .denied: 2
        case .refused: 3
        case .failed: 4
        }
    }

    /// The outcome of a number; nil where this version knows none.
    package init?(code: UInt8) {
        switch code {
        case 1: self = .succeeded
        case 2: self = .denied
        case 3: self = .refused
        case 4: self = .failed
        default: return nil
        }
    }
}
