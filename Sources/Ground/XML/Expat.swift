internal import CExpat

/// One expat parser, for one document.
@safe
struct Expat: ~Copyable {
    /// Form feed is no character of XML, so it can stand in no name and in no namespace.
    static let separator: CChar = 0x0C

    private let pointer: XML_Parser  // struct XML_ParserStruct *
    private let tree: TreeBuilder

    init(limits: XMLElement.Limits) throws(XMLError) {
        guard let pointer = unsafe XML_ParserCreateNS("UTF-8", Self.separator) else {
            throw XMLError(.memory, line: 1, column: 1, reason: "no memory for a parser")
        }
        unsafe self.pointer = pointer
        tree = TreeBuilder(limits: limits)
        // Unretained: the tree lives as long as this value, and expat calls back only within `parse`.
        unsafe XML_SetUserData(pointer, Unmanaged.passUnretained(tree).toOpaque())
        unsafe XML_SetElementHandler(
            pointer,
            { context, name, _ in unsafe TreeBuilder.from(context).open(name) },
            { context, _ in unsafe TreeBuilder.from(context).close() }
        )
        unsafe XML_SetCharacterDataHandler(pointer) { context, text, length in
            unsafe TreeBuilder.from(context).append(text, length: length)
        }
        unsafe XML_SetStartDoctypeDeclHandler(pointer) { context, _, _, _, _ in
            unsafe TreeBuilder.from(context).refuseDocumentType()
        }
        unsafe tree.parser = pointer
    }

    deinit { unsafe XML_ParserFree(pointer) }

    func parse(_ bytes: [UInt8], length: Int32) throws(XMLError) -> XMLElement {
        let status = unsafe bytes.withUnsafeBytes { raw in
            unsafe XML_Parse(pointer, raw.baseAddress?.assumingMemoryBound(to: CChar.self), length, 1)
        }
        if let failure = tree.failure { throw failure }
        guard status == XML_STATUS_OK, let root = tree.root else {
            let reason = unsafe XML_ErrorString(XML_GetErrorCode(pointer)).map { unsafe String(cString: $0) }
            throw unsafe Self.error(.malformed, reason ?? "not well-formed", at: pointer)
        }
        return root
    }

    /// An error at the place that a parser has come to.
    static func error(_ code: XMLError.Code, _ reason: String, at parser: XML_Parser?) -> XMLError {
        unsafe XMLError(
            code,
            line: Int(XML_GetCurrentLineNumber(parser)),
            column: Int(XML_GetCurrentColumnNumber(parser)) + 1,
            reason: reason
        )
    }
}

/// What expat's handlers build, on the thread and within the call of one `parse`.
@safe
private final class TreeBuilder {
    /// An element whose end has not come, with its character data as bytes: expat may split a text anywhere.
    private struct Open {
        var element: XMLElement
        var text: [UInt8] = []
    }

    let limits: XMLElement.Limits
    var parser: XML_Parser?
    private(set) var root: XMLElement?
    private(set) var failure: XMLError?
    private var open: [Open] = []
    private var elements = 0

    init(limits: XMLElement.Limits) { self.limits = limits }

    static func from(_ context: UnsafeMutableRawPointer?) -> TreeBuilder {
        guard let context = unsafe context else { preconditionFailure("expat lost its user data") }
        return unsafe Unmanaged<TreeBuilder>.fromOpaque(context).takeUnretainedValue()
    }

    func open(_ qualified: UnsafePointer<CChar>?) {
        guard failure == nil, let qualified = unsafe qualified else { return }
        elements += 1
        guard elements <= limits.elements else {
            return stop(.tooManyElements, "more than \(limits.elements) elements")
        }
        guard open.count < limits.depth else { return stop(.tooDeep, "elements more than \(limits.depth) deep") }
        let parts = unsafe String(cString: qualified).utf8
            .split(separator: UInt8(bitPattern: Expat.separator))
            .map { String(Substring($0)) }
        guard let name = parts.last else { return stop(.malformed, "an element without a name") }
        open.append(Open(element: XMLElement(name, namespace: parts.count > 1 ? parts[0] : nil)))
    }

    func close() {
        // Once stopped, expat may still report the end of an element whose start it has reported.
        guard failure == nil, var closed = open.popLast() else { return }
        closed.element.finish(text: closed.text)
        if open.isEmpty {
            root = closed.element
        } else {
            open[open.count - 1].element.adopt(closed.element)
        }
    }

    func append(_ text: UnsafePointer<CChar>?, length: Int32) {
        guard failure == nil, !open.isEmpty, let text = unsafe text else { return }
        unsafe UnsafeRawBufferPointer(start: text, count: Int(length)).withMemoryRebound(to: UInt8.self) { bytes in
            unsafe open[open.count - 1].text.append(contentsOf: bytes)
        }
    }

    func refuseDocumentType() { stop(.documentType, "a document type declaration is not allowed") }

    private func stop(_ code: XMLError.Code, _ reason: String) {
        guard failure == nil else { return }
        failure = unsafe Expat.error(code, reason, at: parser)
        unsafe XML_StopParser(parser, 0)
    }
}
