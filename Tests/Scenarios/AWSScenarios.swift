import JSON
import Support
import Testing

extension Scenarios {
    /// AWS STS as moto imitates it.
    ///
    /// moto believes any token, so this shows the wire alone: request, answer, and boto3's use of what comes out.
    @Suite("What AWS STS answers reaches the AWS SDK")
    struct AWSScenarios {
        private let site: Site
        private let endpoint: String
        private let moto: Running
        private let broker: Running

        init() throws {
            let folder = try Folder()
            let port = try FreePort.next()
            endpoint = "http://127.0.0.1:\(port)"
            let address = ["--host", "127.0.0.1", "--port", "\(port)"]
            moto = try Running("moto", in: folder, try RelyingParty.program("moto_server"), address)
            site = try Site(
                """
                targets:
                  aws-prod:
                    type: aws
                    role: arn:aws:iam::123456789012:role/deploy
                    region: eu-west-1
                    endpoint: \(endpoint)
                    session: 1h
                    allow:
                      - {project: acme/web, ref: refs/heads/main}
                """,
                in: folder
            )
            broker = try site.serve()
            let url = endpoint
            try moto.wait(until: "answering") { try Call("GET", "\(url)/moto-api/").status == 200 }
        }

        @Test("boto3 works in a child of exec, as the role")
        func exec() throws {
            let script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
            var job = try site.register()
            job.environment["AWS_ENDPOINT_URL"] = endpoint
            let run = try job.command(["exec", "aws-prod", "--", try RelyingParty.program("python"), "-c", script])
            #expect(run.code == 0, "\(run)")
            #expect(run.output.hasPrefix("arn:aws:sts::123456789012:assumed-role/deploy/"), "\(run)")
        }

        @Test("the credential takes the form that credential_process reads")
        func credentialProcess() throws {
            let run = try site.register().command(["credential", "aws-prod", "--format", "aws-process"])
            #expect(run.code == 0, "\(run)")
            let credential = try JSON.parse(Array(run.output.utf8))
            #expect(credential["Version"] == 1)
            for name in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
                #expect(credential[name]?.asString?.isEmpty == false, "\(name)")
            }
        }
    }
}
