import Encoding
import Intake
import Testing

@Suite("A .env file")
struct DotenvTests {
    private func read(_ text: String, _ interpolation: IntakeOptions.Interpolation = .refuse) throws -> Listing {
        var options = IntakeOptions()
        options.interpolation = interpolation
        return try IntakeFormat.dotenv.read(Array(text.utf8), options)
    }

    private func problems(_ text: String) -> [IntakeError.Problem] {
        do {
            let listing = try read(text)
            Issue.record("accepted as \(listing.values.map(\.name))")
            return []
        } catch {
            return (error as? IntakeError)?.problems ?? []
        }
    }

    @Test(
        "is read as it is written everywhere",
        arguments: [
            ("A=b", "b"), ("A = b ", "b"), ("export A=b", "b"), ("\texport\tA=b", "b"), ("A=b # why", "b"),
            ("A=b#c", "b#c"), ("A=#b", "#b"), ("A='b # c'", "b # c"), ("A=\"b\" # why", "b"), ("A='it\\'s'", "it's"),
            ("A=\"say \\\"hi\\\"\"", "say \"hi\""), ("A=\"b\\nc\"", "b\nc"), ("A='b\\nc'", "b\\nc"),
            ("A=b\\nc", "b\\nc"),
            ("A=\"b\nc\"", "b\nc"), ("A=\"b\r\nc\"\r\n", "b\nc"), ("A=\"\\\\\"", "\\"), ("A=b c  d", "b c  d"),
            ("A=a=b", "a=b"), ("A=\"b\\xc\"", "b\\xc"), ("A=$HOME", "$HOME"), ("\u{FEFF}A=b", "b"),
            ("# c\n\n  # d\nA=b\n", "b"), ("A=ünïcödé", "ünïcödé"), ("'A'=b", "b"),
        ]
    )
    func values(_ text: String, _ value: String) throws {
        let listing = try read(text)
        #expect(listing.values == [Listing.Value(EnvironmentName(constant: "A"), Array(value.utf8))])
        #expect(listing.notes.isEmpty)
    }

    @Test(
        "is refused with its line where it is not clear what was meant, and no value is quoted",
        arguments: [
            ("A=b\nhunter2 is=this", 2, "a space stands in the name"), ("\n\nhunter2", 3, "has no '='"),
            ("A=1\n=hunter2", 2, "there is no name"), ("A=1\nB=2\nA=hunter2", 3, "already, in line 1"),
            ("a-b=hunter2", 1, "no name of a variable"), ("1A=hunter2", 1, "no name of a variable"),
            ("A=\"hunter2\nB=1", 1, "does not end"), ("A=\"a\" hunter2", 1, "something stands behind"),
            ("A='hunter2' 'b'", 1, "something stands behind"), ("A=${hunter2}", 1, "which some readers expand"),
        ]
    )
    func refused(_ text: String, _ line: Int, _ reason: String) throws {
        let problems = problems(text)
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.line == line)
        #expect(problems.first?.reason.contains(reason) == true, "\(problems)")
        #expect(problems.first?.reason.contains("hunter2") == false, "\(problems)")
    }

    @Test("tells everything that is wrong at once")
    func all() { #expect(problems("A\nB=\"x\n=\nC=1\nC=2").map(\.line) == [1, 2, 3, 5]) }

    @Test("is expanded only when that is asked for, by what stands above")
    func interpolation() throws {
        let text = "USER=me\nURL=db://${USER}:${PASS:-none}@h"
        #expect(try read(text, .expand).values.last?.bytes == Array("db://me:none@h".utf8))
        #expect(try read(text, .literal).values.last?.bytes == Array("db://${USER}:${PASS:-none}@h".utf8))
        #expect(throws: IntakeError.self) { try read(text) }
        #expect(throws: IntakeError.self) { try read("A=${B}\nB=x", .expand) }
        #expect(try read("A=${B", .refuse).values.count == 1)
    }

    @Test("an empty value is left out, and said so")
    func empty() throws {
        let listing = try read("A=\nB=x\nC=\"\"")
        #expect(listing.values.map(\.name.text) == ["B"])
        #expect(listing.notes == ["line 1: A is empty and was left out", "line 3: C is empty and was left out"])
    }

    @Test("that is no text is refused")
    func binary() {
        #expect(throws: IntakeError("it is no UTF-8 text")) {
            try IntakeFormat.dotenv.read([0x41, 0x3D, 0xFF], .init())
        }
    }
}
