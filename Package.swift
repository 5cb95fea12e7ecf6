// swift-tools-version: 6.2
import PackageDescription

// The map of Jobpass: system libraries, the ground that wraps them, then the modules in the order of the flow
// (register, claim, grant, sign, record, exchange, deliver), its two outer sides, the wiring, and the command.
// No package dependencies: what we do not write ourselves, the operating system ships and patches.

/// What every target is compiled with: Swift 6 isolation, `unsafe` spelled out, no warning left standing.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// A C library of the operating system: a module map and a `shim.h`, nothing else.
func library(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/C/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// A module of the ground: no word of the domain; the only one that may import its C library.
func ground(_ name: String, _ dependencies: [String] = []) -> Target {
    .target(
        name: name,
        dependencies: dependencies.map { .byName(name: $0) },
        path: "Sources/Ground/\(name)",
        swiftSettings: strict
    )
}

/// A module of the domain; with `embedsFiles` those in its folder `Files` are embedded as they are.
func module(_ name: String, _ dependencies: [String], embedsFiles: Bool = false) -> Target {
    .target(
        name: name,
        dependencies: dependencies.map { .byName(name: $0) },
        resources: embedsFiles ? [.embedInCode("Files")] : [],
        swiftSettings: strict
    )
}

/// A suite of tests; `vectors` names the folder of its vector files, where it has one.
func suite(_ name: String, _ dependencies: [String], vectors: String? = nil) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies.map { .byName(name: $0) },
        resources: vectors.map { [.copy($0)] } ?? [],
        swiftSettings: strict
    )
}

