internal import CYAML

/// One step of a document, with the place where it begins.
struct YAMLEvent {
    enum Content: Equatable {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case scalar(YAMLScalar)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    let content: Content
    let mark: YAMLMark
}

/// One libyaml parser over one text.
///
/// libyaml keeps pointers to the parser and to the text between calls, so both have memory of their own that this value owns.
@safe
struct YAMLEventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>
    /// The same text, to find the place and the cause of a mistake.
    private let source: [UInt8]

    init(_ bytes: [UInt8]) throws(YAMLError) {
        source = bytes
        unsafe parser = .allocate(capacity: 1)
        unsafe text = .allocate(capacity: bytes.count)
        _ = unsafe text.initialize(fromContentsOf: bytes)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            unsafe text.deallocate()
            throw YAMLError(.tooLarge, at: YAMLMark(line: 1, column: 1), "no memory for a parser", fix: "free some")
        }
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
        // Without this libyaml would take a byte order mark's word for UTF-16.
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe text.deallocate()
    }

    /// The next event; anchors, aliases, tags and directives never come out.
    borrowing func next() throws(YAMLError) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        let mark = YAMLMark(unsafe event.start_mark)
        return YAMLEvent(content: unsafe try Self.content(of: event, at: mark), mark: mark)
    }

    private static func content(of event: yaml_event_t, at mark: YAMLMark) throws(YAMLError) -> YAMLEvent.Content {
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT:
            let document = unsafe event.data.document_start
            guard unsafe document.version_directive == nil, unsafe document.tag_directives.start == nil else {
                throw YAMLError(.unsupported, at: mark, "a directive", fix: "remove the line that begins with %")
            }
            return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            unsafe try refuse(anchor: scalar.anchor, tag: scalar.tag, at: mark)
            let text = unsafe String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length),
                as: UTF8.self
            )
            return unsafe .scalar(YAMLScalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE))
        case YAML_SEQUENCE_START_EVENT:
            let sequence = unsafe event.data.sequence_start
            unsafe try refuse(anchor: sequence.anchor, tag: sequence.tag, at: mark)
            return .sequenceStart
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let mapping = unsafe event.data.mapping_start
            unsafe try refuse(anchor: mapping.anchor, tag: mapping.tag, at: mark)
            return .mappingStart
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_ALIAS_EVENT: throw YAMLError(.unsupported, at: mark, "an alias", fix: Self.quoteStar)
        default: return .streamEnd
        }
    }

    private static let quoteStar = "write a value that begins with * in quotes, such as \"*\""

    private static func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?,
        tag: UnsafeMutablePointer<yaml_char_t>?,
        at mark: YAMLMark
    ) throws(YAMLError) {
        guard unsafe anchor == nil else {
            throw YAMLError(.unsupported, at: mark, "an anchor", fix: "write a value that begins with & in quotes")
        }
        guard unsafe tag == nil else {
            throw YAMLError(.unsupported, at: mark, "a tag", fix: "write a value that begins with ! in quotes")
        }
    }

    /// libyaml's words for what is wrong, which never hold any of the text, and a fix that fits the two usual slips.
    private func failure() -> YAMLError {
        let parser = unsafe self.parser.pointee
        let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "it is no YAML"
        guard unsafe parser.error != YAML_READER_ERROR else {
            return YAMLError(
                .malformed,
                at: mark(ofByte: unsafe parser.problem_offset),
                problem,
                fix: "save the file as UTF-8 text"
            )
        }
        let mark = YAMLMark(unsafe parser.problem_mark)
        let context = unsafe parser.context.map { unsafe String(cString: $0) } ?? ""
        let fix: String
        switch unsafe byte(at: Int(parser.problem_mark.index)) {
        case UInt8(ascii: "\t"): fix = "indent with spaces, not with tabs"
        case _ where context == "while scanning an alias": fix = Self.quoteStar
        default: fix = "mend the YAML there"
        }
        let begun = YAMLMark(unsafe parser.context_mark)
        let opening = context.isEmpty ? "" : begun < mark ? "\(context) from \(begun), " : "\(context), "
        return YAMLError(.malformed, at: mark, opening + problem, fix: fix)
    }

    /// The byte at an offset that libyaml counts in characters; they differ only behind text that is not ASCII.
    private func byte(at character: Int) -> UInt8? {
        var count = 0
        for byte in source where byte & 0xC0 != 0x80 {
            if count == character { return byte }
            count += 1
        }
        return nil
    }

    private func mark(ofByte offset: Int) -> YAMLMark {
        var line = 1
        var column = 1
        for byte in source.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return YAMLMark(line: line, column: column)
    }
}

extension YAMLMark {
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }
}
