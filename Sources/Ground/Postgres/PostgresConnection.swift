internal import CPQ
internal import Glibc

/// How long things may take.
package struct PostgresLimits: Equatable, Sendable {
    /// From the first packet to a session that takes statements, with each host that is named; a name look-up comes before it.
    package var connect = Duration.seconds(5)
    /// A statement, with what it waits for; the server is told, and is waited for a second longer.
    package var statement = Duration.seconds(10)
    /// How long the server lets a transaction stand idle, such as that of a client that died without a word.
    package var idleTransaction = Duration.seconds(5)

    /// The usual ones.
    package init() {}
}

/// A connection to a server; one thread at a time may use it.
@safe
package struct PostgresConnection: ~Copyable, @unchecked Sendable {  // libpq-threading: one thread at a time a PGconn.
    private let pointer: OpaquePointer  // PGconn *
    /// How long is waited for a pipeline's answers.
    private let patience: Duration
    /// The names of the statements that the server has compiled, by their text.
    private var prepared: [String: String]
    /// Whether nothing more can be said by it.
    package private(set) var isBroken: Bool

    /// Connects, as the address says.
    ///
    /// The session tells the server its limits, so that a client that dies without a word holds nobody up for longer.
    ///
    /// - Throws: `PostgresError` with code `connection`, `timeout`, or what the server refused with.
    package init(to address: PostgresAddress, _ limits: PostgresLimits = PostgresLimits()) throws(PostgresError) {
        self = try Self.connect(to: address, limits)
    }

    private init(owning pointer: OpaquePointer, patience: Duration) {
        unsafe self.pointer = pointer
        self.patience = patience
        prepared = [:]
        isBroken = false
    }

    private static func connect(
        to address: PostgresAddress,
        _ limits: PostgresLimits
    ) throws(PostgresError) -> PostgresConnection {
        let milliseconds = limits.statement.milliseconds
        // What the address says goes before what is usual here.
        let parameters = [
            "client_encoding": "UTF8", "fallback_application_name": "jobpass", "keepalives_idle": "10",
            "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "\(milliseconds)",
            // Of each host that is named: one that answers nothing is passed over for the next.
            "connect_timeout": "\((limits.connect.milliseconds + 999) / 1_000)",
        ].merging(address.parameters) { $1 }
        let names = parameters.keys.sorted()
        let started = unsafe withCStrings(names) { keywords in
            unsafe withCStrings(names.map { parameters[$0] ?? "" }) { values in
                unsafe PQconnectdbParams(keywords, values, 0)
            }
        }
        guard let started = unsafe started else { throw .lost("out of memory") }
        var connection = unsafe PostgresConnection(owning: started, patience: limits.statement + .seconds(1))
        try connection.begin(limits)
        return connection
    }

    private mutating func begin(_ limits: PostgresLimits) throws(PostgresError) {
        unsafe cpq_ignore_notices(pointer)
        guard unsafe PQstatus(pointer) == CONNECTION_OK else { throw failure() }
        guard unsafe PQsetnonblocking(pointer, 1) == 0, unsafe PQenterPipelineMode(pointer) == 1 else {
            throw failure()
        }
        try configure(limits)
    }

    deinit { unsafe PQfinish(pointer) }

    private mutating func configure(_ limits: PostgresLimits) throws(PostgresError) {
        let statement = "\(limits.statement.milliseconds)"
        let settings = [
            ("statement_timeout", statement), ("lock_timeout", statement),
            ("idle_in_transaction_session_timeout", "\(limits.idleTransaction.milliseconds)"),
            ("tcp_user_timeout", statement), ("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"),
        ]
        for (name, value) in settings {
            do throws(PostgresError) {
                _ = try run(PostgresQuery("SELECT set_config($1, $2, false)", .text(name), .text(value)))
            } catch {
                // Not every server that speaks the protocol knows every setting.
                guard !error.endsConnection else { throw error }
            }
        }
        let durability = try run(PostgresQuery("SELECT current_setting($1, true)", .text("synchronous_commit"))).first
        if let durability, !durability.isNull(at: 0), try durability.text(at: 0) == "off" {
            // A commit that is answered before it is on the disk would be no record.
            _ = try run(PostgresQuery("SELECT set_config('synchronous_commit', 'on', false)"))
        }
    }

    /// Whether a transaction is open.
    package var isInTransaction: Bool {
        let status = unsafe PQtransactionStatus(pointer)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
    }

    /// Takes note of what the server has sent unasked, such as that it goes: `isBroken` then says so before anything is sent.
    package mutating func listen() {
        // Its last words and the end of the connection behind them are read one after the other.
        do throws(PostgresError) {
            while !isBroken, try wait(for: Int16(POLLIN), until: .now) {
                if unsafe PQconsumeInput(pointer) == 0 || PQstatus(pointer) != CONNECTION_OK { isBroken = true }
            }
        } catch {
            isBroken = true
        }
    }

    /// Runs one statement.
    ///
    /// - Throws: `PostgresError`.
    package mutating func run(_ query: PostgresQuery) throws(PostgresError) -> PostgresRows {
        let rows = try run([query])
        guard let first = rows.first else { throw .lost("no answer") }
        return first
    }

    /// Sends statements together and reads their answers: one journey for all of them.
    ///
    /// Unless a transaction is open or one of them opens it, they are a transaction of their own. Each text is compiled once.
    ///
    /// - Throws: `PostgresError` of the first that fails; those behind it were not run.
    package mutating func run(_ queries: [PostgresQuery]) throws(PostgresError) -> [PostgresRows] {
        guard !isBroken else { throw .lost("") }
        do throws(PostgresError) {
            return try exchange(queries)
        } catch {
            if error.endsConnection { isBroken = true }
            throw error
        }
    }

    private mutating func exchange(_ queries: [PostgresQuery]) throws(PostgresError) -> [PostgresRows] {
        let deadline = ContinuousClock.now + patience
        var steps: [Step] = []
        var names = prepared
        for query in queries {
            if names[query.sql] == nil {
                let name = "s\(names.count)"
                names[query.sql] = name
                try prepare(name, query)
                steps.append(Step(sql: query.sql, prepares: name))
            }
            try execute(names[query.sql] ?? "", query.values)
            steps.append(Step(sql: query.sql, prepares: nil))
        }
        guard unsafe PQpipelineSync(pointer) == 1 else { throw failure() }
        var answers: [PostgresRows] = []
        var refusal: PostgresError?
        for step in steps {
            let result = try nextResult(by: deadline)
            switch result.status {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                if let name = step.prepares {
                    prepared[step.sql] = name
                } else {
                    answers.append(result.rows(of: step.sql))
                }
            case PGRES_PIPELINE_ABORTED: break
            default: if refusal == nil { refusal = result.failure(in: step.sql, connection: words) }
            }
            guard unsafe PQstatus(pointer) == CONNECTION_OK else { throw refusal ?? failure() }
            try readEnd(by: deadline)
        }
        let end = try nextResult(by: deadline)
        guard end.status == PGRES_PIPELINE_SYNC else { throw .lost("the server's answers are out of order") }
        if let refusal { throw refusal }
        return answers
    }

    /// One message of a pipeline that is answered.
    private struct Step {
        let sql: String
        let prepares: String?
    }

    private func prepare(_ name: String, _ query: PostgresQuery) throws(PostgresError) {
        let types = query.values.map(\.type)
        guard unsafe PQsendPrepare(pointer, name, query.sql, Int32(types.count), types) == 1 else { throw failure() }
    }

    private func execute(_ name: String, _ values: [PostgresValue]) throws(PostgresError) {
        // All values in one buffer, so that their addresses hold while they are sent; libpq copies them.
        var buffer: [UInt8] = []
        var starts: [Int?] = []
        var lengths: [Int32] = []
        for value in values {
            let encoded = value.encoded
            starts.append(encoded == nil ? nil : buffer.count)
            lengths.append(Int32(encoded?.count ?? 0))
            if let encoded { buffer += encoded }
            // A value without bytes needs an address too, or it would be NULL.
            buffer.append(0)
        }
        let formats = [Int32](repeating: 1, count: values.count)
        let sent = unsafe buffer.withUnsafeBytes { bytes in
            let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let addresses = unsafe starts.map { start in
                unsafe start.flatMap { offset in unsafe base.map { unsafe $0 + offset } }
            }
            return unsafe PQsendQueryPrepared(pointer, name, Int32(values.count), addresses, lengths, formats, 1)
        }
        guard sent == 1 else { throw failure() }
    }

    /// Waits for the next result, sending what is left to send meanwhile.
    private func nextResult(by deadline: ContinuousClock.Instant) throws(PostgresError) -> PostgresResult {
        try waitForAnswer(by: deadline)
        guard let result = unsafe PQgetResult(pointer) else { throw failure() }
        return unsafe PostgresResult(result)
    }

    /// Reads the end of a statement's results.
    private func readEnd(by deadline: ContinuousClock.Instant) throws(PostgresError) {
        try waitForAnswer(by: deadline)
        guard let more = unsafe PQgetResult(pointer) else { return }
        _ = unsafe PostgresResult(more)
        throw .lost("the server's answers are out of order")
    }

    private func waitForAnswer(by deadline: ContinuousClock.Instant) throws(PostgresError) {
        while true {
            let unsent = unsafe PQflush(pointer)
            guard unsent >= 0 else { throw failure() }
            guard unsafe PQisBusy(pointer) == 1 else { return }
            let events = unsent == 0 ? Int16(POLLIN) : Int16(POLLIN | POLLOUT)
            guard try wait(for: events, until: deadline) else {
                throw PostgresError(.timeout, "the server did not answer in time")
            }
            guard unsafe PQconsumeInput(pointer) == 1 else { throw failure() }
        }
    }

    /// Waits until the socket can be read or written; false where the time is over.
    private func wait(for events: Int16, until deadline: ContinuousClock.Instant) throws(PostgresError) -> Bool {
        while true {
            let descriptor = unsafe PQsocket(pointer)
            guard descriptor >= 0 else { throw failure() }
            var watched = pollfd(fd: descriptor, events: events, revents: 0)
            let left = (deadline - .now).milliseconds
            let ready = unsafe poll(&watched, 1, Int32(clamping: max(0, left)))
            if ready > 0 { return true }
            // Anything but a signal that came between is as good as no time left.
            guard ready < 0, errno == EINTR else { return false }
        }
    }

    private var words: String { unsafe String(cString: PQerrorMessage(pointer)) }

    private func failure() -> PostgresError { .lost(words) }

    /// Lets a closure have texts as C does, with a null behind the last.
    private static func withCStrings<Answer>(
        _ texts: [String],
        _ body: ([UnsafePointer<CChar>?]) -> Answer
    ) -> Answer {
        var characters: [CChar] = []
        var starts: [Int] = []
        for text in texts {
            starts.append(characters.count)
            characters += text.utf8CString
        }
        return unsafe characters.withUnsafeBufferPointer { buffer in
            unsafe body(starts.map { start in unsafe buffer.baseAddress.map { unsafe $0 + start } } + [nil])
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded up so that a wait is never a busy one.
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
