import Testing

/// What stands in `deploy/` and is neither a configuration nor prose is run, by a test or by `.ci/run`, or by what these run.
@Suite("What is in deploy/ is run")
struct WhatIsRunTests {
    /// The texts that begin: what CI runs, and the tests.
    private static let beginning = Result {
        let tests = try Checkout.files(under: "Tests").filter { path in
            [".swift", ".py", ".sh"].contains { path.hasSuffix($0) } && !path.hasPrefix("Tests/Rules/")
        }
        return try ([".ci/run"] + tests).map(Checkout.text)
    }

    /// Whether a text names a path, and not a longer one that begins with it.
    private func names(_ path: String, in text: String) -> Bool {
        text.split(separator: path, omittingEmptySubsequences: false).dropFirst().contains { rest in
            guard let next = rest.first else { return true }
            return !next.isLetter && !next.isNumber && !"-_/".contains(next)
        }
    }

    /// The paths that are named, directly or by one that is named itself.
    private func reached(among paths: [String], from texts: [String]) throws -> Set<String> {
        var texts = texts
        var reached: Set<String> = []
        while true {
            let found = paths.filter { path in
                !reached.contains(path) && texts.contains { names(path, in: $0) }
            }
            guard !found.isEmpty else { return reached }
            reached.formUnion(found)
            texts = try found.map(Checkout.text)
        }
    }

    @Test("each script, program and part is named by a test, by .ci/run, or by a file that is")
    func everything() throws {
        // Configurations, manifests, pipelines, units and documents are read by DeployTests itself.
        let loaded = [".yaml", ".yml", ".json", ".md", ".service", ".socket", ".conf"]
        let paths = try Checkout.files(under: "deploy").filter { path in
            path.hasPrefix("deploy/proxy/") || path.hasPrefix("deploy/ci/") || !loaded.contains { path.hasSuffix($0) }
        }
        let reached = try reached(among: paths, from: try Self.beginning.get())
        #expect(paths.filter { !reached.contains($0) && !$0.hasSuffix(".md") } == [], "nothing runs these")
    }

    @Test("a file that is named by none would be found")
    func planted() throws {
        let paths = ["deploy/test", "deploy/nothing"]
        #expect(try reached(among: paths, from: ["run deploy/test-more and deploy/testing"]) == [])
        #expect(try reached(among: paths, from: ["run 'deploy/test'"]) == ["deploy/test"])
    }
}
