import Broker
import HTTP
import Testing

@Suite("Routes")
struct RouterTests {
    private let router: Router<String> = {
        var router = Router<String>()
        router.add(.get, "/v1/token", "token")
        router.add(.post, "/v1/token", "token")
        router.add(.get, "/v1/runs/{id}", "run")
        router.add(.delete, "/v1/runs/{id}", "end")
        router.add(.put, "/v1/contexts/{context}/secrets/{secret}", "secret")
        router.add(.get, "/log/tile/{path*}", "tile")
        return router
    }()

    @Test(
        "a method and a path find their endpoint and its decoded parameters",
        arguments: [
            (HTTPMethod.get, "/v1/token", "token []"),
            (.post, "/v1/token", "token []"),
            (.head, "/v1/token", "token []"),
            (.delete, "/v1/runs/run_1", #"end ["run_1"]"#),
            (.put, "/v1/contexts/aws%2Dlegacy/secrets/KEY", #"secret ["aws-legacy", "KEY"]"#),
            (.get, "/v1/runs/a%2Fb", #"run ["a/b"]"#),
            (.get, "/log/tile/0/x001/234", #"tile ["0", "x001", "234"]"#),
        ]
    )
    func finds(method: HTTPMethod, path: String, wanted: String) {
        #expect(seen(method, path) == wanted)
    }

    @Test(
        "what is no path of ours is unknown",
        arguments: [
            "/", "/v1", "/v1/token/", "/v1//token", "/v1/tokens", "/V1/token", "/v1/runs/", "/v1/runs/a/b", "/log/tile",
            "/log/tile/", "/v1/runs/%00", "/v1/runs/%zz", "/v1/runs/%ff", "/v1/runs/a%0Ab", "/v1/./token", "//v1/token",
        ]
    )
    func refuses(path: String) {
        #expect(seen(.get, path) == "unknown")
    }

    @Test("a known path with another method names the methods that it has")
    func namesMethods() {
        #expect(seen(.delete, "/v1/token") == "allowed GET, HEAD, POST")
        #expect(seen(.post, "/v1/runs/run_1") == "allowed GET, HEAD, DELETE")
        #expect(seen(.head, "/v1/contexts/a/secrets/B") == "allowed PUT")
    }

    private func seen(_ method: HTTPMethod, _ path: String) -> String {
        switch router.match(method, path: path) {
        case .found(let handler, let parameters): "\(handler) \(parameters)"
        case .wrongMethod(let allowed): "allowed \(allowed.map(\.rawValue).joined(separator: ", "))"
        case .unknown: "unknown"
        }
    }
}
