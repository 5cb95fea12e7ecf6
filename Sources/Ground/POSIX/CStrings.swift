internal import Glibc

/// An array of C strings that ends in a null pointer, as `execve(2)` and `getopt_long(3)` take it.
@safe
struct CStrings: ~Copyable {
    /// Valid for as long as this value lives.
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    let count: Int

    init(_ texts: [String], for operation: String) throws(POSIXError) {
        for text in texts where text.utf8.contains(0) {
            // Only what stands before `=` names a variable; what follows may be a secret.
            throw POSIXError(.containsNUL, operation, String(text.prefix { $0 != "=" }))
        }
        unsafe pointer = .allocate(capacity: texts.count + 1)
        count = texts.count
        for (index, text) in texts.enumerated() { unsafe pointer[index] = unsafe strdup(text) }
        unsafe pointer[count] = nil
    }

    deinit {
        for index in 0..<count { unsafe free(pointer[index]) }
        unsafe pointer.deallocate()
    }
}
