internal import CP11Kit
internal import Locks

/// A module that is loaded and started, with the slot of one token; it ends with the last session of it.
@safe final class TokenConnection: @unchecked Sendable {  // Its pointer is set once, and is used in turn.
    let functions: UnsafeMutablePointer<CK_FUNCTION_LIST>
    private let slot: CK_SLOT_ID
    /// The token, its slot and the module, for people.
    let place: String
    private let path: String

    deinit { TokenTurn.take { LoadedModules.end(path) } }

    /// Loads a module and finds a token.
    init(module path: String, token name: TokenName) throws(PKCS11Error) {
        guard let uri = TokenURI(name.description) else {
            throw PKCS11Error(.token, "'\(name)' names no token")
        }
        var found: UnsafeMutablePointer<CK_FUNCTION_LIST>?
        var slot: CK_SLOT_ID = 0
        let failure = TokenTurn.take { unsafe Self.start(path, name, uri, &found, &slot) }
        guard let functions = unsafe found else { throw failure ?? PKCS11Error(.module, "\(path) has no functions") }
        unsafe self.functions = functions
        self.slot = slot
        self.path = path
        place = "\(name) (slot \(slot) of \(path))"
    }

    /// Loads and starts a module, and looks for a token; with a failure nothing is left of it.
    private static func start(
        _ path: String,
        _ name: TokenName,
        _ uri: borrowing TokenURI,
        _ found: inout UnsafeMutablePointer<CK_FUNCTION_LIST>?,
        _ slot: inout CK_SLOT_ID
    ) -> PKCS11Error? {
        do throws(PKCS11Error) {
            let functions = unsafe try LoadedModules.start(path)
            do throws(PKCS11Error) {
                slot = unsafe try Self.slot(of: name, uri, functions, path)
            } catch {
                LoadedModules.end(path)
                throw error
            }
            unsafe found = functions
            return nil
        } catch {
            return error
        }
    }

    private static func slot(
        of name: TokenName,
        _ uri: borrowing TokenURI,
        _ functions: UnsafeMutablePointer<CK_FUNCTION_LIST>,
        _ path: String
    ) throws(PKCS11Error) -> CK_SLOT_ID {
        var slots = [CK_SLOT_ID](repeating: 0, count: 256)
        var count = CK_ULONG(slots.count)
        let result = unsafe cp11kit_slots(functions, &slots, &count)
        guard result == CKR_OK else { throw PKCS11Error(result, "listing the slots of \(path)") }
        var found: [CK_SLOT_ID] = []
        for slot in slots.prefix(Int(count)) where unsafe cp11kit_matches(functions, slot, uri.pointer) != 0 {
            found.append(slot)
        }
        guard let slot = found.first, found.count == 1 else {
            throw PKCS11Error(
                .token,
                "\(path) has \(found.isEmpty ? "no token" : "\(found.count) tokens") '\(name)' in \(count) slots; is it there, and is the name right?"
            )
        }
        return slot
    }

    /// Opens a session.
    func open(writing: Bool) throws(PKCS11Error) -> CK_SESSION_HANDLE {
        var session: CK_SESSION_HANDLE = 0
        let result = TokenTurn.take { unsafe cp11kit_open(functions, slot, writing ? 1 : 0, &session) }
        guard result == CKR_OK else { throw PKCS11Error(result, "opening a session of \(place)") }
        return session
    }
}

/// The modules that this process has started, each once: a second start is an error (PKCS#11, CKR_CRYPTOKI_ALREADY_INITIALIZED).
///
/// They are started and ended in turn.
private enum LoadedModules {
    private struct Module: Sendable {
        /// `CK_FUNCTION_LIST *`, as a number, since who has it uses it in turn.
        let functions: UInt
        var users: Int
    }

    private static let modules = Lock<[String: Module]>([:])

    /// Loads and starts a module, or counts one more who uses it.
    static func start(_ path: String) throws(PKCS11Error) -> UnsafeMutablePointer<CK_FUNCTION_LIST> {
        if let module = modules.withLock({ $0[path] }),
            let functions = unsafe UnsafeMutablePointer<CK_FUNCTION_LIST>(bitPattern: module.functions)
        {
            modules.withLock { $0[path]?.users += 1 }
            return unsafe functions
        }
        guard let functions = unsafe p11_kit_module_load(path, Int32(P11_KIT_MODULE_UNMANAGED)) else {
            let reason = unsafe p11_kit_message().map { unsafe String(cString: $0) } ?? "no reason given"
            throw PKCS11Error(.module, "\(path) cannot be loaded as a PKCS#11 module: \(reason)")
        }
        // p11-kit lets the module lock by the system's own means (CKF_OS_LOCKING_OK).
        let started = unsafe p11_kit_module_initialize(functions)
        guard started == CKR_OK else {
            unsafe p11_kit_module_release(functions)
            throw PKCS11Error(.module, PKCS11Error(started, "starting \(path)").detail)
        }
        let address = UInt(bitPattern: functions)
        modules.withLock { $0[path] = Module(functions: address, users: 1) }
        return unsafe functions
    }

    /// Ends a module when nobody uses it any more.
    static func end(_ path: String) {
        let unused = modules.withLock { modules -> UInt? in
            guard var module = modules[path] else { return nil }
            module.users -= 1
            modules[path] = module.users > 0 ? module : nil
            return module.users > 0 ? nil : module.functions
        }
        guard let unused, let functions = unsafe UnsafeMutablePointer<CK_FUNCTION_LIST>(bitPattern: unused) else {
            return
        }
        unsafe p11_kit_module_finalize(functions)
        unsafe p11_kit_module_release(functions)
    }
}