let libraries: [Target] = [
    library("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),  // keys, signatures, TLS
    library("CP11Kit", pkgConfig: "p11-kit-1", apt: "libp11-kit-dev"),  // keys in tokens
    library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),  // every outgoing request
    library("CEvent", pkgConfig: "libevent", apt: "libevent-dev"),  // the event loop
    library("CEventHTTP", pkgConfig: "libevent_openssl", apt: "libevent-dev"),  // its HTTP server and TLS
    library("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),  // the embedded store
    library("CPQ", pkgConfig: "libpq", apt: "libpq-dev"),  // the store that several brokers share
    library("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),  // configuration
    library("CJansson", pkgConfig: "jansson", apt: "libjansson-dev"),  // strict JSON
    library("CExpat", pkgConfig: "expat", apt: "libexpat1-dev"),  // the XML of AWS STS
    .systemLibrary(name: "CGlibc", path: "Sources/C/CGlibc"),  // getopt_long, signalfd and pidfd of glibc itself
]

let groundwork: [Target] = [
    ground("Encoding"),  // base64, base64url, hex, percent and form encoding, fixed binary layouts
    ground("Text"),  // patterns, near misses, what may stand in a claim
    ground("Locks"),  // a value that one thread at a time may touch, an answer that another gives
    ground("Time"),  // wall time, durations, RFC 3339
    ground("POSIX", ["CGlibc", "Locks"]),  // files, child processes, signals, terminals, options: the rest of glibc
    ground("Crypto", ["COpenSSL", "Encoding", "Locks"]),  // digests, keys, signatures, sealing, TLS contexts
    ground("PKCS11", ["CP11Kit", "Crypto", "Locks"]),  // keys that never leave a token
    ground("JSON", ["CJansson"]),  // strict JSON
    ground("XML", ["CExpat"]),  // small, bounded XML documents
    ground("YAML", ["CYAML"]),  // YAML with the place of every node
    ground("HTTP"),  // messages, and the protocol of who sends them
    ground("EventLoop", ["CEvent", "Locks"]),  // one thread, one libevent base, one task executor
    ground("HTTPClient", ["CCurl", "EventLoop", "HTTP", "Locks"]),  // libcurl's multi interface on a loop
    ground("HTTPServer", ["CEventHTTP", "Crypto", "EventLoop", "HTTP", "Locks"]),  // libevent's HTTP server on a loop
    ground("SQLite", ["CSQLite"]),  // connections and statements
    ground("Postgres", ["CPQ", "Locks", "POSIX"]),  // connections to a server, statements, a pool that mends itself
    ground("Logs", ["JSON", "Text", "Time"]),  // one line an event, text or JSON, nothing secret
]

let flow: [Target] = [
    module("Runs", ["Crypto", "JSON", "Encoding", "Locks", "Text", "Time"]),  // a job run's registration and life
    module("Claims", ["Runs", "Crypto", "Encoding", "Text"]),  // a run becomes a claim set
    module("Policy", ["Claims", "Crypto", "Text", "Time"]),  // claims become a grant or a reasoned refusal
    module("Ledger", ["Crypto", "POSIX", "Encoding", "Locks", "Time"]),  // what is recorded and signed before release
    module(
        "Tokens",
        ["Claims", "Policy", "Ledger", "Crypto", "HTTP", "JSON", "Encoding", "Locks", "Time"]
    ),  // JWT, JWK, issuers, verifier
    module(
        "Federation",
        ["Runs", "Tokens", "Crypto", "HTTP", "JSON", "Locks", "Text", "Time"]
    ),  // another issuer's token becomes an attestation
    module("Secrets", ["Policy", "Ledger", "Crypto", "Encoding", "Locks", "Time"]),  // contexts, sealed at rest
    module("Intake", ["Crypto", "JSON", "Encoding", "Time"]),  // .env files and listings become names and values
    module(
        "Exchange",
        ["Claims", "Policy", "Tokens", "Ledger", "HTTP", "JSON", "XML", "POSIX", "Crypto", "Encoding", "Locks", "Time"]
    ),  // the trade at a cloud
    module(
        "Delivery",
        ["Exchange", "Secrets", "Tokens", "Ledger", "POSIX", "JSON", "Crypto", "Encoding", "Locks", "Text", "Time"]
    ),  // a credential reaches the job
]

let outer: [Target] = [
    module(
        "Retirement",
        ["Secrets", "Ledger", "JSON", "Encoding", "Time"]
    ),  // which static secrets can go, and what proves it
    module("Doctor", ["Tokens", "Exchange", "Crypto", "HTTP", "JSON", "Time"]),  // the whole path, step by step
    module(
        "TrustFiles",
        ["Claims", "Policy", "Exchange", "Crypto", "JSON", "Encoding", "Text", "Time"]
    ),  // the cloud's side of a target, as files
    module("Reach", ["Claims", "Policy", "JSON", "Text", "Time"]),  // who reaches what, by rule and by what happened
    module("Auditing", ["Ledger", "Crypto", "JSON", "Encoding", "Locks", "Text", "Time"]),  // what an auditor asks
    module("Trust", ["Claims", "Policy", "JSON", "YAML", "Text", "Time"]),  // clouds' policies, explained and linted
    module(
        "Sandbox",
        ["Tokens", "Exchange", "Trust", "Crypto", "HTTP", "JSON", "Encoding", "Locks", "Time"]
    ),  // stand-in clouds
]

let wiring: [Target] = [
    module("Page", [], embedsFiles: true),  // the auditors' page
    module(
        "Configuration",
        [
            "YAML", "Policy", "Claims", "Tokens", "Federation", "Exchange", "Secrets", "Runs", "Crypto", "HTTP", "JSON",
            "Logs", "PKCS11", "POSIX", "Postgres",
            "Text", "Encoding", "Time",
        ]
    ),  // YAML becomes typed settings
    module(
        "Keystores",
        ["Tokens", "Secrets", "PKCS11", "Crypto", "JSON", "Encoding", "Locks", "Time"]
    ),  // issuers' keys that several brokers share, sealed or in a token
    module(
        "Stores",
        [
            "Runs", "Ledger", "Secrets", "Auditing", "SQLite", "Postgres", "POSIX", "Crypto", "Encoding", "Locks",
            "Time",
        ]
    ),  // on SQLite, and on PostgreSQL for several brokers
    module(
        "Broker",
        [
            "Runs", "Federation", "Claims", "Policy", "Tokens", "Ledger", "Exchange", "Secrets", "Delivery", "Page",
            "Auditing", "Retirement", "TrustFiles", "Configuration", "HTTP",
            "JSON", "Logs", "Crypto", "Text", "Encoding", "Locks", "Time",
        ]
    ),  // the story, its endpoints, its error frontier
]

let everything = (groundwork + flow + outer + wiring).map(\.name)

let command: [Target] = [
    .executableTarget(
        name: "jobpass",
        dependencies: everything.map { .byName(name: $0) },
        swiftSettings: strict
    )
]

let tests: [Target] = [
    .target(
        name: "Support",
        dependencies: everything.map { .byName(name: $0) },
        path: "Tests/Support",
        swiftSettings: strict
    ),  // clock, generator, fakes, LedgerChecker
    suite("EncodingTests", ["Encoding"]),
    suite("TextTests", ["Text"]),
    suite("LocksTests", ["Locks"]),
    suite("TimeTests", ["Time"]),
    suite("POSIXTests", ["POSIX"]),
    suite("CryptoTests", ["Crypto", "Encoding", "JSON", "Support"], vectors: "Vectors"),
    suite("JSONTests", ["JSON"]),
    suite("XMLTests", ["XML"]),
    suite("YAMLTests", ["YAML"]),
    suite(
        "HTTPTests",
        ["Locks", "Crypto", "Encoding", "EventLoop", "HTTP", "HTTPClient", "HTTPServer", "POSIX", "Time", "Support"]
    ),
    suite("SQLiteTests", ["SQLite", "POSIX", "Support"]),
    suite("PostgresTests", ["Postgres", "POSIX", "Support"]),
    suite("LogsTests", ["Locks", "Logs", "JSON", "Time"]),
    suite("RunsTests", ["Locks", "Runs", "Crypto", "JSON", "Text", "Time", "Support"]),
    suite("ClaimsTests", ["Claims", "Runs", "Support"]),
    suite("PolicyTests", ["Policy", "Claims", "Runs", "Crypto", "Text", "Support"]),
    suite(
        "LedgerTests",
        ["Locks", "Ledger", "Crypto", "POSIX", "JSON", "Encoding", "Time", "Support"],
        vectors: "Vectors"
    ),
    suite(
        "TokensTests",
        [
            "Tokens", "Claims", "Policy", "Runs", "Ledger", "Crypto", "HTTP", "JSON", "Encoding", "Text", "Time",
            "Support",
        ],
        vectors: "Vectors"
    ),
    suite(
        "FederationTests",
        ["Federation", "Configuration", "Tokens", "Runs", "Crypto", "JSON", "Locks", "POSIX", "Time", "Support"],
        vectors: "Vectors"
    ),
    suite(
        "RetirementTests",
        ["Retirement", "Secrets", "Ledger", "JSON", "Encoding", "Time", "Support"]
    ),
    suite("PKCS11Tests", ["PKCS11", "Crypto", "Locks", "Support"]),
    suite(
        "KeystoresTests",
        [
            "Keystores", "Tokens", "Secrets", "Stores", "Ledger", "Crypto", "Encoding", "JSON", "Locks", "POSIX",
            "Time", "Support",
        ]
    ),
    suite("IntakeTests", ["Intake", "Crypto", "JSON", "Encoding", "POSIX", "Time", "Support"]),
    suite("SecretsTests", ["Secrets", "Policy", "Ledger", "Crypto", "Encoding", "Locks", "Time", "Support"]),
    suite(
        "ExchangeTests",
        [
            "Exchange", "Tokens", "Policy", "Claims", "Runs", "Ledger", "HTTP", "JSON", "POSIX", "Crypto", "Encoding",
            "Time", "Support",
        ],
        vectors: "Vectors"
    ),
    suite(
        "DeliveryTests",
        [
            "Delivery", "Exchange", "Secrets", "Policy", "Ledger", "POSIX", "JSON", "Crypto", "Encoding", "Locks",
            "Text", "Time", "Support",
        ]
    ),
    suite(
        "AuditingTests",
        ["Auditing", "Ledger", "Crypto", "JSON", "Encoding", "Locks", "POSIX", "Time", "Support"],
        vectors: "Vectors"
    ),
    suite(
        "TrustTests",
        ["Trust", "Claims", "Policy", "JSON", "Text", "Support"],
        vectors: "Vectors"
    ),
    suite(
        "SandboxTests",
        ["Sandbox", "Trust", "Exchange", "Tokens", "HTTP", "JSON", "XML", "Crypto", "Encoding", "Time", "Support"]
    ),
    suite(
        "TrustFilesTests",
        ["TrustFiles", "Claims", "Crypto", "Policy", "Exchange", "JSON", "Text", "Time", "Support"]
    ),
    suite("ReachTests", ["Reach", "Policy", "Support", "Time"]),
    suite("DoctorTests", ["Doctor", "Exchange", "Tokens", "Crypto", "HTTP", "JSON", "Time", "Support"]),
    suite(
        "ConfigurationTests",
        [
            "Configuration", "Claims", "Crypto", "Encoding", "Exchange", "Federation", "HTTP", "JSON", "Ledger", "Logs",
            "Policy",
            "POSIX", "Postgres", "Runs", "Secrets", "Time", "Tokens", "Support",
        ],
        vectors: "Vectors"
    ),
    suite(
        "BrokerTests",
        [
            "Broker", "Locks", "Auditing", "Claims", "Configuration", "Federation", "Runs", "Ledger", "Secrets",
            "Intake",
            "Stores", "Exchange",
            "Delivery", "Tokens", "HTTP", "JSON", "Logs", "POSIX", "jobpass",
            "Crypto", "Encoding", "Time",
            "Support",
        ]
    ),
    suite(
        "Conformance",
        [
            "Locks", "Stores", "Runs", "Ledger", "Secrets", "Auditing", "SQLite", "Postgres", "POSIX", "Crypto",
            "Encoding", "Time", "Support",
        ]
    ),
    suite(
        "Scenarios",
        [
            "Locks", "jobpass", "Configuration", "Intake", "POSIX", "Postgres", "HTTP", "HTTPServer", "JSON",
            "Encoding", "Crypto",
            "SQLite", "Time", "Tokens", "Trust", "HTTPClient", "Claims",
            "Support",
        ],
        vectors: "Vectors"
    ),
    .target(
        name: "Fuzzing",
        dependencies: [
            "Encoding", "Intake", "Text", "Time", "HTTP", "JSON", "XML", "YAML", "Ledger", "Tokens", "Trust",
            "EventLoop",
        ],
        path: "Tests/Fuzz/Properties",
        swiftSettings: strict
    ),
    .testTarget(
        name: "Fuzz",
        dependencies: ["Fuzzing"],
        path: "Tests/Fuzz",
        exclude: ["Corpus", "Properties", "run"],
        swiftSettings: strict
    ),  // the corpora; `Tests/Fuzz/run` fuzzes
    suite("Rules", ["Broker", "Configuration", "Exchange", "JSON", "POSIX"]),
]

let package = Package(
    name: "jobpass",
    targets: libraries + groundwork + flow + outer + wiring + command + tests
)
