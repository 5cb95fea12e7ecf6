import Configuration
import JSON
import POSIX
import Testing

/// What a reader copies must work: every file of `deploy/` and every configuration that README.md shows is tried.
@Suite("What is shown to be copied is tried")
struct DeployTests {
    /// How a file is tried; there is no kind that is not.
    private enum Kind {
        case script
        case configuration
        case recipe
        case document
        /// A service of systemd's.
        case unit
        /// A socket of systemd's, or what is put beside a unit, read together with the service.
        case besideUnit
        /// What Kubernetes is told, by its own schemas.
        case kubernetes
        /// What a CI system is told, by the schema of this name.
        case pipeline(String)
        /// A program in Python.
        case python
        /// Read by a script or scenario that names it, and by nothing here: `WhatIsRunTests` looks for that.
        case part
        /// What Prometheus is configured with.
        case prometheus
        /// Prose, whose links lead somewhere.
        case guide

        init?(path: String, text: String) {
            if let schema = Self.pipelines.first(where: { path.hasPrefix("deploy/ci/\($0.key)/") && path.hasYAMLName })
            {
                self = .pipeline(schema.value)
            } else if path.hasPrefix("deploy/kubernetes/") || path.hasPrefix("deploy/ci/kubernetes/"), path.hasYAMLName
            {
                self = .kubernetes
            } else if Self.parts.contains(where: path.hasPrefix) {
                self = .part
            } else if path.hasPrefix("deploy/prometheus/"), path.hasSuffix(".yaml") {
                self = .prometheus
            } else if path.hasSuffix(".service") {
                self = .unit
            } else if path.hasSuffix(".socket") || path.contains(".service.d/") {
                self = .besideUnit
            } else if path.hasSuffix(".md") {
                self = .guide
            } else if text.hasPrefix("#!/usr/bin/env bash\n") || text.hasPrefix("#!/bin/sh\n") {
                self = .script
            } else if text.hasPrefix("#!/usr/bin/env python3\n") {
                self = .python
            } else if path.hasPrefix("deploy/recipes/"), !path.hasSuffix("/jobpass.yaml"), path.hasSuffix(".yaml") {
                self = .recipe
            } else if path.hasSuffix(".yaml") {
                self = .configuration
            } else if path.hasSuffix(".json") {
                self = .document
            } else {
                return nil
            }
        }

        /// The folders of CI systems below `deploy/ci`, and what check-jsonschema calls their schema.
        private static let pipelines = [
            "github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci", "circleci": "vendor.circle-ci",
            "buildkite": "vendor.buildkite", "woodpecker": "vendor.woodpecker-ci", "azure": "vendor.azure-pipelines",
            "bitbucket": "vendor.bitbucket-pipelines",
        ]

        /// Files of programs that are run for real elsewhere.
        private static let parts = [
            "deploy/container/Containerfile", "deploy/debian/control", "deploy/debian/copyright",
            "deploy/proxy/nginx.conf", "deploy/proxy/envoy.yaml",
            "deploy/ci/jenkins/Jenkinsfile", "deploy/ci/cron/",
        ]
    }

