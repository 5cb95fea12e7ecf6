import JSON
import Support
import Testing

extension Scenarios {
    /// moto with its own check of signatures and policies switched on: it knows the sessions that it gave, and computes each
    /// request's signature with botocore.
    @Suite("A chain of roles and a registry login, where signatures count")
    struct AWSChainScenarios {
        @Test("the job gets the last role's keys and the registry's login, and boto3 works with them")
        func chain() throws {
            let folder = try Folder()
            let port = try FreePort.next()
            let endpoint = "http://127.0.0.1:\(port)"
            // Four calls make the roles; the fifth is the web identity's, which no AWS signs.
            let moto = try Running(
                "moto",
                in: folder,
                try RelyingParty.program("moto_server"),
                ["--host", "127.0.0.1", "--port", "\(port)"],
                environment: ["INITIAL_NO_AUTH_ACTION_COUNT": "5"]
            )
            try moto.wait(until: "answering") { try Call("GET", "\(endpoint)/moto-api/").status == 200 }
            let python = try RelyingParty.program("python")
            let made = try Finished(python, [RelyingParty.script("moto_roles.py"), endpoint])
            try #require(made.code == 0, "\(made)")
            let site = try Site(
                """
                targets:
                  aws-hub:
                    type: aws
                    role: arn:aws:iam::123456789012:role/deploy
                    region: eu-west-1
                    endpoint: \(endpoint)
                    then: [arn:aws:iam::123456789012:role/hub]
                    ecr: true
                    allow: [{project: acme/web}]
                """,
                in: folder
            )
            let broker = try site.serve()
            let job = try site.register()
            let run = try job.command(["credential", "aws-hub", "--format", "json"])
            try #require(run.code == 0, "\(run)\n\(moto.said)")
            let credential = try JSON.parse(Array(run.output.utf8))
            let arn = try #require(credential["credential"]?["assumed_role_arn"]?.asString)
            #expect(arn.hasPrefix("arn:aws:sts::123456789012:assumed-role/hub/acme-web.deploy.release@"))
            let environment = credential["environment"]
            #expect(environment?["ECR_REGISTRY"] == "123456789012.dkr.ecr.eu-west-1.amazonaws.com")
            #expect(environment?["ECR_USERNAME"] == "AWS")
            #expect(environment?["ECR_PASSWORD"] == "123456789012-auth-token")
            let script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
            var child = job
            child.environment["AWS_ENDPOINT_URL"] = endpoint
            let caller = try child.command(["exec", "aws-hub", "--", python, "-c", script])
            #expect(caller.code == 0, "\(caller)")
            #expect(caller.output.hasPrefix("\(arn)\n"), "\(caller)")
            // The second time it was held already: moto would have refused an unsigned call by now.
            #expect(try site.entries("kind=exchange.succeeded&target=aws-hub").count == 2)
            #expect(try site.entries("kind=token.issued&target=aws-hub").count == 1)
            broker.stop()
        }
    }
}
