import Broker
import HTTP
import Testing

@Suite("Answers that refuse")
struct ProblemTests {
    @Test("the body has OAuth's shape with the trace, and is never cached")
    func shape() {
        var problem = Problem(.targetRefused, "AWS refused the token.")
        problem.cause = Problem.Cause(kind: "refused", code: "AccessDenied", text: "Not authorized")
        let answer = problem.response(trace: "00ff", terse: false)
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == #"{"error":"target_refused","error_description":"AWS refused the token.","trace":"00ff","#
                + #""cause":{"kind":"refused","code":"AccessDenied","text":"Not authorized"}}"#
        )
        #expect(answer.status == 502)
        #expect(answer.fields["Cache-Control"] == "no-store")
        #expect(answer.fields["Content-Type"] == "application/json")
    }

    @Test("a terse broker tells the code and the trace, and nothing that a rule says")
    func terse() {
        var problem = Problem(.accessDenied, "rule 2 wants ref refs/heads/main")
        problem.cause = Problem.Cause(kind: "outage", code: "x", text: "y")
        let answer = problem.response(trace: "00ff", terse: true)
        #expect(String(decoding: answer.body, as: UTF8.self) == #"{"error":"access_denied","trace":"00ff"}"#)
    }

    @Test(
        "every code has the status of the contract",
        arguments: [
            (Problem.Code.invalidRequest, 400), (.invalidToken, 401), (.accessDenied, 403), (.notFound, 404),
            (.conflict, 409), (.tooLarge, 413), (.slowDown, 429), (.serverError, 500), (.targetRefused, 502),
            (.unavailable, 503), (.targetTimeout, 504),
        ]
    )
    func statuses(code: Problem.Code, status: Int) {
        #expect(Problem(code, "why").response(trace: "t", terse: false).status == status)
    }

    @Test("a 401 names the scheme, a 503 when to come back, a 405 what is allowed")
    func fields() {
        #expect(Problem(.invalidToken, "").response(trace: "t", terse: false).fields["WWW-Authenticate"] != nil)
        var busy = Problem(.unavailable, "")
        busy.retryAfter = 7
        #expect(busy.response(trace: "t", terse: false).fields["Retry-After"] == "7")
        var method = Problem(.invalidRequest, "")
        method.otherStatus = 405
        method.allowed = [.get, .head]
        let answer = method.response(trace: "t", terse: false)
        #expect(answer.status == 405)
        #expect(answer.fields["Allow"] == "GET, HEAD")
    }
}