    @Test(
        "every file in deploy/ is of a kind that is loaded or checked",
        arguments: try Checkout.files(under: "deploy")
    )
    func files(path: String) throws {
        let text = try Checkout.text(path)
        switch try #require(Kind(path: path, text: text), "nothing tries \(path): of which kind is it?") {
        case .script: try check(script: path)
        case .configuration: _ = try Configuration.parse(Array(text.utf8), file: "\(Checkout.root)/\(path)")
        case .recipe: _ = try RecipeFile.parse(Array(text.utf8), file: path)
        case .document: _ = try JSON.parse(Array(text.utf8))
        case .unit: try check(unit: path)
        case .besideUnit: try check(besideUnit: path)
        case .prometheus: try check(prometheus: path)
        case .kubernetes:
            try check(by: "python", ["Tests/RelyingParties/check_trust_files.py", "kubernetes", "1.30", path])
        case .pipeline(let schema):
            // Azure's schema has patterns that only Python's regular expressions know.
            try check(by: "check-jsonschema", ["--regex-variant", "python", "--builtin-schema", schema, path])
        case .python: try check(by: "python", ["-c", "compile(open('\(path)').read(), '\(path)', 'exec')"])
        case .part: break
        case .guide: check(guide: path, text)
        }
    }

    @Test("the other scripts are checked as well", arguments: [".ci/run", "Tests/Fuzz/run"])
    func scripts(path: String) throws { try check(script: path) }

    @Test("a configuration with an unknown key would be found")
    func plantedKey() throws {
        let text = try Checkout.text("deploy/aws/jobpass.yaml") + "surprise: true\n"
        #expect(throws: InvalidConfiguration.self) { try Configuration.parse(Array(text.utf8), file: "jobpass.yaml") }
    }

    @Test("a pipeline and a manifest with a fault would be found")
    func plantedPipeline() throws {
        let folder = try Files.makeTemporaryDirectory("jobpass-rules")
        defer { try? Files.removeTree(folder) }
        let file = Paths.join(folder, "pipeline.yml")
        try Files.writeNew(file, Array("on: push\njobs: {deploy: {runs-on: ubuntu-latest, step: []}}\n".utf8))
        let python = "\(Checkout.root)/.build/python/bin/"
        #expect(try Tool("\(python)check-jsonschema", ["--builtin-schema", "vendor.github-workflows", file]).code != 0)
        try Files.replace(file, Array("apiVersion: v1\nkind: Service\nspec: {port: 80}\n".utf8))
        let script = "Tests/RelyingParties/check_trust_files.py"
        #expect(try Tool("\(python)python", [script, "kubernetes", "1.30", file]).code != 0)
    }

    @Test("a script with a fault would be found", arguments: ["if true; then\n", "rm -rf $1/tmp\n"])
    func plantedFault(line: String) throws {
        let folder = try Files.makeTemporaryDirectory("jobpass-rules")
        defer { try? Files.removeTree(folder) }
        let script = Paths.join(folder, "script")
        try Files.writeNew(script, Array("#!/usr/bin/env bash\n\(line)".utf8))
        #expect(try shellcheck(script).code != 0)
    }

    @Test("each configuration in README.md is part of the file that its first line names")
    func readme() throws {
        let blocks = try Checkout.text("README.md").split(separator: "```yaml\n").dropFirst()
        #expect(!blocks.isEmpty, "README.md shows no configuration")
        for block in blocks {
            let lines = block.split(separator: "```")[0].split(separator: "\n", maxSplits: 1)
            let path = try #require(lines.first.flatMap { $0.hasPrefix("# ") ? String($0.dropFirst(2)) : nil })
            #expect(try Checkout.text(path).contains(lines[1]), "README.md and \(path) differ")
        }
    }

    /// `systemd-analyze security` counts from 0, all doors shut, to 10.
    private func check(unit path: String) throws {
        let judged = try Tool("systemd-analyze", ["security", "--offline=yes", "--threshold=20", path])
        #expect(judged.code == 0, "its exposure is 2.0 or more: \(judged.said)")
        let verified = try Tool("systemd-analyze", ["verify", "--man=no", path])
        let faults = verified.said.split(separator: "\n").filter { !$0.contains("jobpass is not executable") }
        #expect(faults == [])
    }

    /// systemd reads the folder beside it too: the service, its socket and what is added to it.
    private func check(besideUnit path: String) throws {
        let folder = path.split(separator: "/").dropLast(path.contains(".service.d/") ? 2 : 1).joined(separator: "/")
        for unit in try Files.list("\(Checkout.root)/\(folder)")
        where unit.hasSuffix(".service") || unit.hasSuffix(".socket") {
            let verified = try Tool("systemd-analyze", ["verify", "--man=no", "\(folder)/\(unit)"])
            #expect(verified.said.split(separator: "\n").filter { !$0.contains("jobpass is not executable") } == [])
        }
    }

    /// A program of the Python environment that `deploy/install --tests` makes.
    private func check(by program: String, _ arguments: [String]) throws {
        let result = try Tool("\(Checkout.root)/.build/python/bin/\(program)", arguments)
        #expect(result.code == 0, "\(result.said)")
    }

    private func check(prometheus path: String) throws {
        let kind =
            path.hasSuffix(".test.yaml") ? ["test", "rules"] : ["check", path.contains("alerts") ? "rules" : "config"]
        let result = try Tool("promtool", kind + [path])
        #expect(result.code == 0, "\(result.said)")
    }

    private func check(guide path: String, _ text: String) {
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        for part in text.split(separator: "](").dropFirst() {
            let link = String(part.prefix { $0 != ")" && $0 != "#" })
            guard !link.isEmpty, !link.contains("://") else { continue }
            #expect((try? Files.status("\(Checkout.root)/\(folder)/\(link)")) != nil, "\(path) leads to \(link)")
        }
    }

    private func check(script path: String) throws {
        let status = try #require(try Files.status("\(Checkout.root)/\(path)"))
        #expect(status.mode & 0o100 != 0, "\(path) cannot be run: chmod +x")
        let result = try shellcheck("\(Checkout.root)/\(path)")
        #expect(result.code == 0, "\(result.said)")
    }
}

extension String {
    fileprivate var hasYAMLName: Bool { hasSuffix(".yaml") || hasSuffix(".yml") }
}

/// What shellcheck says of a script; it parses as bash does, so `bash -n` would say nothing more.
private func shellcheck(_ path: String) throws -> Tool {
    try Tool("shellcheck", ["--external-sources", "--source-path=SCRIPTDIR", path])
}

/// What a program says of a file, seen from the top of the checkout.
private struct Tool {
    let code: Int32
    let said: String

    init(_ program: String, _ arguments: [String]) throws {
        let output = try FileDescriptor.inMemory(program)
        let line = ["cd \"$1\" && shift && exec \"$@\"", "sh", Checkout.root, program] + arguments
        let process = try Process(
            "sh",
            ["-c"] + line,
            environment: .current,
            input: .null,
            output: .descriptor(output.number),
            error: .descriptor(output.number)
        )
        code = process.wait().code
        output.rewind()
        said = String(decoding: try output.readToEnd(limit: 1 << 20, subject: program), as: UTF8.self)
    }
}
