package import Secrets

/// Retirement owns the question which static secrets can go: what the ledger shows of their use, what takes their place, and a
/// verdict for each with the entries that prove it.
///
/// It reads the ledger and the store's dates, changes nothing, and opens no secret. A verdict says no more than its evidence: an
/// auditor who looks the entries up comes to the same.
package struct RetirementRules: Equatable, Sendable {
    /// How long a secret must not have been read before it can go.
    package var unreadFor = Duration.seconds(30 * 86_400)
    /// How many exchanges each job that read it must have had since, with what replaces it.
    package var exchanges = 5
    /// How near a fallback's last day makes it `expiring`.
    package var expiringWithin = Duration.seconds(30 * 86_400)

    /// Makes the standard rules.
    package init() {}
}

/// What can be said of a secret.
package enum Verdict: String, CaseIterable, Sendable {
    /// Not read for long enough, and every job that read it has had exchanges enough since.
    case deleteNow = "delete-now"
    /// The fallback that it serves is over, or will soon be, and it is not shown that nothing needs it.
    case expiring
    /// Still the only way, or used a short while ago.
    case keep
    /// Too little history to say.
    case unproven
    /// Kept elsewhere, where nothing shows who reads it.
    case unmanaged
}

/// Which job: what a secret is attached to, whatever its runs.
package struct JobName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let project: String
    package let workflow: String
    package let job: String

    /// Makes a name of a run's claims.
    package init(project: String, workflow: String, job: String) {
        self.project = project
        self.workflow = workflow
        self.job = job
    }

    package var description: String { "\(project) \(workflow)/\(job)" }

    /// The order in which reports have them.
    package static func < (left: JobName, right: JobName) -> Bool {
        (left.project, left.workflow, left.job) < (right.project, right.workflow, right.job)
    }
}

/// What there is, besides the ledger: the store's and the configuration's side.
package struct RetirementStock: Sendable {
    /// One context with its secrets, deleted ones left out or not.
    package struct Context: Sendable {
        package let settings: ContextSettings
        package let secrets: [SecretSummary]

        /// Makes a context.
        package init(settings: ContextSettings, secrets: [SecretSummary]) {
            self.settings = settings
            self.secrets = secrets
        }
    }

    package let contexts: [Context]
    /// The fallbacks of targets by the target's name.
    package let fallbacks: [String: Fallback]
    package let inventory: [InventoryItem]

    /// Gathers what there is.
    package init(contexts: [Context], fallbacks: [String: Fallback], inventory: [InventoryItem]) {
        self.contexts = contexts
        self.fallbacks = fallbacks
        self.inventory = inventory
    }
}
