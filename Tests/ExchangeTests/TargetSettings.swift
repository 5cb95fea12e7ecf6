import Crypto
import Encoding
import Exchange
import Testing
import Time

@Suite("The settings of a Vault target")
struct VaultTargetSettings {
    @Test("left out, the mount is jwt, and slashes at the end are dropped")
    func defaults() throws {
        let target = try VaultTarget(address: "https://vault.example.com:8200/", role: "ci", namespace: "team/web/")
        #expect(target.address.url == "https://vault.example.com:8200")
        #expect(target.mount == "jwt")
        #expect(target.namespace == "team/web")
        #expect(try VaultTarget(address: "https://v.example/under", role: "ci", mount: "ci/jwt").mount == "ci/jwt")
    }

    @Test(
        "a setting that cannot work is named",
        arguments: [
            ("vault.example.com", "ci", "jwt", nil, "address"), ("https://v.example/v1", "ci", "jwt", nil, "address"),
            ("https://v.example", "", "jwt", nil, "role"), ("https://v.example", "a/b", "jwt", nil, "role"),
            ("https://v.example", "ci", "auth/jwt", nil, "mount"), ("https://v.example", "ci", "", nil, "mount"),
            ("https://v.example", "ci", "../sys", nil, "mount"), ("https://v.example", "ci", "/jwt", nil, "mount"),
            ("https://v.example", "ci", "jwt?x", nil, "mount"), ("https://v.example", "ci", "jwt", "a//b", "namespace"),
            ("https://v.example", "ci", "jwt", "", "namespace"),
            ("https://v.example", "ci", "jwt", "a\r\nb", "namespace"),
        ] as [(String, String, String, String?, String)]
    )
    func refused(_ address: String, _ role: String, _ mount: String, _ namespace: String?, _ key: String) {
        #expect(
            refusedKey { () throws(TargetError) in
                _ = try VaultTarget(address: address, role: role, mount: mount, namespace: namespace)
            } == key
        )
    }
}

@Suite("Settings that every target has")
struct TargetSettings {
    @Test("a target takes its name, its type from its service, and 25 seconds")
    func common() throws {
        let target = try Target(name: "prod.eu-1_b", service: .none(NoneTarget()))
        #expect(target.type == .none)
        #expect(target.limits.total == .seconds(25))
        #expect(try NoneTarget().environment == EnvironmentName("JOBPASS_ID_TOKEN"))
    }

    @Test("a name that would need an escape in a URL is refused", arguments: ["", "-a", ".", "a/b", "a b", "ä"])
    func names(_ name: String) {
        #expect(
            refusedKey { () throws(TargetError) in _ = try Target(name: name, service: .none(NoneTarget())) } == "name"
        )
        #expect(
            refusedKey { () throws(TargetError) in _ = try NoneTarget(environment: name) } == "environment"
        )
    }

    @Test(
        "each limit of a trade has its bounds, and none changes another",
        arguments: [
            ("timeout", 0, false), ("timeout", 1, true), ("timeout", 300, true), ("timeout", 301, false),
            ("try_timeout", 0, false), ("try_timeout", 1, true), ("try_timeout", 60, true), ("try_timeout", 61, false),
            ("connect_timeout", 0, false), ("connect_timeout", 1, true), ("connect_timeout", 30, true),
            ("connect_timeout", 31, false),
        ]
    )
    func limits(_ key: String, _ seconds: Int, _ isTaken: Bool) throws {
        let value = Duration.seconds(seconds)
        var limits: TradeLimits?
        let refused = refusedKey { () throws(TargetError) in
            limits = try TradeLimits(
                connection: key == "connect_timeout" ? value : nil,
                attempt: key == "try_timeout" ? value : nil,
                total: key == "timeout" ? value : nil
            )
        }
        #expect(refused == (isTaken ? nil : key))
        if isTaken {
            #expect(limits?.connection == (key == "connect_timeout" ? value : .seconds(3)))
            #expect(limits?.attempt == (key == "try_timeout" ? value : .seconds(10)))
            #expect(limits?.total == (key == "timeout" ? value : .seconds(25)))
        }
    }

    @Test("each type has its audience and its algorithms")
    func types() {
        #expect(
            TargetType.allCases.map(\.rawValue)
                == ["aws", "gcp", "azure", "vault", "token-exchange", "recipe", "none"]
        )
        #expect(TargetType.gcp.acceptedAlgorithms == [.rs256, .es256])
        #expect(TargetType.azure.acceptedAlgorithms == [.rs256])
        #expect(TargetType.azure.defaultAudience == "api://AzureADTokenExchange")
        #expect(TargetType.aws.defaultAudience == "sts.amazonaws.com")
        #expect(TargetType.vault.defaultAudience == nil)
        #expect(TargetType.none.defaultAudience == nil)
        #expect(
            TargetType.aws.acceptedAlgorithms.map(\.rawValue) == ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
        )
        #expect(TargetType.vault.acceptedAlgorithms == SignatureAlgorithm.allCases)
        #expect(TargetType.none.acceptedAlgorithms == SignatureAlgorithm.allCases)
    }

    @Test(
        "an endpoint is https, or http on the machine itself",
        arguments: [
            "https://a.example", "https://a.example:8443/x/y", "https://[2001:db8::1]:8200", "http://127.0.0.1:1",
            "http://127.9.9.9", "http://localhost:8200", "http://[::1]:8200",
        ]
    )
    func endpoints(_ url: String) throws {
        #expect(try Endpoint(url, key: "address").url == url)
        #expect(try Endpoint(url + "/", key: "address").url == url)
    }

    @Test(
        "an endpoint that would send a token elsewhere or in the open is refused",
        arguments: [
            "", "a.example", "ftp://a.example", "HTTPS://a.example", "https://", "https:///x", "https://u@a.example",
            "https://u:p@a.example", "https://a.example?x", "https://a.example#x", "https://a.example/?x",
            "https://a..b",
            "https://a.example:0", "https://a.example:65536", "https://a.example:", "https://a.example:80a",
            "https://a.example/..", "https://a.example//x", "https://a.example/%2e", "https://a b",
            "https://a.example\\x",
            "https://[::1", "https://[]", "https://-a.example", "http://a.example", "http://127.0.0.1.evil.example",
            "http://localhost.evil.example", "http://127.1", "http://0.0.0.0", "http://169.254.169.254",
        ]
    )
    func refusedEndpoints(_ url: String) {
        #expect(refusedKey { () throws(TargetError) in _ = try Endpoint(url, key: "address") } == "address")
    }
}

