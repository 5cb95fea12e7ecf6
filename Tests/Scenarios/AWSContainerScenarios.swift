import HTTP
import HTTPServer
import JSON
import Locks
import Support
import Testing
import Time

extension Scenarios {
    /// boto3 with nothing of Jobpass in the job but two variables.
    @Suite("The AWS SDK asks the broker itself")
    struct AWSContainerScenarios {
        /// An STS whose sessions last seconds, so that a renewal can be waited for, and whose keys are numbered.
        private final class ShortSTS: Sendable {
            private let given = Lock(0)

            var count: Int { given.withLock { $0 } }

            func answer(_ request: HTTPRequest) -> HTTPResponse {
                let number = given.withLock { count in
                    count += 1
                    return count
                }
                let end = RFC3339.format(SystemClock.now() + .seconds(10))
                let body = """
                    <AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
                    <AccessKeyId>ASIAKEY\(number)</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                    <SessionToken>t</SessionToken><Expiration>\(end)</Expiration></Credentials>\
                    </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                    """
                return HTTPResponse(status: 200, fields: ["Content-Type": "text/xml"], body: Array(body.utf8))
            }
        }

        private func site(_ endpoint: String, _ folder: Folder) throws -> Site {
            try Site(
                """
                targets:
                  aws-prod:
                    type: aws
                    role: arn:aws:iam::123456789012:role/deploy
                    region: eu-west-1
                    endpoint: \(endpoint)
                    allow: [{project: acme/web, ref: refs/heads/main}]
                """,
                in: folder
            )
        }

        private func boto(_ site: Site, _ job: Job, _ pauses: [String]) throws -> Finished {
            let script = [RelyingParty.script("container.py")]
            return try Finished(
                try RelyingParty.program("python"),
                script + pauses,
                environment: [
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(site.url)/v1/targets/aws-prod/aws",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN": job.requestToken, "AWS_EC2_METADATA_DISABLED": "true",
                ]
            )
        }

        @Test("boto3 gets a session, the same while it lasts, and another before it ends")
        func refreshes() async throws {
            let sts = ShortSTS()
            let cloud = try await TestHTTPServer { sts.answer($0) }
            let site = try site("http://127.0.0.1:\(cloud.server.port)", try Folder())
            let broker = try site.serve()
            let run = try boto(site, try site.register(), ["0.5", "8.5"])
            #expect(run.code == 0, "\(run)")
            let seen = try JSON.parse(Array(run.output.utf8))
            #expect(seen == ["method": "container-role", "keys": ["ASIAKEY1", "ASIAKEY1", "ASIAKEY2"]])
            // What is near its end boto3 asks for on every use: the broker traded twice, and recorded each release.
            #expect(sts.count == 2)
            let released = try site.entries("kind=exchange.succeeded&target=aws-prod")
            #expect(released.count >= 3)
            #expect(released[1]["reason"]?.asString?.hasPrefix("held since entry ") == true)
            broker.stop()
        }

        @Test("a run that may not have it is told so in words that boto3 prints")
        func denied() async throws {
            let sts = ShortSTS()
            let cloud = try await TestHTTPServer { sts.answer($0) }
            let site = try site("http://127.0.0.1:\(cloud.server.port)", try Folder())
            let broker = try site.serve()
            let run = try boto(site, try site.register(["ref": "refs/heads/feature"]), [])
            #expect(run.code != 0)
            #expect(run.error.contains("wants ref 'refs/heads/main', and this run has 'refs/heads/feature'"), "\(run)")
            #expect(sts.count == 0)
            broker.stop()
        }
    }
}
