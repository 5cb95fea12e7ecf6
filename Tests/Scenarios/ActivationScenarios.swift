import POSIX
import Support
import Testing

extension Scenarios {
    /// What systemd does for a service: it listens in its place, and hands credentials over.
    @Suite("A broker that systemd starts")
    struct ActivationScenarios {
        @Test("it takes the sockets that it is given, in place of its own")
        func sockets() throws {
            let site = try Site("", in: Folder())
            let ports = [try FreePort.next(), try FreePort.next()]
            let broker = try Running(
                "activated",
                in: site.folder,
                "systemd-socket-activate",
                ["--listen=127.0.0.1:\(ports[0])", "--listen=[::1]:\(ports[1])", "--fdname=four:six"]
                    + [try BuiltCommand.path(), "serve", "--config", site.configuration]
            )
            // Nothing runs before the first connection comes, which waits for its answer.
            try broker.wait(until: "listening") { broker.said.contains("Listening on [::1]") }
            #expect(!broker.said.contains("listening address"))
            #expect(try Call("GET", "http://127.0.0.1:\(ports[0])/readyz").status == 200)
            #expect(try Call("GET", "http://[::1]:\(ports[1])/readyz").status == 200)
            #expect(broker.said.contains("address=\"2 inherited\" port=\(ports[0])"))
            #expect(try Call("GET", "\(site.url)/readyz").status == 0, "it listens on its own address besides")
            #expect(broker.stop() == .exited(0))
        }

        @Test("no connection is refused while it is restarted")
        func restarts() throws {
            let site = try Site("", in: Folder())
            let run = try Finished(
                try RelyingParty.program("python"),
                [RelyingParty.script("hold_socket.py"), "\(site.port)", "2"]
                    + [try BuiltCommand.path(), "serve", "--config", site.configuration]
            )
            #expect(run.code == 0, "\(run)")
            #expect(run.output.hasPrefix("answered "), "\(run)")
        }

        @Test("health asks whether it can work, and says why it cannot")
        func health() throws {
            let site = try Site("", in: Folder())
            let ask = ["health", "--url", site.url]
            let before = try Finished(try BuiltCommand.path(), ask)
            #expect(before.code == 69)
            let broker = try site.serve()
            for arguments in [ask, ask + ["--alive"]] {
                let asked = try Finished(try BuiltCommand.path(), arguments)
                #expect(asked.code == 0, "\(asked)")
                #expect(asked.output == (arguments == ask ? "ready\n" : "ok\n"))
            }
            #expect(try Finished(try BuiltCommand.path(), ["health", "--url", "\(site.url)/v1"]).code == 69)
            #expect(broker.stop() == .exited(0))
        }

        @Test("a socket that is no listener, or another process's, is not taken")
        func otherSockets() throws {
            let site = try Site("", in: Folder())
            let serve = "exec \"$JOBPASS\" serve --config \"$CONFIG\" 3</dev/null"
            let environment = ["CONFIG": site.configuration, "LISTEN_FDS": "1"]
            let own = try BuiltCommand.shell("export LISTEN_PID=$$; \(serve)", environment)
            #expect(own.code == 74, "\(own)")
            #expect(own.error.contains("the inherited descriptor 3: it is no TCP socket that is listened on"), "\(own)")
            // Inherited by mistake from a parent that was meant: it listens on its own address.
            var variables = environment
            variables["JOBPASS"] = try BuiltCommand.path()
            let other = try Running(
                "other",
                in: site.folder,
                "bash",
                ["-c", "export LISTEN_PID=1; \(serve)"],
                environment: variables
            )
            try other.wait(until: "ready") { try site.answers("/readyz") }
            #expect(other.stop() == .exited(0))
        }

        @Test("a key that stands in the configuration as credential:NAME is the file that was handed over")
        func credentials() throws {
            let settings = "secrets:\n  master_key: credential:master.key\n"
            let site = try Site(settings, in: Folder())
            try Files.makeDirectory(site.folder.path("credentials"))
            let key = site.folder.path("site/keys/master.key")
            try Files.writeNew(site.folder.path("credentials/master.key"), try Files.read(key), mode: 0o400)
            try Files.remove(key)
            let command = try BuiltCommand.path()
            let check = ["config", "check", "--config", site.configuration]
            let without = try Finished(command, check)
            #expect(without.code == 78)
            #expect(without.error.contains("/run/credentials/jobpass.service/master.key"), "\(without)")
            let environment = ["CREDENTIALS_DIRECTORY": site.folder.path("credentials")]
            let with = try Finished(command, check, environment: environment)
            #expect(with.code == 0, "\(with)")
            let serve = ["serve", "--config", site.configuration]
            let broker = try Running("broker", in: site.folder, command, serve, environment: environment)
            try broker.wait(until: "ready") { try site.answers("/readyz") }
            #expect(broker.stop() == .exited(0))
        }
    }
}
