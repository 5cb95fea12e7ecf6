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
        case unit
        case manual

        init?(path: String, text: String) {
            if text.hasPrefix("#!/usr/bin/env bash\n") {
                self = .script
            } else if path.hasPrefix("deploy/recipes/"), !path.hasSuffix("/jobpass.yaml"), path.hasSuffix(".yaml") {
                self = .recipe
            } else if path.hasSuffix(".yaml") {
                self = .configuration
            } else if path.hasSuffix(".json") {
                self = .document
            } else if path.hasSuffix(".service") {
                self = .unit
            } else if path.hasSuffix("/README.md") {
                self = .manual
            } else {
                return nil
            }
        }
    }

    @Test(
        "every file in deploy/ is of a kind that is loaded or checked",
        arguments: try Checkout.files(under: "deploy")
    )
    func files(path: String) throws {
        let text = try Checkout.text(path)
        switch try #require(Kind(path: path, text: text), "nothing tries \(path): no script, no YAML, no JSON") {
        case .script: try check(script: path)
        case .configuration: _ = try Configuration.parse(Array(text.utf8), file: "\(Checkout.root)/\(path)")
        case .recipe: _ = try RecipeFile.parse(Array(text.utf8), file: path)
        case .document: _ = try JSON.parse(Array(text.utf8))
        case .unit: try check(unit: path)
        case .manual: try check(manual: path, text)
        }
    }

    @Test("the other scripts are checked as well", arguments: [".ci/run", "Tests/Fuzz/run"])
    func scripts(path: String) throws { try check(script: path) }

    @Test("a configuration with an unknown key would be found")
    func plantedKey() throws {
        let text = try Checkout.text("deploy/aws/jobpass.yaml") + "surprise: true\n"
        #expect(throws: InvalidConfiguration.self) { try Configuration.parse(Array(text.utf8), file: "jobpass.yaml") }
    }

    @Test("a script with a fault would be found", arguments: ["if true; then\n", "rm -rf $1/tmp\n"])
    func plantedFault(line: String) throws {
        let folder = try Files.makeTemporaryDirectory("jobpass-rules")
        defer { try? Files.removeTree(folder) }
        let script = Paths.join(folder, "script")
        try Files.writeNew(script, Array("#!/usr/bin/env bash\n\(line)".utf8))
        #expect(try Shellcheck(script).code != 0)
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

    /// systemd reads every line of it, and finds it hardened; only that nothing is installed here may be wrong with it.
    private func check(unit path: String) throws {
        let full = "\(Checkout.root)/\(path)"
        let verified = try Systemd(["verify", full])
        let faults = verified.said.split(separator: "\n").filter {
            !$0.hasSuffix("is not executable: No such file or directory")
        }
        #expect(faults.isEmpty, "\(verified.said)")
        // From 0, nothing to gain by taking it over, to 100.
        let exposure = try Systemd(["security", "--offline=true", "--threshold=20", full])
        #expect(exposure.code == 0, "\(exposure.said)")
    }

    /// What it says to look at is there.
    private func check(manual path: String, _ text: String) throws {
        let folder = path.dropLast("README.md".count)
        let named = text.split(separator: "`").filter { $0.hasSuffix(".service") || $0 == "jobpass.yaml" }
        #expect(!named.isEmpty, "\(path) names none of the files beside it")
        for file in named {
            #expect(try Files.status("\(Checkout.root)/\(folder)\(file)") != nil, "\(path) names \(file)")
        }
    }

    private func check(script path: String) throws {
        let status = try #require(try Files.status("\(Checkout.root)/\(path)"))
        #expect(status.mode & 0o100 != 0, "\(path) cannot be run: chmod +x")
        let result = try Shellcheck("\(Checkout.root)/\(path)")
        #expect(result.code == 0, "\(result.said)")
    }
}

/// What shellcheck says of a script; it parses as bash does, so `bash -n` would say nothing more.
private struct Shellcheck {
    let code: Int32
    let said: String

    init(_ path: String) throws {
        let run = try Checker("shellcheck", ["--external-sources", "--source-path=SCRIPTDIR", path])
        (code, said) = (run.code, run.said)
    }
}

/// What systemd-analyze says of a unit.
private struct Systemd {
    let code: Int32
    let said: String

    init(_ arguments: [String]) throws {
        let run = try Checker("systemd-analyze", arguments)
        (code, said) = (run.code, run.said)
    }
}

/// A program that looks at a file, run to its end.
private struct Checker {
    let code: Int32
    let said: String

    init(_ program: String, _ arguments: [String]) throws {
        let output = try FileDescriptor.inMemory(program)
        let process = try Process(
            program,
            arguments,
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
