import Claims
import Configuration
import Crypto
import Exchange
import HTTP
import Logs
import Policy
import Runs
import Secrets
import Support
import Testing

@Suite("Settings")
struct SettingsTests {
    let everything: Settings

    init() throws {
        everything = try Configuration.parse(Vectors.bytes("everything.yaml"), file: "/etc/jobpass/jobpass.yaml")
    }

    @Test("the server's keys are read, and paths are taken from the file's directory")
    func server() throws {
        #expect(everything.issuer.url == "https://ci.example.com/jobpass")
        #expect(everything.listen.host == "::1")
        #expect(everything.listen.port == 8443)
        #expect(everything.tls?.certificate == "/etc/jobpass/tls.crt")
        #expect(everything.tls?.privateKey == "/etc/tls.key")
        #expect(everything.tls?.clientCA == "/etc/jobpass/ca/clients.crt")
        #expect(everything.tls?.strictTransport == .seconds(30 * 86_400))
        let range = try #require(AddressRange("10.0.0.0/8"))
        #expect(everything.proxies == TrustedProxies(addresses: [range], word: .forwarded))
        #expect(everything.store == .sqlite(path: "/etc/jobpass/data/jobpass.db"))
        #expect(everything.keys.directory == "/etc/jobpass/my keys")
        #expect(everything.keys.algorithms == [.es256, .edDSA, .rs256])
        #expect(everything.keys.defaultAlgorithm == .es256)
        #expect(everything.keys.rotateAfter == nil)
        #expect(everything.secrets.masterKey == "/etc/jobpass/master/key")
        #expect(everything.ledger.origin == "ci.example.com/ledger")
        #expect(everything.errors == .terse)
        #expect(everything.log.format == .json && everything.log.level == .debug)
    }

    @Test("the digest is the file's own")
    func digest() throws {
        #expect(everything.digest == SHA256.hash(try Vectors.bytes("everything.yaml")))
    }

