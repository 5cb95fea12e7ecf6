import Delivery
import JSON
import Testing
import Time

@Suite("Forms that tools other than shells read")
struct ToolFormTests {
    private static let now = UnixTime(seconds: 1_795_339_800)  // 2026-11-22T09:30:00Z

    private func read(
        _ form: CredentialForm,
        _ json: JSON,
        _ change: (inout CredentialForm.Context) -> Void = { _ in }
    ) throws(DeliveryError) -> String {
        var context = CredentialForm.Context(now: Self.now)
        change(&context)
        return try form.text(of: credential(json), context)
    }

    private let token = answer(["K8S_TOKEN": "a.jwt.x"], target: "k8s", type: "none", expires: "2026-11-22T09:40:00Z")

    @Test("gcp-executable is version 1 of Google's, with the ID token")
    func google() throws {
        #expect(
            try read(.gcpExecutable, token) == """
                {"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:jwt","id_token":"a.jwt.x",\
                "expiration_time":1795340400}

                """
        )
        let traded = answer(["CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29"], target: "g", type: "gcp")
        #expect(throws: DeliveryError.self) { try read(.gcpExecutable, traded) }
        let old = answer(["K8S_TOKEN": "old"], type: "none", source: "fallback", expires: .null)
        #expect(throws: DeliveryError.self) { try read(.gcpExecutable, old) }
    }

    @Test(
        "kubernetes is an ExecCredential that ends a little early",
        arguments: [("2026-11-22T09:40:00Z", "2026-11-22T09:39:50Z"), ("2026-11-22T09:30:30Z", "2026-11-22T09:30:24Z")]
    )
    func kubernetes(expires: String, told: String) throws {
        let json = answer(["K8S_TOKEN": "a.jwt.x"], type: "none", expires: .string(expires))
        #expect(
            try read(.kubernetes, json) == """
                {"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",\
                "status":{"token":"a.jwt.x","expirationTimestamp":"\(told)"}}

                """
        )
    }

    @Test("kubernetes takes the one token of other types, in the version that is asked for, and refuses keys")
    func otherTokens() throws {
        let beta = try read(.kubernetes, answer(["AZURE_ACCESS_TOKEN": "e.x", "AZURE_TENANT_ID": "t"], type: "azure")) {
            $0.kubernetesVersion = "client.authentication.k8s.io/v1beta1"
        }
        #expect(
            beta.contains(#""apiVersion":"client.authentication.k8s.io/v1beta1""#) && beta.contains(#""token":"e.x""#)
        )
        let gcp = answer(["CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29", "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29"], type: "gcp")
        #expect(try read(.kubernetes, gcp).contains("ya29"))
        #expect(throws: DeliveryError.self) { try read(.kubernetes, answer()) }
        #expect(throws: DeliveryError.self) { try read(.kubernetes, answer(["A": "1", "B": "2"], type: "recipe")) }
    }

    @Test("docker and git have a user and a password, as the credential names them or the caller does")
    func logins() throws {
        let named = answer(["REGISTRY_USERNAME": "ci", "REGISTRY_PASSWORD": "p\"w"], type: "vault")
        #expect(
            try read(.docker, named) { $0.server = "r.example.com" }
                == "{\"ServerURL\":\"r.example.com\",\"Username\":\"ci\",\"Secret\":\"p\\\"w\"}\n"
        )
        #expect(
            try read(.git, answer(["GIT_TOKEN": "tok=en"], type: "token-exchange")) { $0.username = "x-access-token" }
                == "username=x-access-token\npassword=tok=en\npassword_expiry_utc=1795343400\n"
        )
        #expect(try read(.git, named).hasPrefix("username=ci\npassword=p\"w\n"))
        var ecr = answer([
            "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "ECR_REGISTRY": "1.dkr.ecr", "ECR_USERNAME": "AWS",
            "ECR_PASSWORD": "pw",
        ]).asObject
        ecr?["credential"] = [
            "docker": ["registry": "1.dkr.ecr", "username": "AWS", "password_variable": "ECR_PASSWORD"]
        ]
        let docker = try read(.docker, .object(ecr ?? [:]))
        #expect(docker == "{\"ServerURL\":\"1.dkr.ecr\",\"Username\":\"AWS\",\"Secret\":\"pw\"}\n")
    }

    @Test("what docker and git cannot carry is refused", arguments: ["two\nlines", "nul\u{0}", "", "tab\there"])
    func unfit(password: String) throws {
        let json = answer(["X_PASSWORD": .string(password)], type: "vault")
        #expect(throws: DeliveryError.self) { try read(.git, json) }
        #expect(throws: DeliveryError.self) { try read(.docker, json) { $0.server = "r" } }
        #expect(throws: DeliveryError.self) { try read(.docker, answer(["X_PASSWORD": "p"], type: "vault")) }
        #expect(throws: DeliveryError.self) { try read(.git, answer()) }
    }

    /// GitHub's documented file format, read as the runner reads it (FileCommandManager): NAME<<DELIMITER up to that line.
    private func readByRunner(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }[...]
        while let line = lines.popFirst() {
            guard let arrow = line.firstRange(of: "<<") else { continue }
            var value: [String] = []
            while let next = lines.popFirst(), next != line[arrow.upperBound...] { value.append(next) }
            values[String(line[..<arrow.lowerBound])] = value.joined(separator: "\n")
        }
        return values
    }

    @Test("the file of github-env has exactly the value", arguments: FormTests.awkward)
    func github(value: String) throws {
        let json = answer(["VALUE": .string(value), "NEXT": "1"])
        let read = readByRunner(try CIEnvironment.github.lines(credential(json)))
        #expect(read["NEXT"] == "1")
        #expect(read["VALUE"].map { Array($0.utf8) } == Array(value.utf8))
    }

    @Test("GitHub's log is told each secret, and each line of one, before anything else; CircleCI's takes no such word")
    func masks() throws {
        let json = answer(["TOKEN": "100%\r\nsecond line", "AWS_REGION": "eu-west-1"])
        #expect(
            try CIEnvironment.github.masks(credential(json))
                == "::add-mask::100%25\n::add-mask::second line\n::add-mask::100%25%0D%0Asecond line\n"
        )
        #expect(try CIEnvironment.circleci.masks(credential(json)).isEmpty)
        #expect(try CIEnvironment.circleci.lines(credential(json)).hasPrefix("export TOKEN='100%\r\nsecond line'\n"))
    }

    @Test(
        "variables that GitHub lets no step set are refused",
        arguments: ["NODE_OPTIONS", "GITHUB_TOKEN", "RUNNER_OS"]
    )
    func reserved(name: String) throws {
        let credential = try credential(answer(.init(dictionaryLiteral: (name, "x"))))
        #expect(throws: DeliveryError.self) { try CIEnvironment.github.lines(credential) }
    }
}