@Suite("The settings of a Google Cloud target")
struct GCPTargetSettings {
    private static let tail = "locations/global/workloadIdentityPools/pool/providers/jobpass"

    @Test(
        "a provider may be written in each of Google's forms, and is its own audience",
        arguments: [
            "//iam.googleapis.com/projects/123456789/", "https://iam.googleapis.com/projects/123456789/",
            "projects/123456789/",
        ]
    )
    func provider(_ beginning: String) throws {
        let target = try GCPTarget(provider: beginning + Self.tail)
        #expect(target.provider == gcpProvider)
        #expect(Target.Service.gcp(target).defaultAudience == gcpProvider)
        #expect(target.scopes == ["https://www.googleapis.com/auth/cloud-platform"])
    }

    @Test("a project's id instead of its number is told with the command that finds it")
    func number() {
        let error = #expect(throws: TargetError.self) { try GCPTarget(provider: "projects/acme-prod/" + Self.tail) }
        #expect(error?.wanted.contains("gcloud projects describe acme-prod") == true)
    }

    @Test(
        "what is no provider is refused",
        arguments: [
            "", "//iam.googleapis.com/x", "projects/1/locations/global/workloadIdentityPools/pool",
            "projects/1/locations/eu/workloadIdentityPools/pool/providers/jobpass",
            "projects/1/locations/global/workloadIdentityPools/gcp-pool/providers/jobpass",
            "projects/1/locations/global/workloadIdentityPools/poo/providers/jobpass",
            "projects/1/locations/global/workloadIdentityPools/Pool/providers/jobpass",
            "projects/1/locations/global/workloadIdentityPools/pool/providers/a234567890123456789012345678901x3",
            "//evil.example/projects/1/" + tail,
        ]
    )
    func providers(_ text: String) {
        #expect(refusedKey { () throws(TargetError) in _ = try GCPTarget(provider: text) } == "provider")
    }

