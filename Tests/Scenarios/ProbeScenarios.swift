import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// A real OpenBao with a role that binds what the target's rules say, and one that binds less.
    @Suite("a target that takes what it must refuse is found out")
    struct ProbeScenarios {
        private static let audience = "https://openbao.example"
        private let folder: Folder
        private let bao: OpenBao
        private let site: Site

        init() throws {
            folder = try Folder()
            bao = try OpenBao(in: folder)
            site = try Site(Self.settings(bao.url, probe: false), in: folder)
        }

        private static func settings(_ address: String, probe: Bool) -> String {
            """
            targets:
              tight: {type: vault, address: "\(address)", role: tight, audience: "\(audience)", \(probe ? "probe: true, " : "")allow: [{project: acme/web, ref: refs/heads/main}]}
              loose: {type: vault, address: "\(address)", role: loose, audience: "\(audience)", \(probe ? "probe: true, " : "")allow: [{project: acme/web, ref: refs/heads/main}]}
            """
        }

        private func role(_ name: String, _ bound: String) throws {
            let role = """
                {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["\(Self.audience)"],
                 "bound_claims": \(bound), "token_policies": ["default"]}
                """
            try bao.run(["write", "auth/jwt/role/\(name)", "-"], input: role)
        }

        private func setUp() throws {
            try bao.run(["auth", "enable", "jwt"])
            try bao.run(["write", "auth/jwt/config", "oidc_discovery_url=\(site.url)", "bound_issuer=\(site.url)"])
            try role("tight", #"{"project": ["acme/web"], "ref": ["refs/heads/main"], "trust": ["trusted"]}"#)
            // The commonest mistake: nothing but the issuer and the audience is compared.
            try role("loose", #"{"trust": ["trusted"]}"#)
        }

        @Test("a tight role refuses each; a loose one takes two, which are named, revoked and recorded")
        func tightAndLoose() throws {
            let broker = try site.serve()
            defer { broker.stop() }
            try setUp()
            // The running broker keeps its configuration, so that it does not probe beside the command.
            try site.writeConfiguration(Self.settings(bao.url, probe: true))

            let tight = try site.command(["probe", "tight", "--json"])
            #expect(tight.code == 0, "\(tight)")
            let verdicts = try probes(tight)
            #expect(verdicts["other-project"] == "refused", "\(tight)")
            #expect(verdicts["other-branch"] == "refused")
            #expect(verdicts["fork"] == "refused")
            #expect(verdicts["other-audience"] == "refused")
            #expect(verdicts["expired"] == "refused")
            // OpenBao reads no role in a token.
            #expect(verdicts["other-role"] == "left_out")
            #expect(try site.entries("kind=probe.refused&target=tight").count == 5)

            let loose = try site.command(["probe", "loose"])
            #expect(loose.code == 76, "\(loose)")
            #expect(loose.error.contains("does not compare project"), "\(loose)")
            #expect(loose.error.contains("add ref=refs/heads/main to the role's bound_claims"), "\(loose)")
            let accepted = try site.entries("kind=probe.accepted&target=loose")
            #expect(accepted.count == 2, "\(accepted)")
            #expect(accepted.contains { $0["reason"]?.asString?.hasPrefix("other-branch:") == true })
            #expect(try site.entries("kind=credential.revoked&target=loose").count == 2)
            // OpenBao agrees that none of what was accepted is left.
            for entry in accepted {
                let accessor = try #require(entry["credential"]?.asString)
                let lookup = try bao.run(["token", "lookup", "-accessor", accessor], mayFail: true)
                #expect(lookup.code != 0, "the credential lives on: \(lookup)")
            }
        }

        @Test("every probe is in the ledger, marked, before OpenBao can have seen it")
        func recordedFirst() throws {
            let broker = try site.serve()
            defer { broker.stop() }
            try site.writeConfiguration(Self.settings(bao.url, probe: true))
            // No trust at all: each is refused, and each was recorded all the same.
            _ = try site.command(["probe", "tight"])
            let sent = try site.entries("kind=probe.sent&target=tight")
            #expect(sent.count == 5)
            for entry in sent {
                let fault = try #require(entry["reason"]?.asString)
                #expect(entry["claims"]?["jobpass_probe"]?.asString == fault)
                #expect(entry["token_sha256"] != nil)
            }
            #expect(try site.entries("kind=token.issued").isEmpty)
            let verified = try site.command(["audit", "verify"])
            #expect(verified.code == 0, "\(verified)")
        }

        @Test("nothing is sent to a target that does not say probe: true")
        func notWanted() throws {
            let broker = try site.serve()
            defer { broker.stop() }
            let run = try site.command(["probe", "tight"])
            #expect(run.code == 78, "\(run)")
            #expect(run.error.contains("probe: true"))
            #expect(try site.entries("kind=probe.sent") == [])
        }

        @Test("an administrator probes from elsewhere, and nobody else may")
        func remote() throws {
            let first = try site.serve()
            try setUp()
            first.stop()
            try site.writeConfiguration(Self.settings(bao.url, probe: true))
            let broker = try site.serve()
            defer { broker.stop() }
            try broker.wait(until: "probed") { try site.entries("kind=probe.sent&limit=1000").count == 10 }
            func probe(_ principal: Site.Principal) throws -> Finished {
                let file = try folder.write("token", site.token(principal))
                return try Finished(
                    try BuiltCommand.path(),
                    ["probe", "tight", "--json"],
                    environment: ["JOBPASS_URL": site.url, "JOBPASS_TOKEN_FILE": file]
                )
            }
            let run = try probe(.administrator)
            #expect(run.code == 0, "\(run)")
            #expect(try probes(run)["other-project"] == "refused")
            #expect(try probe(.auditor).code == 77)
            #expect(try probe(.orchestrator).code == 77)
            #expect(try site.entries("kind=probe.sent&limit=1000").count == 15)
        }

        @Test("the broker probes by itself, once a day, and its figures and log raise the alarm")
        func schedule() throws {
            // OpenBao asks the issuer when its trust is set up, so a first broker serves for that.
            let first = try site.serve()
            try setUp()
            first.stop()
            try site.writeConfiguration(Self.settings(bao.url, probe: true))
            let broker = try site.serve()
            try broker.wait(until: "probed") { try site.entries("kind=probe.accepted&target=loose").count >= 2 }
            try broker.wait(until: "told") { broker.said.contains("ALARM") }
            let figures = try Call("GET", "\(site.url)/metrics", token: site.token(.auditor)).body
            #expect(figures.contains(#"jobpass_probes_total{target="loose",outcome="accepted"}"#), "\(figures)")
            try broker.wait(until: "both done") { try site.entries("kind=probe.sent&limit=1000").count == 10 }
            broker.stop()
            // The day is not over: a restart sends nothing.
            let again = try site.serve()
            _ = try site.register()
            #expect(try site.entries("kind=probe.sent&limit=1000").count == 10)
            again.stop()
        }

        private func probes(_ run: Finished) throws -> [String: String] {
            let probes = try JSON.parse(Array(run.output.utf8))["probes"]?.asArray ?? []
            return Dictionary(
                uniqueKeysWithValues: probes.map { ($0["probe"]?.asString ?? "", $0["verdict"]?.asString ?? "") }
            )
        }
    }
}

extension Scenarios {
    /// Every type of target that has a trade, at a cloud that trusts whatever this issuer signs.
    @Suite("a cloud that compares nothing but issuer, audience and time is found out, whatever its type")
    struct LaxCloudScenarios {
        private static let provider =
            "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/pool-1/providers/jobpass"

        private static func settings(_ url: String, probe: Bool) -> String {
            let targets = [
                "aws":
                    "type: aws, role: \"arn:aws:iam::123456789012:role/deploy\", region: eu-west-1, endpoint: \"\(url)\"",
                "gcp": "type: gcp, provider: \"\(provider)\", endpoint: \"\(url)\"",
                "azure": "type: azure, tenant: contoso, client_id: 11111111-2222-3333-4444-555555555555, "
                    + "scope: \"https://management.azure.com/.default\", authority: \"\(url)\"",
                "vault": "type: vault, address: \"\(url)\", role: ci, audience: vault",
                "exchange": "type: token-exchange, token_endpoint: \"\(url)/token\", audience: sandbox, "
                    + "revocation_endpoint: \"\(url)/revoke\"",
            ]
            let lines = targets.sorted { $0.key < $1.key }.map { name, text in
                "  \(name): {\(text), subject: [project, ref, job], \(probe ? "probe: true, " : "")"
                    + "allow: [{project: acme/web, ref: refs/heads/main}]}"
            }
            return "targets:\n\(lines.joined(separator: "\n"))\n"
        }

        @Test("what they compare they refuse, what they do not is named")
        func everyType() throws {
            let folder = try Folder()
            let port = try FreePort.next()
            let url = "http://127.0.0.1:\(port)"
            let site = try Site(Self.settings(url, probe: false), in: folder)
            let broker = try site.serve()
            defer { broker.stop() }
            let sandbox = try Running(
                "sandbox",
                in: folder,
                try BuiltCommand.path(),
                [
                    "sandbox", "--listen", "127.0.0.1:\(port)", "--issuer", site.url, "--vault-audience", "vault",
                    "--audience", "sandbox",
                ]
            )
            try sandbox.wait(until: "listening") { sandbox.said.contains("listens") }
            try site.writeConfiguration(Self.settings(url, probe: true))
            for target in ["aws", "azure", "exchange", "gcp", "vault"] {
                let run = try site.command(["probe", target, "--json"])
                #expect(run.code == 76, "\(target): \(run)")
                let probes = try JSON.parse(Array(run.output.utf8))["probes"]?.asArray ?? []
                var verdicts: [String: String] = [:]
                for probe in probes { verdicts[probe["probe"]?.asString ?? ""] = probe["verdict"]?.asString }
                #expect(verdicts["other-project"] == "accepted", "\(target): \(run)")
                #expect(verdicts["other-branch"] == "accepted", "\(target): \(run)")
                for fault in ["fork", "other-audience", "expired"] {
                    #expect(verdicts[fault] == "refused", "\(target) \(fault): \(run)")
                }
                #expect(verdicts["other-role"] == (target == "aws" ? "refused" : "left_out"), "\(target): \(run)")
                let named = probes.first { $0["probe"] == "other-project" }
                #expect(named?["condition"]?.asString?.contains("acme/web") == true, "\(run)")
                #expect(named?["fix"]?.asString?.contains("jobpass trust generate \(target)") == true)
            }
            // What can be ended was; what cannot was released to nobody.
            #expect(try site.entries("kind=credential.revoked&target=exchange").count == 2)
            #expect(try site.entries("kind=exchange.succeeded") == [])
        }
    }
}
