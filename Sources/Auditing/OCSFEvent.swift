internal import JSON
internal import Ledger
internal import Time

/// An entry as an event of the Open Cybersecurity Schema Framework, version 1.4.
///
/// | entries | class | activity |
/// | --- | --- | --- |
/// | `run.registered`, `federation.*` | 3002 Authentication | 1 Logon |
/// | `run.ended` | 3002 Authentication | 2 Logoff |
/// | `token.*` | 3002 Authentication | 3 Authentication Ticket |
/// | `exchange.*`, `fallback.used` | 3003 Authorize Session | 1 Assign Privileges |
/// | `secret.read`, `secret.denied` | 6003 API Activity | 2 Read |
/// | `secret.changed`, `key.changed`, `config.loaded` | 6003 API Activity | 3 Update |
/// | all others | 6003 API Activity | 99 Other |
///
/// What the schema has no name for stands under `unmapped`, which is the whole entry.
struct OCSFEvent {
    private let index: UInt64
    private let entry: JSON
    private let time: UnixTime?

    init(_ index: UInt64, _ entry: JSON, time: UnixTime?) {
        self.index = index
        self.entry = entry
        self.time = time
    }

    var json: JSON {
        let kind = entry["kind"]?.asString ?? ""
        let (category, event, activity) = Self.type(of: kind)
        let outcome = entry["outcome"]?.asString ?? ""
        let isDone = outcome == "succeeded"
        var object: JSONObject = [
            "category_uid": .integer(category), "class_uid": .integer(event), "activity_id": .integer(activity),
            "type_uid": .integer(event * 100 + activity), "severity_id": .integer(Self.severity(kind, outcome)),
            "time": .integer(time?.milliseconds ?? 0), "status_id": isDone ? 1 : 2,
            "status": isDone ? "Success" : "Failure", "metadata": .object(metadata),
        ]
        if activity == 99 { object["activity_name"] = .string(kind) }
        if let reason = entry["reason"]?.asString ?? entry["cause"]?.asString {
            object["status_detail"] = .string(reason)
        }
        object["src_endpoint"] = entry["address"].map { ["ip": $0] } ?? ["svc_name": "jobpass"]
        let who = entry["claims"]?["sub"] ?? entry["principal"] ?? entry["run"] ?? "jobpass"
        let user: JSON = ["name": who, "type": "System", "type_id": 3]
        var actor: JSONObject = ["user": user]
        if let run = entry["run"] { actor["session"] = ["uid": run] }
        object["actor"] = .object(actor)
        let place = entry["target"] ?? entry["context"] ?? entry["audience"] ?? "jobpass"
        switch event {
        case 3002:
            object["user"] = user
            object["service"] = ["name": place]
        case 3003:
            object["user"] = user
            object["privileges"] = [place]
        default: object["api"] = ["operation": .string(kind), "service": ["name": place]]
        }
        object["unmapped"] = entry
        return .object(object)
    }

    private var metadata: JSONObject {
        [
            "version": "1.4.0", "uid": .string(String(index)), "log_name": "jobpass",
            "correlation_uid": .string(entry["trace"]?.asString ?? ""),
            "product": ["name": "Jobpass", "vendor_name": "Jobpass"],
        ]
    }

    private static func type(of kind: String) -> (category: Int64, event: Int64, activity: Int64) {
        switch kind {
        case "run.registered", "federation.accepted", "federation.denied": (3, 3002, 1)
        case "run.ended": (3, 3002, 2)
        case "token.issued", "token.denied": (3, 3002, 3)
        case "fallback.used": (3, 3003, 1)
        case "secret.read", "secret.denied": (6, 6003, 2)
        case "secret.changed", "key.changed", "config.loaded", "revocation.made", "revocation.lifted": (6, 6003, 3)
        default: kind.hasPrefix("exchange.") ? (3, 3003, 1) : (6, 6003, 99)
        }
    }

    /// 1 informational, 2 low, 3 medium.
    private static func severity(_ kind: String, _ outcome: String) -> Int64 {
        if kind == "fallback.used" { return 3 }
        return outcome == "succeeded" ? 1 : outcome == "failed" ? 2 : 3
    }
}
