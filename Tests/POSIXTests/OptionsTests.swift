import POSIX
import Testing

@Suite("Command lines")
struct OptionsTests {
    let shapes = [
        OptionShape("audience", letter: "a", takesValue: true), OptionShape("json", letter: "j", takesValue: false),
        OptionShape("aud", takesValue: true),
    ]

    private func parse(_ arguments: String..., untilOperand: Bool = false) throws -> ParsedOptions {
        try Options.parse(arguments, accepting: shapes, untilOperand: untilOperand)
    }

    private func option(_ name: String, _ value: String? = nil) -> ParsedOptions.Occurrence {
        ParsedOptions.Occurrence(name, value)
    }

    @Test("options and operands may stand in any order")
    func mixes() throws {
        let parsed = try parse("one", "--audience", "a", "two", "--json", "--audience=b", "-")
        #expect(parsed.options == [option("audience", "a"), option("json"), option("audience", "b")])
        #expect(parsed.operands == ["one", "two", "-"])
        #expect(parsed.afterDashes == nil)
    }

    @Test("letters may stand together and with their value")
    func letters() throws {
        #expect(try parse("-ja", "x").options == [option("json"), option("audience", "x")])
        #expect(try parse("-jax").options == [option("json"), option("audience", "x")])
    }

    @Test("what follows -- is kept as it is")
    func afterDashes() throws {
        let parsed = try parse("one", "--", "--audience", "--", "-j")
        #expect(parsed.operands == ["one"])
        #expect(parsed.afterDashes == ["--audience", "--", "-j"])
        #expect(parsed.options.isEmpty)
        #expect(try parse("--").afterDashes == [])
    }

    @Test("-- as an option's value is a value")
    func dashesAsValue() throws {
        let parsed = try parse("--audience", "--", "x")
        #expect(parsed.options == [option("audience", "--")])
        #expect(parsed.operands == ["x"])
        #expect(parsed.afterDashes == nil)
    }

    @Test("where asked, the first operand ends the options")
    func untilOperand() throws {
        let parsed = try parse("-j", "token", "--audience", "x", untilOperand: true)
        #expect(parsed.options == [option("json")])
        #expect(parsed.operands == ["token", "--audience", "x"])
    }

    @Test("an empty command line is empty")
    func empty() throws { #expect(try parse() == ParsedOptions()) }

    @Test("an empty value is a value")
    func emptyValue() throws {
        #expect(try parse("--audience=").options == [option("audience", "")])
        #expect(try parse("--audience", "").options == [option("audience", "")])
    }

    @Test(
        "what is wrong is named as it was written, without its value",
        arguments: [
            (["--bogus"], POSIXError.Code.unknownOption, "--bogus"),
            (["--bogus=secret"], .unknownOption, "--bogus"),
            (["x", "-jb"], .unknownOption, "-b"),
            (["--audi", "x"], .unknownOption, "--audi"),
            (["--jso"], .unknownOption, "--jso"),
            (["--audience"], .missingValue, "--audience"),
            (["-j", "-a"], .missingValue, "-a"),
            (["--json=yes"], .unexpectedValue, "--json"),
        ]
    )
    func refuses(arguments: [String], code: POSIXError.Code, subject: String) {
        #expect(throws: POSIXError(code, "read", subject)) {
            try Options.parse(arguments, accepting: shapes)
        }
    }

    @Test("a whole name is taken though a longer one begins with it")
    func wholeNames() throws { #expect(try parse("--aud", "x").options == [option("aud", "x")]) }

    @Test("lines read at the same time do not mix")
    func concurrent() async {
        let shapes = shapes
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let line = ["--audience", "\(number)", "op\(number)", "-j"]
                    let parsed = try? Options.parse(line, accepting: shapes)
                    return parsed?.options.first?.value == "\(number)" && parsed?.operands == ["op\(number)"]
                }
            }
            for await right in group { #expect(right) }
        }
    }
}
