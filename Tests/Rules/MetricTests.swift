import Broker
import Exchange
import JSON
import Testing

@Suite("What is watched is there to be watched")
struct MetricTests {
    /// The names of the metrics that a broker tells.
    private static let told: Set<String> = {
        let metrics = Metrics()
        metrics.count(fallback: .used, of: "t")
        metrics.count(probe: .refused, of: "t")
        var moment = Metrics.Moment()
        moment.circuits = [("t", .open)]
        moment.keyAges = [("trusted", "ES256", 1, 2)]
        let page = metrics.text(moment)
        let types = page.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ") }
        // What is asked of a histogram is its buckets.
        return Set(types.map { $0[3] == "histogram" ? "\($0[2])_bucket" : String($0[2]) })
    }()

    /// The names of metrics that a text mentions.
    private static func names(in text: String) -> Set<String> {
        let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
        return Set(words.filter { $0.hasPrefix("jobpass_") })
    }

    @Test(
        "every metric of an alert or a panel is one that the broker tells",
        arguments: ["alerts.yaml", "dashboard.json"]
    )
    func exist(file: String) throws {
        let names = try Self.names(in: Checkout.text("deploy/prometheus/\(file)"))
        #expect(names.count > 5)
        #expect(names.subtracting(Self.told) == [])
    }

    @Test("the dashboard shows every metric that there is")
    func shown() throws {
        let text = try Checkout.text("deploy/prometheus/dashboard.json")
        #expect(Self.told.subtracting(Self.names(in: text)) == [])
        #expect(try JSON.parse(Array(text.utf8))["panels"]?.asArray?.count ?? 0 >= 8)
    }
}
