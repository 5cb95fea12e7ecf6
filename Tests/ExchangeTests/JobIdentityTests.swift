import Exchange
import Testing

@Suite("The name of an AWS session")
struct SessionNameTests {
    private func name(_ project: String, _ workflow: String, _ job: String, _ run: String) -> String {
        JobIdentity(project: project, workflow: workflow, job: job, run: run).sessionName
    }

    @Test("it reads as project, workflow and job, and ends with the run")
    func readable() {
        #expect(name("acme/web", "deploy", "release", "run_4711") == "acme-web.deploy.release@run_4711")
        #expect(name("a", "b", "c", "d") == "a.b.c@d")
    }

    @Test("what is too long is cut before the run")
    func cut() {
        let long = String(repeating: "p", count: 100)
        #expect(name(long, "w", "j", "run_4711") == String(repeating: "p", count: 55) + "@run_4711")
    }

    @Test("a run that cannot stand there is told by its digest")
    func digest() {
        // printf 'a/b' | sha256sum
        #expect(name("p", "w", "j", "a/b") == "p.w.j@c14cddc033f64b9dea80ea675cf280a0")
    }

    @Test("it always keeps to AWS's alphabet and 64 characters, and no two runs share it")
    func alphabet() {
        let parts = ["", "acme/web", "ünï", "a b:c", String(repeating: "x", count: 300), "@", "=,.+-_", "\u{0}\n", "🦊"]
        let runs =
            ["", "r", "r@x", "x", "a/b", "a-b", "a.b", "ü", "u", String(repeating: "r", count: 36)]
            + [String(repeating: "r", count: 37), String(repeating: "r", count: 300), "\u{0}", "🦊"]
        for project in parts {
            for job in parts {
                let names = runs.map { name(project, "deploy", job, $0) }
                #expect(Set(names).count == runs.count)
                for name in names {
                    let isAllowed = name.utf8.allSatisfy { byte in
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-".utf8.contains(byte)
                    }
                    #expect(isAllowed && (2...64).contains(name.utf8.count), "\(name)")
                }
            }
        }
    }
}
