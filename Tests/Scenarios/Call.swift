import JSON
import POSIX
import Testing

/// One request by curl, and what came back.
struct Call: CustomStringConvertible {
    /// The status; 0 where nothing answered.
    let status: Int
    let body: String

    var description: String { "\(status) \(body)" }

    /// Sends a request; the body, where there is one, is sent byte for byte.
    init(_ method: String, _ url: String, token: String? = nil, body: [UInt8]? = nil) throws {
        var arguments = ["--silent", "--max-time", "20", "--request", method, "--write-out", "\n%{http_code}"]
        if let token { arguments += ["--header", "Authorization: Bearer \(token)"] }
        if body != nil { arguments += ["--header", "Content-Type: application/json", "--data-binary", "@-"] }
        try self.init(curl: Finished("curl", arguments + [url], input: body ?? []))
    }

    /// What curl wrote, with the status on a line of its own at the end.
    init(curl: Finished) throws {
        let lines = curl.output.split(separator: "\n", omittingEmptySubsequences: false)
        status = lines.last.flatMap { Int($0) } ?? 0
        self.body = lines.dropLast().joined(separator: "\n")
    }

    /// The body as JSON; null where it is none.
    var json: JSON { (try? JSON.parse(Array(body.utf8))) ?? .null }
}
