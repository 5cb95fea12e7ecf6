internal import Encoding
package import HTTP
package import JSON

/// A request of a recipe, to the one host of its target.
package struct RecipeRequest: Equatable, Sendable {
    /// A name with its text.
    package struct Field: Equatable, Sendable {
        package let name: String
        package let value: RecipeTemplate

        /// Makes a field.
        package init(_ name: String, _ value: RecipeTemplate) {
            self.name = name
            self.value = value
        }
    }

    /// What is sent.
    package indirect enum Body: Equatable, Sendable {
        case none
        case form([Field])
        case json(Value)
    }

    /// A part of a JSON body.
    package indirect enum Value: Equatable, Sendable {
        case text(RecipeTemplate)
        /// A number, a boolean or null as it is.
        case fixed(JSON)
        case array([Value])
        case object([(name: String, value: Value)])

        package static func == (left: Value, right: Value) -> Bool {
            switch (left, right) {
            case (.text(let left), .text(let right)): left == right
            case (.fixed(let left), .fixed(let right)): left == right
            case (.array(let left), .array(let right)): left == right
            case (.object(let left), .object(let right)):
                left.map(\.name) == right.map(\.name) && left.map(\.value) == right.map(\.value)
            default: false
            }
        }
    }

    let method: HTTPMethod
    /// Scheme and authority, where only parameters of the configuration may stand.
    let origin: RecipeTemplate
    /// The path behind it, with its slash.
    let path: RecipeTemplate
    let query: [Field]
    let headers: [Field]
    let body: Body
    /// The statuses that mean success.
    let statuses: Set<Int>

    /// Makes a request of a URL such as `https://{workspace}/oidc/v1/token`.
    ///
    /// `parameters` are the names that the host may be made of, `places` those that may stand anywhere else.
    ///
    /// - Throws: `TargetError` naming `url`, `query`, `headers` or `statuses`.
    package init(
        _ method: HTTPMethod,
        url: String,
        query: [Field] = [],
        headers: [Field] = [],
        body: Body = .none,
        statuses: [Int] = [200, 201],
        parameters: Set<String>
    ) throws(TargetError) {
        let scheme = "https://"
        guard url.hasPrefix(scheme), !url.contains("?"), !url.contains("#") else {
            throw TargetError("url", seen: url, wanted: "an https URL without a query, which stands under 'query'")
        }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        origin = try RecipeTemplate(scheme + authority, key: "url", places: parameters)
        path = try RecipeTemplate(String(rest.dropFirst(authority.count)), key: "url", places: parameters)
        guard !authority.isEmpty else { throw TargetError("url", seen: url, wanted: "a host behind https://") }
        for field in headers {
            guard FieldText.isName(field.name), !Self.ownHeaders.contains(field.name.lowercased()) else {
                throw TargetError("headers", seen: field.name, wanted: "the name of a header that is not set by itself")
            }
        }
        for status in statuses where !(200..<300).contains(status) {
            throw TargetError("statuses", seen: "\(status)", wanted: "200 to 299")
        }
        self.method = method
        self.query = query
        self.headers = headers
        self.body = body
        self.statuses = Set(statuses)
    }

    /// What the request's own parts decide; a Host of one's own would ask another server behind the same address.
    private static let ownHeaders = ["host", "content-length", "content-type", "transfer-encoding", "connection"]

    /// The names of all places in it.
    var places: Set<String> {
        var names = origin.places.union(path.places)
        for field in query + headers { names.formUnion(field.value.places) }
        switch body {
        case .none: break
        case .form(let fields): for field in fields { names.formUnion(field.value.places) }
        case .json(let value): names.formUnion(value.places)
        }
        return names
    }

    /// The request to send: a field whose place has no value is left out.
    func outgoing(to origin: String, _ values: [String: String], numbers: Set<String>) -> OutgoingRequest {
        var url = origin + (path.filled(values, .percent) ?? "")
        let query = Self.filled(query, values)
        if !query.isEmpty { url += "?" + Form(query).encoded }
        var fields = HTTPFields()
        for field in Self.filled(headers, values) { fields.append(field.name, field.value) }
        switch body {
        case .none: return OutgoingRequest(method, url: url, fields: fields)
        case .form(let form):
            fields.append("Content-Type", "application/x-www-form-urlencoded")
            let body = Form(Self.filled(form, values)).encoded
            return OutgoingRequest(method, url: url, fields: fields, body: Array(body.utf8))
        case .json(let value):
            fields.append("Content-Type", "application/json")
            let body = value.filled(values, numbers: numbers) ?? [:]
            return OutgoingRequest(method, url: url, fields: fields, body: body.serialized())
        }
    }

    private static func filled(_ fields: [Field], _ values: [String: String]) -> [Form.Field] {
        fields.compactMap { field in field.value.filled(values).map { Form.Field(field.name, $0) } }
    }
}

extension RecipeRequest.Value {
    /// The names of all places in it.
    var places: Set<String> {
        switch self {
        case .text(let template): template.places
        case .fixed: []
        case .array(let elements): elements.reduce(into: []) { $0.formUnion($1.places) }
        case .object(let members): members.reduce(into: []) { $0.formUnion($1.value.places) }
        }
    }

    /// The value with its places filled; nil where one has no value, so that it is left out.
    func filled(_ values: [String: String], numbers: Set<String>) -> JSON? {
        switch self {
        case .text(let template):
            // A parameter that is a number stays one where nothing else stands beside it.
            if let name = template.onlyPlace, numbers.contains(name) {
                return values[name].flatMap { Int64($0) }.map { .integer($0) }
            }
            return template.filled(values).map { .string($0) }
        case .fixed(let value): return value
        case .array(let elements): return .array(elements.compactMap { $0.filled(values, numbers: numbers) })
        case .object(let members):
            var object = JSONObject()
            for member in members { object[member.name] = member.value.filled(values, numbers: numbers) }
            return .object(object)
        }
    }
}
