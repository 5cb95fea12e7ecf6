internal import Auditing
internal import Configuration
internal import Crypto
internal import Delivery
internal import EventLoop
internal import HTTPServer
internal import Intake
internal import Ledger
internal import POSIX
internal import Secrets
internal import Stores
internal import Tokens

extension CommandError {
    /// What an error of any module means for the person at the command line.
    init(describing error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case let error as InvalidConfiguration: self.init(.configuration, error.description)
        case let error as StoreError: self.init(Self.exit(for: error), error.description)
        case let error as AuditError: self.init(Self.exit(for: error), error.description)
        case let error as LedgerError: self.init(Self.exit(for: error), error.description)
        case let error as SecretsError: self.init(Self.exit(for: error), error.description)
        case let error as IntakeError: self.init(.badData, error.description)
        case let error as DeliveryError: self.init(error.code == .mask ? .inputOutput : .badData, error.description)
        case let error as TokenError: self.init(.badData, error.description)
        case let error as CryptoError: self.init(.configuration, error.description)
        case let error as HTTPServerError: self.init(.unavailable, error.description)
        case let error as POSIXError: self.init(.inputOutput, error.description)
        default: self.init(.inputOutput, "\(error)")
        }
    }

    private static func exit(for error: AuditError) -> ExitCode {
        switch error.code {
        case .query: .usage
        case .notFound, .unproved: .badData
        case .storage: .inputOutput
        }
    }

    private static func exit(for error: StoreError) -> ExitCode {
        switch error.code {
        case .exists, .missing, .foreign, .version, .looseMode, .moved: .configuration
        case .unproved: .badData
        case .unavailable: .inputOutput
        case .unreachable: .unavailable
        }
    }

    /// A ledger that is not what was recorded is bad data; one that cannot be written now is an I/O error.
    private static func exit(for error: LedgerError) -> ExitCode {
        switch error.code {
        case .entryTooLarge, .malformedEntry, .malformedNote, .notFound: .badData
        case .clockBehind: .tryAgain
        case .storage, .storageFull, .signing, .closed: .inputOutput
        case .initialised, .wrongOrigin, .wrongKey: .configuration
        case .uninitialised, .badSignature, .shorter, .longer, .altered, .timeOrder: .badData
        }
    }

    private static func exit(for error: SecretsError) -> ExitCode {
        switch error.code {
        case .setting, .masterKey: .configuration
        case .value, .damaged, .notFound: .badData
        case .conflict: .tryAgain
        case .storage: .inputOutput
        }
    }
}
