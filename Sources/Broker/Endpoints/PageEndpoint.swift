internal import Configuration
internal import HTTP
internal import JSON
internal import Page
internal import Time
internal import Tokens

/// `GET /audit` and what belongs to it: the page where auditors look rather than read, and their sessions.
extension Broker {
    /// The page; it shows nothing without a session.
    func page() -> HTTPResponse { respond(Page.document) }

    /// A file of the page.
    func pageFile(_ call: Call) throws(Problem) -> HTTPResponse {
        guard let file = Page.file(call.parameters[0]) else { throw Problem(.notFound, "The page has no such file.") }
        return respond(file)
    }

    /// Whose session it is.
    func showSession(_ call: Call) async throws(Problem) -> HTTPResponse {
        guard AuditSessions.text(in: call.request) != nil else { return HTTPResponse(status: 204) }
        return .secretJSON(200, ["name": .string(try await auditor(of: call).name)])
    }

    /// Signs an auditor in, by a token or a client certificate.
    func beginSession(_ call: Call) async throws(Problem) -> HTTPResponse {
        let auditor = try await auditor(of: call, bySession: false)
        var response = HTTPResponse.secretJSON(200, ["name": .string(auditor.name)])
        let text = sessions.begin(auditor, at: clock())
        response.fields.append("Set-Cookie", cookie(text, lifetime: AuditSessions.lifetime.wholeSeconds))
        return response
    }

    /// Signs an auditor out.
    func endSession(_ call: Call) -> HTTPResponse {
        if let text = AuditSessions.text(in: call.request) { sessions.end(text) }
        return HTTPResponse(status: 204, fields: ["Set-Cookie": cookie("", lifetime: 0), "Cache-Control": "no-store"])
    }

    private func cookie(_ text: String, lifetime: Int64) -> String {
        let secure = now.trusted.url.text.hasPrefix("https:") ? "; Secure" : ""
        return "\(AuditSessions.cookie)=\(text); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(lifetime)\(secure)"
    }

    private func respond(_ file: Page.File) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            fields: [
                "Content-Type": file.type, "Content-Security-Policy": Page.policy, "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY", "Cache-Control": "no-cache",
            ],
            body: file.bytes
        )
    }
}
