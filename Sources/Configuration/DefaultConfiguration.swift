package import Crypto
internal import HTTP

/// The configuration that `jobpass init` writes: complete for a first run on one machine, commented for the second.
package enum DefaultConfiguration {
    /// The SHA-256 of the bearer tokens that `init` makes, one for each role.
    package struct TokenDigests: Sendable {
        package let orchestrator: SHA256Digest
        package let administrator: SHA256Digest
        package let auditor: SHA256Digest

        /// Gathers the digests.
        package init(orchestrator: SHA256Digest, administrator: SHA256Digest, auditor: SHA256Digest) {
            self.orchestrator = orchestrator
            self.administrator = administrator
            self.auditor = auditor
        }
    }

    /// The issuer of a broker that nobody but its own machine asks.
    package static let loopbackIssuer = "http://127.0.0.1:8080"

    /// The text of the file, whose paths are below its own directory: `keys`, with `master.key` in it, and `jobpass.db`.
    package static func text(issuer: String = loopbackIssuer, tokens: TokenDigests) -> String {
        [server(issuer), principals(tokens), audiences, targets].joined(separator: "\n")
    }

    private static func server(_ issuer: String) -> String {
        """
        # Jobpass. After a change: jobpass config check, then reload the broker (SIGHUP).
        # Paths are taken from the directory of this file. Durations are 90s, 5m, 1h, 90d.

        # What stands in every token as iss, byte for byte; clouds fetch the keys below this URL.
        # https, or http on loopback alone; no slash at the end. AWS takes no port in it.
        issuer: \(issuer)

        # Where the broker listens. Behind a proxy that ends TLS, leave tls out.
        listen: \(listen(issuer))
        # tls:
        #   certificate: tls.crt
        #   private_key: tls.key              # mode 0600
        #   client_ca: clients.crt            # asks for client certificates

        # Runs, the ledger and sealed secrets.
        store: sqlite:jobpass.db

        keys:
          directory: keys                     # mode 0600 each file
          algorithms: [RS256, ES256]          # the first is the default; every cloud takes RS256

        token:
          lifetime: 5m
          maximum_lifetime: 1h                # the longest that a job may ask for
          # What a cloud compares as sub. Names can be given away and registered again; ids outlive a rename: where whatever
          # starts jobs attests them, write [project_id, ref, workflow_id, job].
          subject: [project, ref, workflow, job]

        """
    }

    /// Where an issuer on loopback is asked; before one that clouds can reach stands a proxy.
    private static func listen(_ issuer: String) -> String {
        guard let address = WebAddress(issuer), !address.isSecure, address.isLoopback else { return "127.0.0.1:8080" }
        let listen = "\(address.host):\(address.port ?? 80)"
        // To YAML, a bracket begins a list.
        return address.host.hasPrefix("[") ? "\"\(listen)\"" : listen
    }

    private static func principals(_ tokens: TokenDigests) -> String {
        """
        # Who may speak to the broker besides jobs. Their tokens are in the files that 'jobpass init' named;
        # here stands only what "printf %s TOKEN | sha256sum" prints.
        principals:
          - name: runner-fleet                # whatever starts jobs: a CI server, a runner, a cron host
            role: orchestrator
            projects: ["example/*"]           # the runs that it may vouch for; * stops at /, ** does not
            # claims: [team]                  # further claims that it may attest
            token_sha256: \(tokens.orchestrator.hex)
          - name: admin
            role: administrator
            token_sha256: \(tokens.administrator.hex)
          - name: audit
            role: auditor
            token_sha256: \(tokens.auditor.hex)

        """
    }

    private static let audiences = """
        # Who may ask for a bare ID token, and for whom. What no rule allows is refused.
        # All claims of a rule must match; a run whose trust is untrusted (a fork's) matches only rules that name trust.
        audiences:
          - audience: https://service.example.com
            allow:
              - {project: "example/*"}

        """

    private static let targets = """
        # Clouds that trade an ID token for a credential.
        # targets:
        #   aws-prod:
        #     type: aws
        #     role: arn:aws:iam::123456789012:role/deploy
        #     region: eu-west-1
        #     allow:
        #       - {project: example/web, ref: refs/heads/main, environment: production}
        #     probe: true                     # once a day it is sent tokens that it must refuse; one that it takes is an alarm
        #     fallback:                       # used while AWS cannot be reached, never when it refuses
        #       context: aws-legacy
        #       until: 2030-01-31
        #       reason: role not migrated yet
        #       budget: 20/day                # optional: an outage that needs more has to be looked at
        #   vault:
        #     type: vault
        #     address: https://vault.example.com:8200
        #     role: deploy
        #     audience: https://vault.example.com
        #     allow:
        #       - {project: example/web, job: release}

        # Groups of static secrets; a value is set with: jobpass secret set aws-legacy AWS_ACCESS_KEY_ID
        # contexts:
        #   aws-legacy:
        #     owner: web-team                 # optional, for the report
        #     max_age: 90d                    # optional: older values are overdue
        #     allow:
        #       - {project: example/web, ref: refs/heads/main}

        # The client gets the reason of a refusal (full) or the code and trace id alone (terse).
        # errors: full
        # log: {format: text, level: info}

        """
}
