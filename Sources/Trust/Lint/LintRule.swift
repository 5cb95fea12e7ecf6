package import JSON

/// What lint looks for.
package enum LintRule: String, CaseIterable, Sendable {
    case onlyAudience = "only-audience"
    case anyAudience = "any-audience"
    case anyIssuer = "any-issuer"
    case tautology
    case duplicateKey = "duplicate-key"
    case passesOnAbsence = "passes-on-absence"
    case wildcardCrosses = "wildcard-crosses-separator"
    case unanchored
    case otherSyntax = "pattern-of-another-kind"
    case chosenByJob = "claim-chosen-by-job"
    case reusableName = "name-can-be-registered-again"
    case caseIgnored = "case-ignored"
    case noTagSession = "no-tag-session"
    case limit
    case admitsNobody = "admits-nobody"

    /// How grave it is.
    package var level: FindingLevel {
        switch self {
        case .onlyAudience, .anyIssuer, .tautology, .duplicateKey: .error
        case .anyAudience, .passesOnAbsence, .wildcardCrosses, .unanchored, .otherSyntax, .chosenByJob, .caseIgnored,
            .limit:
            .warning
        case .reusableName, .noTagSession, .admitsNobody: .note
        }
    }

    /// What it means, in a sentence.
    package var summary: String {
        switch self {
        case .onlyAudience: "Every job of the issuer is admitted: nothing but issuer and audience is checked"
        case .anyAudience: "Tokens for any audience are admitted, also those that jobs got for something else"
        case .anyIssuer: "Tokens of any issuer are admitted"
        case .tautology: "A condition holds whatever the token says"
        case .duplicateKey: "A name stands twice in one object, and readers keep the last alone"
        case .passesOnAbsence: "A condition holds where the claim is missing"
        case .wildcardCrosses: "A wildcard also takes separators, and so further fields"
        case .unanchored: "A pattern also takes longer values"
        case .otherSyntax: "A pattern is written in the syntax of another kind of pattern"
        case .chosenByJob: "Access depends on a value that the job itself can choose"
        case .reusableName: "Access depends on a name that somebody else can register once it is free"
        case .caseIgnored: "Values that differ in case are taken for one"
        case .noTagSession: "Tokens with session tags are refused: nothing allows sts:TagSession"
        case .limit: "A limit of the cloud is exceeded"
        case .admitsNobody: "No token was found that the policy admits"
        }
    }
}

/// How grave a finding is.
package enum FindingLevel: String, CaseIterable, Comparable, Sendable {
    case note
    case warning
    case error

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    package static func < (left: FindingLevel, right: FindingLevel) -> Bool { left.rank < right.rank }
}

/// What a policy may admit that nobody meant, before it is proved.
package struct Suspicion: Sendable {
    let rule: LintRule
    let place: Place?
    /// What tokens to try, one after another: each with what they are to have.
    let attempts: [[Stipulation]]
    let message: String
    let fix: String
    /// The claim that decides, where it is one that the job chooses.
    var chosen: ClaimPath?

    init(_ rule: LintRule, _ place: Place?, _ attempts: [[Stipulation]], _ message: String, fix: String) {
        self.rule = rule
        self.place = place
        self.attempts = attempts
        self.message = message
        self.fix = fix
    }
}

/// What a policy admits that nobody meant, with a token that proves it.
package struct Finding: Sendable {
    package let rule: LintRule
    package let place: Place?
    package let message: String
    package let fix: String
    /// Claims with which the policy is passed; nil only where nobody passes, which `admitsNobody` then says.
    package let witness: JSONObject?
}
