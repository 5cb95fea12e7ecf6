import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// The page at `/audit`, looked at in a browser, and who may look.
    @Suite("The auditors' page")
    struct AuditPageScenarios {
        @Test("is looked at in a browser: sign-in, filters, proof, a tampered entry, narrow and dark, sign-out")
        func page() throws {
            let audited = try Audited(entries: 1_200)
            let shots = audited.folder.path("shots")
            try Files.makeDirectory(shots)
            let run = try Finished(
                try RelyingParty.program("python"),
                [
                    RelyingParty.script("look_at_page.py"), audited.site.url,
                    audited.environment["JOBPASS_TOKEN_FILE"] ?? "",
                    audited.site.store, shots,
                ]
            )
            #expect(run.code == 0 && run.output == "good\n", "\(run)")
            audited.broker.stop()
        }

        @Test("is entered with a client certificate, and by nobody else's; the session ends with sign-out")
        func certificate() throws {
            let authority = try TestAuthority()
            let server = try authority.issue("server", for: ["DNS:localhost", "IP:127.0.0.1"])
            let known = try authority.issue("auditor", for: ["DNS:auditor.example"])
            let unknown = try authority.issue("stranger", for: ["DNS:stranger.example"])
            let foreign = try TestAuthority().issue("foreign", for: ["DNS:auditor.example"])
            let audited = try Audited(entries: 300)
            audited.broker.stop()
            let text = try Files.readText(audited.site.configuration)
            let secure = text.replacing("issuer: http:", with: "issuer: https:").replacing(
                "principals:\n",
                with: "principals:\n  - {name: by-certificate, role: auditor, certificate: {san: auditor.example}}\n"
            )
            let tls =
                "tls: {certificate: \(server.certificateFile), private_key: \(server.keyFile), "
                + "client_ca: \(authority.certificateFile)}\n"
            try Files.replace(audited.site.configuration, Array((secure + tls).utf8), mode: 0o600)
            let broker = try Running(
                "broker",
                in: audited.folder,
                try BuiltCommand.path(),
                ["serve", "--config", audited.site.configuration]
            )
            try broker.wait(until: "listening") { broker.said.contains("listening") }
            let session = "https://127.0.0.1:\(audited.site.port)/audit/session"
            func call(_ issued: TestAuthority.Issued?, _ more: String...) throws -> String {
                let certificate = issued.map { ["--cert", $0.certificateFile, "--key", $0.keyFile] } ?? []
                let run = try Finished(
                    "curl",
                    ["-s", "-i", "--cacert", authority.certificateFile] + certificate + more + [session]
                )
                return run.output.isEmpty ? "no answer" : run.output
            }
            #expect(try call(nil, "-X", "POST").contains("401"))
            #expect(try call(unknown, "-X", "POST").contains("401"))
            #expect(try call(foreign, "-X", "POST") == "no answer", "a certificate of another authority")
            let entered = try call(known, "-X", "POST")
            #expect(entered.contains("200") && entered.contains("by-certificate"), "\(entered)")
            let cookie = try #require(
                entered.split(separator: "\r\n").first { $0.lowercased().hasPrefix("set-cookie:") }
            )
            for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] { #expect(cookie.contains(attribute)) }
            let value = try #require(cookie.split(separator: ":")[1].split(separator: ";").first).drop { $0 == " " }
            #expect(try call(nil, "-b", String(value)).contains("by-certificate"), "the session needs no certificate")
            #expect(try call(nil, "-b", String(value), "-X", "DELETE").contains("204"))
            #expect(try call(nil, "-b", String(value)).contains("401"), "the session outlived its end")
            let shots = audited.folder.path("shots")
            try Files.makeDirectory(shots)
            let looked = try Finished(
                try RelyingParty.program("python"),
                [
                    RelyingParty.script("enter_by_certificate.py"), "https://localhost:\(audited.site.port)",
                    known.certificateFile, known.keyFile, unknown.certificateFile, unknown.keyFile,
                ]
            )
            #expect(looked.code == 0 && looked.output == "good\n", "\(looked)")
            broker.stop()
        }
    }
}
