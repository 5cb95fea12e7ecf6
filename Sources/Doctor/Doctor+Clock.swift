internal import HTTP
internal import Time

/// This machine's clock against those of the servers that were asked.
extension Doctor {
    /// More than this, and OpenBao and Vault refuse every token (their default leeway).
    static let greatestSkew = Duration.seconds(60)
    /// More than this, and tokens of a short life begin to suffer.
    static let noticedSkew = Duration.seconds(15)

    /// Compares the clock with the `Date` of an answer.
    func clock(against fetched: Fetched, at place: String) -> Check {
        guard let text = fetched.response.fields["Date"], var date = IMFDate.parse(text) else {
            return .skipped("clock", place, because: "the answer has no Date field")
        }
        // A cache's answer is as old as it says (RFC 9111, section 5.1).
        if let age = fetched.response.fields["Age"].flatMap({ Int64($0) }), (0...31_536_000).contains(age) {
            date = date + .seconds(age)
        }
        // The field has whole seconds, and was written somewhere between question and answer.
        let ahead = fetched.asked - date
        let behind = date - fetched.came
        let skew = max(ahead - .seconds(1), behind)
        guard skew > Self.noticedSkew else {
            return .passed("clock", place, seen: "within \(Self.noticedSkew.text) of this machine's")
        }
        let direction = ahead > behind ? "ahead of" : "behind"
        let seen = "this machine's clock is \(Self.words(skew)) \(direction) the server's (\(text))"
        let fix =
            "set the clock that is wrong by NTP (timedatectl set-ntp true, chronyc makestep): a token is refused as not "
            + "yet valid or expired where clocks differ by more than 60 s (OpenBao, Vault) or 5 min (AWS)"
        return skew > Self.greatestSkew
            ? .failed("clock", place, seen: seen, wanted: "at most \(Self.greatestSkew.text) apart", fix: fix)
            : .warning("clock", place, seen: seen, wanted: "at most \(Self.noticedSkew.text) apart", fix: fix)
    }

    private static func words(_ duration: Duration) -> String {
        let seconds = duration.wholeSeconds
        return seconds < 120 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }

    /// Whether a server that tokens go to can be reached, and by which clock it goes; the answer's status does not matter.
    package func examine(doorstep url: String, authorities: String?) async -> [Check] {
        let place = url
        do throws(TransportError) {
            let fetched = try await fetch(url, authorities: authorities)
            return [
                .passed("target.reachable", place, seen: "it answers (status \(fetched.response.status))"),
                clock(against: fetched, at: place),
            ]
        } catch {
            return [
                Self.check("target.reachable", place, error),
                .skipped("clock", place, because: "it could not be reached"),
            ]
        }
    }
}
