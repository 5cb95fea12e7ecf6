internal import Delivery
internal import Exchange
internal import HTTP
internal import JSON
internal import Runs

/// `GET /v1/targets/NAME/aws`: the answer that AWS SDKs want from `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
///
/// The SDK sends the content of its token file as it is, so the request token may come without a scheme; it reads `code` and
/// `message` where it is refused.
extension Broker {
    /// The session's keys under AWS's own names, or a refusal in words that SDKs print.
    func awsCredentials(_ call: Call) async -> HTTPResponse {
        do throws(Problem) {
            return try await awsAnswer(call)
        } catch {
            return error.awsResponse(trace: call.trace, terse: now.isTerse)
        }
    }

    private func awsAnswer(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await run(of: call, bare: true)
        let name = call.parameters[0]
        if let target = now.targets[name], target.type != .aws {
            throw Problem(.invalidRequest, "Target '\(name)' is of type \(target.type.rawValue), wanted aws.")
        }
        return try await admit(run) { () async throws(Problem) in
            let exchange = exchange(over: call.transport, call.pacing)
            let answer = try await obtain(name, for: run, trace: call.trace, through: exchange)
            do throws(DeliveryError) {
                return .secretJSON(200, try AWSKeys(of: answer).containerAnswer())
            } catch {
                throw Problem(.unavailable, "\(error).")
            }
        }
    }
}

extension Problem {
    /// The usual answer with the two members that AWS SDKs read.
    fileprivate func awsResponse(trace: String, terse: Bool) -> HTTPResponse {
        var response = response(trace: trace, terse: terse)
        guard var body = (try? JSON.parse(response.body))?.asObject else { return response }
        body["code"] = .string(code.rawValue)
        body["message"] = .string(terse ? "trace \(trace)" : "\(reason) (trace \(trace))")
        response.body = JSON.object(body).serialized()
        return response
    }
}
