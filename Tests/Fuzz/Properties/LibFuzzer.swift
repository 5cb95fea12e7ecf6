internal import Glibc

/// Broken by one input of four bytes in 2^32: only a fuzzer that sees its own coverage finds it.
private let planted = Property("planted") { input in
    guard input.count == 4, input[0] == 0x4A, input[1] == 0x50, input[2] == 0x21 else { return nil }
    return input[3] == 0x0A ? "the planted input was found" : nil
}

/// The property that this process fuzzes, from JOBPASS_FUZZ.
private let property: Property = {
    let name = unsafe getenv("JOBPASS_FUZZ").map { unsafe String(cString: $0) } ?? ""
    guard let chosen = (Property.all + [planted]).first(where: { $0.name == name }) else {
        fatalError("JOBPASS_FUZZ names no property: '\(name)'")
    }
    return chosen
}()

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    if let violation = property.violation(input) { fatalError("\(property.name): \(violation)") }
    return 0
}
