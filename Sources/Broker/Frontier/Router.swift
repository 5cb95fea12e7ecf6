internal import Encoding
package import HTTP

/// Finds the endpoint of a method and path, with the path's parameters.
///
/// Paths are few and short, so a walk over them is cheaper than a tree; the first segment is compared before anything is
/// decoded.
package struct Router<Handler: Sendable>: Sendable {
    /// What a path looks like: literals, and names in braces that take one segment each.
    private struct Route: Sendable {
        let method: HTTPMethod
        let segments: [Segment]
        let handler: Handler
    }

    private enum Segment: Sendable {
        case literal(String)
        case parameter
        /// Takes every segment that is left, at least one.
        case rest
    }

    /// What was found.
    package enum Match: Sendable {
        case found(Handler, parameters: [String])
        /// The path is known, with other methods.
        case wrongMethod(allowed: [HTTPMethod])
        case unknown
    }

    private var routes: [Route] = []

    /// Makes a router without routes.
    package init() {}

    /// Adds an endpoint: `{…}` in the pattern takes one segment, a last `{…*}` takes all that are left.
    package mutating func add(_ method: HTTPMethod, _ pattern: String, _ handler: Handler) {
        let segments = pattern.split(separator: "/").map { part in
            guard part.hasPrefix("{") else { return Segment.literal(String(part)) }
            return part.hasSuffix("*}") ? .rest : .parameter
        }
        routes.append(Route(method: method, segments: segments, handler: handler))
    }

    /// Looks a request's target up; HEAD goes where GET goes.
    package func match(_ method: HTTPMethod, path: String) -> Match {
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let wanted = method == .head ? HTTPMethod.get : method
        var allowed: [HTTPMethod] = []
        for route in routes {
            guard let parameters = Self.parameters(of: parts, in: route.segments) else { continue }
            guard route.method == wanted else {
                allowed.append(route.method)
                if route.method == .get { allowed.append(.head) }
                continue
            }
            return .found(route.handler, parameters: parameters)
        }
        return allowed.isEmpty ? .unknown : .wrongMethod(allowed: allowed)
    }

    /// The decoded parameters; nil where the path is another one, or a parameter is no text.
    private static func parameters(of parts: [Substring], in segments: [Segment]) -> [String]? {
        guard parts.count == segments.count || (parts.count > segments.count && endsInRest(segments)) else {
            return nil
        }
        var parameters: [String] = []
        for (index, segment) in segments.enumerated() {
            switch segment {
            case .literal(let text):
                guard parts[index] == text else { return nil }
            case .parameter:
                guard let value = decoded(parts[index]) else { return nil }
                parameters.append(value)
            case .rest:
                for part in parts[index...] {
                    guard let value = decoded(part) else { return nil }
                    parameters.append(value)
                }
            }
        }
        return parameters
    }

    private static func endsInRest(_ segments: [Segment]) -> Bool {
        guard case .rest? = segments.last else { return false }
        return true
    }

    private static func decoded(_ part: Substring) -> String? {
        guard !part.isEmpty, let text = try? PercentEncoding.decode(part) else { return nil }
        return text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } ? text : nil
    }
}
