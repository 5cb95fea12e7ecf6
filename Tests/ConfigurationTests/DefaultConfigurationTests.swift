import Configuration
import Crypto
import Exchange
import Secrets
import Support
import Testing

@Suite("The configuration that init writes")
struct DefaultConfigurationTests {
    let tokens = DefaultConfiguration.TokenDigests(
        orchestrator: SHA256.hash("a"),
        administrator: SHA256.hash("b"),
        auditor: SHA256.hash("c")
    )

    @Test("it loads without an error or a warning")
    func loads() throws {
        let text = DefaultConfiguration.text(tokens: tokens)
        let settings = try Configuration.parse(Array(text.utf8), file: "/etc/jobpass/jobpass.yaml")
        #expect(settings.warnings.isEmpty)
        #expect(settings.issuer.url == "http://127.0.0.1:8080")
        #expect(settings.keys.directory == "/etc/jobpass/keys")
        #expect(settings.secrets.masterKey == "/etc/jobpass/keys/master.key")
        #expect(settings.store == .sqlite(path: "/etc/jobpass/jobpass.db"))
        #expect(settings.principals.map(\.name) == ["runner-fleet", "admin", "audit"])
    }

    @Test("what it shows in comments loads too, once uncommented")
    func uncommented() throws {
        var text = DefaultConfiguration.text(issuer: "https://ci.example.com", tokens: tokens)
        for key in ["tls", "targets", "contexts", "errors", "log"] {
            text = text.replacing("# \(key):", with: "\(key):")
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("#   ") ? String(line.dropFirst(2)) : String(line)
        }
        let settings = try Configuration.parse(Array(lines.joined(separator: "\n").utf8), file: "jobpass.yaml")
        #expect(settings.warnings.isEmpty)
        #expect(settings.targets.map(\.name) == ["aws-prod", "vault"])
        #expect(settings.contexts.map(\.name.text) == ["aws-legacy"])
        #expect(settings.fallbacks["aws-prod"]?.until == "2030-01-31")
        #expect(settings.tls?.clientCA == "clients.crt")
    }
}
