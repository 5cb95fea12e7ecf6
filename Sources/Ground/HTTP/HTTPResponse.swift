/// A response, as a server sends it and as a client receives it.
package struct HTTPResponse: Equatable, Sendable {
    /// The status code, 100 to 599.
    package let status: Int
    package var fields: HTTPFields
    package var body: [UInt8]

    /// Makes a response.
    package init(status: Int, fields: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
