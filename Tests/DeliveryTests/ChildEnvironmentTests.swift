import Delivery
import JSON
import POSIX
import Testing

@Suite("The environment of a child")
struct ChildEnvironmentTests {
    private static let parent = Environment([
        "PATH": "/usr/bin:/bin", "JOBPASS_URL": "https://broker.example", "JOBPASS_REQUEST_TOKEN": "jpr_x",
        "AWS_PROFILE": "old", "AWS_ACCESS_KEY_ID": "AKIAOLD", "AWS_SESSION_TOKEN": "old", "AWS_REGION": "us-east-1",
        "AWS_ROLE_ARN": "arn:old", "AWS_WEB_IDENTITY_TOKEN_FILE": "/old", "AWS_CONFIG_FILE": "/etc/aws",
        "BAO_TOKEN": "s.old", "BAO_ADDR": "https://old.example", "VAULT_NAMESPACE": "old",
        "VAULT_CACERT": "/etc/ca.pem",
    ])

    @Test("AWS keys replace every other identity, and leave alone what is none")
    func aws() throws {
        var child = ChildEnvironment()
        try child.add(credential(answer()))
        let environment = child.environment(over: Self.parent)
        var expected = Self.parent
        for stray in ["AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"] { expected[stray] = nil }
        expected.merge([
            "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret/+", "AWS_SESSION_TOKEN": "token==",
            "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
        ])
        #expect(environment == expected)
    }

    @Test("static keys are not joined with the session token of others")
    func staticKeys() throws {
        var child = ChildEnvironment()
        try child.add(credential(answer(["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"], expires: nil)))
        let environment = child.environment(over: Self.parent)
        #expect(environment["AWS_SESSION_TOKEN"] == nil)
        #expect(environment["AWS_ACCESS_KEY_ID"] == "AKIA")
        #expect(environment["AWS_REGION"] == "us-east-1")
        #expect(child.strays.contains("AWS_SESSION_TOKEN"))
    }

    @Test("a Vault token goes to its own server and namespace, whatever bao would prefer")
    func vault() throws {
        var child = ChildEnvironment()
        try child.add(
            credential(
                answer(["VAULT_TOKEN": "s.new", "VAULT_ADDR": "https://new.example"], target: "v", type: "vault")
            )
        )
        let environment = child.environment(over: Self.parent)
        #expect(environment["VAULT_TOKEN"] == "s.new")
        #expect(environment["VAULT_ADDR"] == "https://new.example")
        for stray in ["BAO_TOKEN", "BAO_ADDR", "VAULT_NAMESPACE"] { #expect(environment[stray] == nil) }
        #expect(environment["VAULT_CACERT"] == "/etc/ca.pem")
        #expect(environment["AWS_PROFILE"] == "old")
    }

    @Test("the run's own token stays, and nothing changes where nothing is delivered")
    func untouched() throws {
        var child = ChildEnvironment()
        #expect(child.environment(over: Self.parent) == Self.parent)
        #expect(child.strays.isEmpty)
        try child.add(context(["OTHER": "x"]))
        #expect(child.environment(over: Self.parent)["JOBPASS_REQUEST_TOKEN"] == "jpr_x")
        #expect(child.strays.isEmpty)
    }

    @Test("two sources may give the same value, not two values, and the refusal names both")
    func conflict() throws {
        var child = ChildEnvironment()
        try child.add(credential(answer(["AWS_REGION": "eu-west-1", "A": "1"], target: "one")))
        try child.add(credential(answer(["AWS_REGION": "eu-west-1", "B": "2"], target: "two")))
        do throws(DeliveryError) {
            try child.add(context(["C": "3", "A": "geheim"]))
            Issue.record("taken")
        } catch {
            #expect(error.code == .conflict)
            #expect(
                error.detail
                    == "context legacy and target one both give A, with different values; run them in two commands"
            )
        }
        #expect(child.environment(over: Environment()) == Environment(["AWS_REGION": "eu-west-1", "A": "1", "B": "2"]))
    }

    private func context(_ values: JSONObject) throws(DeliveryError) -> ContextAnswer {
        let answer: JSON = ["context": "legacy", "values": .object(values), "ledger_index": 1]
        return try ContextAnswer(parsing: answer.serialized())
    }
}