    @Test("tokens, runs and limits are read")
    func numbers() {
        #expect(everything.token.lifetime == .seconds(90))
        #expect(everything.token.maximumLifetime == .seconds(1_800))
        #expect("\(everything.token.subject)" == "[team, project, environment]")
        #expect(
            everything.runs
                == RunLimits(
                    lifetime: .seconds(3_600),
                    maximumLifetime: .seconds(7_200),
                    furtherClaims: 3,
                    nameLength: 128,
                    valueLength: 128,
                    totalLength: 2_048,
                    activeRuns: 7
                )
        )
        var limits = LimitSettings()
        limits.connections = 10
        limits.headerBytes = 2_048
        limits.headerFields = 20
        limits.targetBytes = 512
        limits.bodyBytes = 4_096
        limits.jsonDepth = 8
        limits.connectionsPerAddress = 7
        limits.requests = 9
        limits.bufferedBytes = 2_097_152
        limits.headerTimeout = .seconds(5)
        limits.runRate = Rate(perSecond: 11, burst: 12)
        limits.principalRate = Rate(perSecond: 13, burst: 14)
        limits.addressRate = Rate(perSecond: 15, burst: 16)
        limits.unlimitedAddresses = ["192.0.2.0/24", "2001:db8::7"].compactMap(AddressRange.init)
        limits.tokensPerRun = 17
        limits.idleTimeout = .seconds(2)
        limits.requestTimeout = .seconds(3)
        limits.drainTimeout = .seconds(4)
        limits.requestsPerRun = 5
        limits.requestsPerPrincipal = 6
        limits.responseBytes = 8_192
        limits.secretBytes = 100
        #expect(everything.limits == limits)
    }

    @Test("principals are read with their role, their rule and their proof")
    func principals() throws {
        #expect(everything.principals.map(\.name) == ["fleet", "admin", "audit"])
        guard case .orchestrator(let attestor) = everything.principals[0].role,
            case .administrator = everything.principals[1].role, case .auditor = everything.principals[2].role
        else {
            Issue.record("other roles")
            return
        }
        #expect(attestor.name == "fleet")
        #expect(attestor.projects.map { "\($0)" } == ["acme/*", "other/**"])
        #expect(attestor.claims == ["team"])
        #expect(everything.principals[0].proof == .certificate(name: "runner.example.com"))
        let one = try SHA256Digest(hex: String(repeating: "0", count: 63) + "1")
        #expect(everything.principals[1].proof == .token(one))
    }

    @Test("targets are read with the settings of their type")
    func targets() throws {
        #expect(everything.targets.map(\.name) == ["aws", "vault", "itself"])
        let wanted = try Target(
            name: "aws",
            service: .aws(
                AWSTarget(
                    role: "arn:aws-cn:iam::123456789012:role/deploy",
                    region: "cn-north-1",
                    endpoint: "https://sts.example.com",
                    session: .seconds(1_200),
                    policy: "{\"Version\": \"2012-10-17\",\n \"Statement\": []}\n",
                    policyARNs: ["arn:aws-cn:iam::aws:policy/ReadOnlyAccess"],
                    tags: [
                        AWSSessionTag(key: "Project", claim: "project"),
                        AWSSessionTag(key: "Team", claim: "team", isTransitive: true),
                    ],
                    sourceIdentity: "actor",
                    pinsRole: false,
                    chain: [
                        AWSChainedRole(role: "arn:aws-cn:iam::123456789012:role/hub"),
                        AWSChainedRole(role: "arn:aws-cn:iam::123456789012:role/spoke", externalID: "acme"),
                    ],
                    logsInToECR: true
                )
            ),
            certificateAuthorities: "/etc/jobpass/ca/aws.crt",
            limits: TradeLimits(connection: .seconds(2), attempt: .seconds(4), total: .seconds(5))
        )
        #expect(everything.targets[0] == wanted)
        let vault = try VaultTarget(
            address: "https://vault.example.com:8200",
            role: "deploy",
            mount: "jwt/ci",
            namespace: "team/web"
        )
        #expect(everything.targets[1] == (try Target(name: "vault", service: .vault(vault))))
        #expect(
            everything.targets[2]
                == (try Target(name: "itself", service: .none(NoneTarget(environment: "SERVICE_TOKEN"))))
        )
        #expect(everything.fallbacks.keys.sorted() == ["aws"])
        #expect(everything.fallbacks["aws"]?.context.text == "legacy")
        #expect(everything.contexts.map(\.name.text) == ["legacy", "other"])
    }

    @Test("the policy decides by what is written, with the shape of each token")
    func policy() throws {
        let claims = try ClaimSet.sample(further: [Claim("team", "web")])
        let bare = try everything.policy.audienceGrant(for: claims, audience: "sts.amazonaws.com").allowed()
        #expect(bare.algorithm == .rs256)
        #expect(bare.lifetime == .seconds(600))
        #expect(bare.subject == "project:acme/web")
        #expect(bare.rule.place == "jobpass.yaml:19:9")
        let azure = try everything.policy.audienceGrant(for: claims, audience: "api://AzureADTokenExchange").allowed()
        #expect(azure.lifetime == .seconds(90))
        #expect(azure.subject == "team:web:project:acme/web:environment:production")
        let aws = try everything.policy.targetGrant(for: claims, target: "aws").allowed()
        #expect(aws.audience == "other.amazonaws.com")
        #expect(aws.algorithm == .es256)
        #expect(aws.lifetime == .seconds(60))
        #expect(aws.subject == "ref:refs/heads/main")
        let itself = try everything.policy.targetGrant(for: claims, target: "itself").allowed()
        #expect(itself.algorithm == .es256)
        #expect(itself.audience == "https://service.example.com")
        #expect(try everything.policy.contextGrant(for: claims, context: "legacy").allowed().context == "legacy")
        #expect(everything.policy.contextGrant(for: claims, context: "other").refusal?.claim == "runner")
        let fork = try ClaimSet.sample(trust: .untrusted)
        #expect(everything.policy.audienceGrant(for: fork, audience: "sts.amazonaws.com").refusal == nil)
        #expect(everything.policy.targetGrant(for: fork, target: "aws").refusal?.claim == "trust")
    }

    @Test("what is left out has its default")
    func defaults() throws {
        let text = """
            issuer: https://ci.example.com
            store: sqlite:/var/lib/jobpass/jobpass.db
            keys: {directory: /var/lib/jobpass/keys}
            principals:
              - {name: fleet, role: orchestrator, projects: ["**"], token_sha256: \(SHA256.hash("x").hex)}
            targets:
              aws: {type: aws, role: "arn:aws:iam::123456789012:role/deploy", region: eu-west-1, allow: [{project: "**"}]}
            """
        let settings = try Configuration.parse(Array(text.utf8), file: "jobpass.yaml")
        #expect(settings.warnings.isEmpty)
        #expect("\(settings.listen)" == "127.0.0.1:8080")
        #expect(settings.tls == nil)
        #expect(settings.proxies == nil)
        #expect(settings.keys.algorithms == [.rs256, .es256])
        #expect(settings.token.lifetime == .seconds(300))
        #expect(settings.token.maximumLifetime == .seconds(3_600))
        #expect(settings.token.subject == .standard)
        #expect(settings.runs == .standard)
        #expect(settings.limits == LimitSettings())
        #expect(settings.errors == .full)
        #expect(settings.log.format == .text && settings.log.level == .info)
        #expect(settings.ledger.origin == "ci.example.com")
        #expect(settings.secrets.masterKey == "/var/lib/jobpass/keys/master.key")
        let grant = try settings.policy.targetGrant(for: .sample(), target: "aws").allowed()
        #expect(grant.audience == "sts.amazonaws.com")
        #expect(grant.algorithm == .rs256)
        #expect(settings.targets.first?.limits == .standard)
    }

    @Test("a default that a smaller maximum does not allow gives way")
    func shrinks() throws {
        let text = """
            issuer: https://ci.example.com
            store: sqlite:jobpass.db
            keys: {directory: keys}
            token: {maximum_lifetime: 1m}
            runs: {maximum_lifetime: 1h}
            """
        let settings = try Configuration.parse(Array(text.utf8), file: "jobpass.yaml")
        #expect(settings.token.lifetime == .seconds(60))
        #expect(settings.runs.lifetime == .seconds(3_600))
    }

    @Test("issuers, strangers' lifetime and the forms of subjects are read, each over the default before it")
    func issuers() throws {
        let settings = try Configuration.parse(
            Array(
                """
                issuer: https://ci.example.com
                store: sqlite:jobpass.db
                keys: {directory: keys, rotate_after: 90d, mirrors: [https://keys.example.com]}
                issuers:
                  web: {projects: [acme/web], subject: {claims: [project_id, ref], digest: true}, rotate_after: 30d}
                  acme: {projects: ["acme/*"], path: organisation, cache_time: 1m, mirrors: [https://m.example.com], shut: true}
                token:
                  untrusted_lifetime: 1m
                  subjects:
                    - {projects: ["acme/api"], subject: [project, job]}
                principals:
                  - {name: f, role: orchestrator, projects: ["acme/*"], token_sha256: \(SHA256.hash("x").hex)}
                audiences:
                  - {audience: a, allow: [{project: "acme/*", trust: "*"}]}

                """.utf8
            ),
            file: "jobpass.yaml"
        )
        #expect(settings.issuers.map(\.name) == ["web", "acme"])
        #expect(settings.issuers.map(\.path) == ["web", "organisation"])
        #expect(settings.issuers.map(\.isShut) == [false, true])
        #expect(settings.issuers.map(\.rotateAfter) == [.seconds(30 * 86_400), .seconds(90 * 86_400)])
        #expect(settings.issuers.map(\.cacheTime) == [.seconds(300), .seconds(60)])
        #expect(settings.issuers.map(\.mirrors) == [["https://keys.example.com"], ["https://m.example.com"]])
        #expect(settings.token.untrustedLifetime == .seconds(60))
        let api = try ClaimSet.sample([.project: "acme/api"])
        #expect(
            settings.policy.voice(of: api)
                == Voice(issuer: "acme", isShut: true, subject: SubjectFormat([.project, ClaimName("job")]))
        )
        #expect("\(try settings.policy.voice(of: .sample()).subject)" == "{claims: [project_id, ref], digest: true}")
        let stranger = try ClaimSet.sample(trust: .untrusted)
        #expect(try settings.policy.audienceGrant(for: stranger, audience: "a").allowed().lifetime == .seconds(60))
    }
}
