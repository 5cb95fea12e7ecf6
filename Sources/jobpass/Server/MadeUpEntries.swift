internal import Crypto
internal import Encoding
internal import Ledger
internal import Locks
internal import Time

/// Entries such as jobs bring about, the same for the same number: runs of six entries each, some of which go wrong.
enum MadeUpEntries {
    private static let perRun = 6
    private static let targets = ["aws-prod", "aws-staging", "gcp-prod", "vault", "azure-prod"]
    private static let jobs = ["build", "test", "release", "backup"]

    /// The entry of a number.
    static func entry(_ number: Int) -> Entry {
        let run = number / perRun
        let target = targets[run % targets.count]
        // One run in 50 is denied, one in 97 refused by the cloud, one in 151 falls back.
        switch (number % perRun, run % 50, run % 97, run % 151) {
        case (0, _, _, _): return with(claims(run), Entry(.runRegistered, .succeeded, trace: trace(number)), run)
        case (perRun - 1, _, _, _): return with(claims(run), Entry(.runEnded, .succeeded, trace: trace(number)), run)
        case (2, 7, _, _), (4, 7, _, _):
            var entry = with(claims(run), Entry(.exchangeDenied, .denied, trace: trace(number)), run)
            entry.target = target
            entry.reason = "target '\(target)': rule 1 wants ref refs/heads/main, and the run has refs/heads/feature"
            return entry
        case (2, _, 13, _):
            var entry = with(claims(run), Entry(.exchangeRefused, .refused, trace: trace(number)), run)
            entry.target = target
            entry.cause = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
            return entry
        case (4, _, _, 11):
            var entry = with(claims(run), Entry(.fallbackUsed, .succeeded, trace: trace(number)), run)
            entry.target = target
            entry.context = "\(target)-legacy"
            entry.cause = "outage after 4 attempts"
            return entry
        case (2, _, _, _), (4, _, _, _):
            var entry = with(claims(run), Entry(.exchangeSucceeded, .succeeded, trace: trace(number)), run)
            entry.target = target
            entry.credential = "ASIA\(Hex.encode(Array(digest("credential", number).prefix(8))).uppercased())"
            entry.session = "jobpass-\(run)"
            return entry
        default: return token(number, run, target)
        }
    }

    private static func token(_ number: Int, _ run: Int, _ target: String) -> Entry {
        var entry = Entry(.tokenIssued, .succeeded, trace: trace(number))
        let jti = Hex.encode(Array(digest("jti", number).prefix(16)))
        entry.run = runID(run)
        entry.principal = "runner-fleet"
        entry.issuer = "https://ci.example.com"
        entry.kid = "vJ8qWx1bT3m0N5c9R7y2Lk4Hs6Pd8Fg1Zt3Xa5Qe7Uo"
        entry.audience = "sts.amazonaws.com"
        entry.jti = jti
        entry.tokenSHA256 = SHA256.hash("made-up token \(number)")
        entry.target = target
        entry.claims = Array(
            "{\"iss\":\"https://ci.example.com\",\"aud\":\"sts.amazonaws.com\",\"jti\":\"\(jti)\",\(facts(run))}".utf8
        )
        return entry
    }

    private static func with(_ claims: String, _ entry: Entry, _ run: Int) -> Entry {
        var entry = entry
        entry.run = runID(run)
        entry.principal = "runner-fleet"
        entry.claims = Array(claims.utf8)
        return entry
    }

    private static func claims(_ run: Int) -> String { "{\(facts(run))}" }

    private static func facts(_ run: Int) -> String {
        let project = "acme/project-\(run % 40)"
        let job = jobs[run / 3 % jobs.count]
        let ref = run % 50 == 7 ? "refs/heads/feature" : "refs/heads/main"
        return """
            "sub":"project:\(project):ref:\(ref):workflow:deploy:job:\(job)","project":"\(project)","workflow":"deploy",\
            "job":"\(job)","ref":"\(ref)","run_id":"\(run)","sha":"\(Hex.encode(Array(digest("sha", run).prefix(20))))",\
            "environment":"production","trust":"trusted"
            """
    }

    private static func runID(_ run: Int) -> String { "run_\(Hex.encode(Array(digest("run", run).prefix(8))))" }

    private static func trace(_ number: Int) -> String { Hex.encode(Array(digest("trace", number).prefix(16))) }

    private static func digest(_ what: String, _ number: Int) -> [UInt8] { SHA256.hash("\(what) \(number)").bytes }
}

/// A clock that stands still until it is set.
final class SteppingClock: Sendable {
    private let moment: Lock<UnixTime>

    init(_ moment: UnixTime) { self.moment = Lock(moment) }

    var now: UnixTime { moment.withLock { $0 } }

    func set(_ later: UnixTime) { moment.withLock { $0 = later } }
}
