import Delivery
import Encoding
import JSON
import POSIX
import Support
import Testing
import Time

@Suite("Forms of a credential")
struct FormTests {
    private func text(
        _ form: CredentialForm,
        _ json: JSON,
        server: String? = nil,
        username: String? = nil
    ) throws(DeliveryError) -> String {
        var context = CredentialForm.Context(now: UnixTime(seconds: 1_795_339_800))
        context.server = server
        context.username = username
        return try form.text(of: credential(json), context)
    }

    static let awkward = [
        "plain", "it's", "''", "'", "\"double\"", "$HOME", "`id`", "$(id)", "a\nb\n", "back\\slash", "\\'", " spaces ",
        "-n",
        "tab\tand\rreturn", "ünïcödé €", "!history", "*?[a]", "#comment", "a;b&&c|d>e", "", "\u{1}\u{7F}", "~", "{a,b}",
        "%s", "'\u{301}$(id)", "a\u{301}'\u{200D}", "\r\n",
    ]

    @Test("a shell that evaluates the env form has exactly the value", arguments: awkward)
    func shell(_ value: String) throws {
        let script = try text(.env, answer(["VALUE": .string(value), "NEXT": "1"]))
        let input = try FileDescriptor.inMemory("script")
        try input.write(Array("\(script)printf '%s|%s' \"$VALUE\" \"$NEXT\"".utf8), subject: "script")
        input.rewind()
        let output = try FileDescriptor.inMemory("output")
        let shell = try Process(
            "/bin/sh",
            ["-eu"],
            environment: Environment(["PATH": "/usr/bin:/bin", "HOME": "/nowhere"]),
            input: .descriptor(input.number),
            output: .descriptor(output.number)
        )
        #expect(shell.wait() == .exited(0))
        output.rewind()
        let printed = try output.readToEnd(limit: 1 << 16, subject: "output")
        #expect(String(decoding: printed, as: UTF8.self) == "\(value)|1")
    }

    @Test("the env form is one export a variable, in order")
    func env() throws {
        let text = try text(.env, answer(["B": "x", "A": "it's"]))
        #expect(text == "export B='x'\nexport A='it'\\''s'\n")
    }

    @Test(
        "the dotenv form quotes where all readers take the quotes alike",
        arguments: [
            ("plain", "plain"), ("-n", "-n"), ("a;b&&c|d>e", "a;b&&c|d>e"), ("%s", "%s"), ("", "''"),
            (" spaces ", "' spaces '"), ("a\nb\n", "'a\nb\n'"), ("$HOME", "'$HOME'"), ("\"double\"", "'\"double\"'"),
            ("it's", "\"it's\""), ("back\\slash", "'back\\slash'"), ("#comment", "'#comment'"),
            ("ünïcödé €", "'ünïcödé €'"),
            ("`id`", "'`id`'"),
        ]
    )
    func dotenv(value: String, quoted: String) throws {
        let text = try text(.dotenv, answer(["VALUE": .string(value)]))
        #expect(text == "VALUE=\(quoted)\n")
    }

    @Test(
        "the dotenv form refuses by name what readers take differently",
        arguments: ["${HOME}", "it's $x", "'\"", "\r\n", "a\\\\b", "end\\", "\u{1}", "it's\nthis"]
    )
    func dotenvRefuses(value: String) throws {
        do throws(DeliveryError) {
            _ = try text(.dotenv, answer(["VALUE": .string(value)]))
            Issue.record("taken")
        } catch {
            #expect(error.code == .form && error.detail.hasPrefix("VALUE has characters"))
        }
    }

    @Test("the json form is the broker's answer")
    func json() throws {
        let text = try text(.json, answer())
        #expect(text.hasSuffix("}\n"))
        #expect(try JSON.parse(Array(text.utf8)) == answer())
    }

    @Test("the aws-process form is version 1 of AWS's")
    func awsProcess() throws {
        let text = try text(.awsProcess, answer())
        #expect(
            text == """
                {"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret/+","SessionToken":"token==",\
                "Expiration":"2026-11-22T10:30:00Z"}

                """
        )
    }

    @Test("static keys have neither session token nor expiration")
    func awsProcessStatic() throws {
        let keys: JSONObject = ["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"]
        let text = try text(.awsProcess, answer(keys, source: "fallback", expires: nil))
        #expect(text == "{\"Version\":1,\"AccessKeyId\":\"AKIA\",\"SecretAccessKey\":\"s\"}\n")
    }

    @Test("a credential without AWS keys has no aws-process form, and the refusal says whose it is")
    func notAWS() throws {
        do throws(DeliveryError) {
            _ = try text(.awsProcess, answer(["VAULT_TOKEN": "s.x"], target: "v", type: "vault"))
            Issue.record("taken")
        } catch {
            #expect(error.code == .form)
            #expect(error.detail.hasPrefix("the credential of v (vault, by exchange) has no AWS_ACCESS_KEY_ID"))
        }
    }

    @Test("the container answer has all four members that SDKs insist on")
    func container() throws {
        #expect(
            try AWSKeys(of: credential(answer())).containerAnswer() == [
                "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret/+", "Token": "token==",
                "Expiration": "2026-11-22T10:30:00Z",
            ]
        )
        let keys: JSONObject = ["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"]
        guard var members = answer(keys, source: "fallback", expires: nil).asObject else { return }
        let unknown = try AWSKeys(of: credential(.object(members)))
        #expect(throws: DeliveryError.self) { try unknown.containerAnswer() }
        members["credential"] = ["context": "legacy", "ask_again_at": "2026-11-22T11:00:00Z"]
        let fallback = try AWSKeys(of: credential(.object(members)))
        #expect(fallback.processOutput["Expiration"] == "2026-11-22T11:00:00Z")
        #expect(
            try fallback.containerAnswer()
                == ["AccessKeyId": "AKIA", "SecretAccessKey": "s", "Token": "", "Expiration": "2026-11-22T11:00:00Z"]
        )
    }

    @Test("the names of forms are those of --format")
    func names() {
        #expect(
            CredentialForm.allCases.map(\.rawValue) == [
                "env", "dotenv", "json", "aws-process", "gcp-executable", "kubernetes", "docker", "git",
            ]
        )
    }
}