    @Test("settings that contradict each other are named")
    func contradictions() {
        func refused(
            account: String? = "a@b.iam.gserviceaccount.com",
            scopes: [String] = ["s"],
            kind: GCPTarget.CredentialKind = .accessToken,
            audience: String? = nil,
            session: Duration? = nil
        ) -> String? {
            refusedKey { () throws(TargetError) in
                _ = try GCPTarget(
                    provider: gcpProvider,
                    serviceAccount: account,
                    scopes: scopes,
                    credential: kind,
                    idTokenAudience: audience,
                    session: session
                )
            }
        }
        #expect(refused() == nil)
        #expect(refused(account: "100000000000000000001") == nil)
        #expect(refused(account: "a@b/../c.com") == "service_account")
        #expect(refused(account: "a:b@c.com") == "service_account")
        #expect(refused(scopes: []) == "scopes")
        #expect(refused(scopes: ["a b"]) == "scopes")
        #expect(refused(account: nil, kind: .idToken, audience: "x") == "credential")
        #expect(refused(kind: .idToken) == "credential")
        #expect(refused(audience: "x") == "id_token_audience")
        #expect(refused(account: nil, session: .seconds(60)) == "session")
        #expect(refused(kind: .idToken, audience: "x", session: .seconds(60)) == "session")
        #expect(refused(session: .seconds(43_201)) == "session")
    }
}

@Suite("The settings of an Azure target")
struct AzureTargetSettings {
    private static let clientID = "11111111-2222-3333-4444-555555555555"

    @Test(
        "a setting that cannot work is named",
        arguments: [
            ("common", clientID, "x/.default", AzureTarget.defaultAuthority, "tenant"),
            ("a/b", clientID, "x/.default", AzureTarget.defaultAuthority, "tenant"),
            ("t", "deploy", "x/.default", AzureTarget.defaultAuthority, "client_id"),
            ("t", "11111111-2222-3333-4444-55555555555g", "x/.default", AzureTarget.defaultAuthority, "client_id"),
            ("t", clientID, "https://management.azure.com", AzureTarget.defaultAuthority, "scope"),
            ("t", clientID, "a/.default b/.default", AzureTarget.defaultAuthority, "scope"),
            ("t", clientID, "x/.default", "http://login.microsoftonline.com", "authority"),
            ("t", clientID, "https://management.azure.com/.default", "https://login.microsoftonline.us", "scope"),
            ("t", clientID, "https://management.usgovcloudapi.net/.default", AzureTarget.defaultAuthority, "scope"),
        ]
    )
    func wrong(tenant: String, client: String, scope: String, authority: String, key: String) {
        #expect(
            refusedKey { () throws(TargetError) in
                _ = try AzureTarget(tenant: tenant, clientID: client, scope: scope, authority: authority)
            } == key
        )
    }

    @Test("each national cloud's authority goes with its own resources")
    func clouds() throws {
        for (authority, scope) in [
            ("https://login.microsoftonline.us", "https://management.usgovcloudapi.net/.default"),
            ("https://login.chinacloudapi.cn/", "https://management.chinacloudapi.cn/.default"),
            ("http://127.0.0.1:8090", "https://management.azure.com/.default"),
        ] {
            _ = try AzureTarget(tenant: "t", clientID: Self.clientID, scope: scope, authority: authority)
        }
    }
}

@Suite("The settings of a token exchange")
struct TokenExchangeSettings {
    @Test("a type may be named as RFC 8693 does, or be a URI of its own")
    func types() throws {
        let target = try TokenExchangeTarget(
            endpoint: "https://s.example/token",
            subjectTokenType: "id_token",
            requestedTokenType: "urn:pulumi:token-type:access_token:team"
        )
        #expect(target.subjectTokenType == "urn:ietf:params:oauth:token-type:id_token")
        #expect(target.requestedTokenType == "urn:pulumi:token-type:access_token:team")
        #expect(
            refusedKey { () throws(TargetError) in
                _ = try TokenExchangeTarget(endpoint: "https://s.example/token", subjectTokenType: "idtoken")
            } == "subject_token_type"
        )
    }

    @Test(
        "a parameter that the target sets itself, that is a secret, or that may not repeat is refused",
        arguments: [
            "grant_type", "subject_token", "subject_token_type", "requested_token_type", "client_secret", "actor_token",
            "a b", "",
        ]
    )
    func parameters(_ name: String) {
        #expect(throws: TargetError.self) { try exchangeTarget([(name, "x")]) }
    }

    @Test("audience and resource alone may repeat, and in a form alone")
    func repeated() throws {
        _ = try exchangeTarget([
            ("audience", "a"), ("audience", "b"), ("resource", "https://a"), ("resource", "https://b"),
        ])
        #expect(throws: TargetError.self) { try exchangeTarget([("scope", "a"), ("scope", "b")]) }
        #expect(throws: TargetError.self) { try exchangeTarget([("audience", "a"), ("audience", "b")], body: .json) }
    }
}

/// The key that a setting's refusal names; nil where it is taken.
func refusedKey(_ make: () throws(TargetError) -> Void) -> String? {
    do throws(TargetError) {
        try make()
        return nil
    } catch {
        return error.key
    }
}
