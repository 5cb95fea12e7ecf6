internal import Crypto
internal import HTTP

/// What a sandbox does wrong for a time, so that a team can rehearse a bad day.
package struct SandboxFault: Equatable, Sendable {
    /// The ways of going wrong.
    package enum Kind: String, CaseIterable, Sendable {
        /// 503.
        case outage
        /// 500.
        case error
        /// 429 with a Retry-After of one second.
        case throttle
        /// Takes the request and never answers.
        case hang
        /// 200 with bytes that mean nothing.
        case garbage
        /// The right answer, cut in half.
        case truncated
        /// 200 with the page of somebody else, as behind a portal.
        case html
        /// 200 with three mebibytes.
        case large
        /// A redirect to another host.
        case redirect
        /// Nothing wrong, between two faults.
        case ok
    }

    package let kind: Kind
    /// How long; nil is for ever.
    package let duration: Duration?

    /// Makes a fault.
    package init(_ kind: Kind, for duration: Duration? = nil) {
        self.kind = kind
        self.duration = duration
    }
}

extension [SandboxFault] {
    /// The fault of a moment after the sandbox's start: each in its turn, then none.
    func current(after elapsed: Duration) -> SandboxFault.Kind {
        var end: Duration = .zero
        for fault in self {
            guard let duration = fault.duration else { return fault.kind }
            end += duration
            if elapsed < end { return fault.kind }
        }
        return .ok
    }
}

extension SandboxFault.Kind {
    /// What is answered instead; nil where the stand-in is asked after all.
    var answer: HTTPResponse? {
        switch self {
        case .ok, .truncated, .hang: nil
        case .outage: text(503, "the sandbox plays an outage\n")
        case .error: text(500, "the sandbox plays an error of its own\n")
        case .throttle:
            HTTPResponse(status: 429, fields: ["Retry-After": "1"], body: Array("the sandbox plays a limit\n".utf8))
        case .garbage: HTTPResponse(status: 200, fields: ["Content-Type": "application/json"], body: Entropy.bytes(512))
        case .html:
            HTTPResponse(
                status: 200,
                fields: ["Content-Type": "text/html"],
                body: Array("<html><body>Please log in to the guest network.</body></html>\n".utf8)
            )
        case .large:
            HTTPResponse(
                status: 200,
                fields: ["Content-Type": "application/json"],
                body: Array(repeating: UInt8(ascii: " "), count: 3 << 20)
            )
        case .redirect:
            HTTPResponse(status: 307, fields: ["Location": "https://elsewhere.invalid/"])
        }
    }

    private func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status: status, fields: ["Content-Type": "text/plain"], body: Array(text.utf8))
    }
}
