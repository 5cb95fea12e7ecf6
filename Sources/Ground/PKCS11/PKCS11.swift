internal import CP11Kit

/// PKCS11 owns keys that live in a token (a hardware module, a network one, SoftHSM2) and never leave it: they are made there, and
/// sign there.
///
/// Nothing here gets a private half, and calls of modules take turns (`TokenTurn`).
///
/// The manufacturer's module is loaded by p11-kit, as every program of the system does it. OpenSSL's own way would be an ENGINE of
/// libp11, which can make no key, knows no Ed25519 and fails at every key of a token that has one, and after a token was away
/// for a moment stays broken until the process ends; OpenSSL hashes what is signed and verifies what comes back.
///
/// PKCS#11 v2.40, with Ed25519 of v3.0; RFC 7512 for a token's name.
package struct PKCS11Error: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: Equatable, Sendable {
        /// The module is not there, is none, or does not start.
        case module
        /// The token is not there, or more than one has the name; or it stopped answering.
        case token
        /// The token refuses the PIN, or it cannot be read; it is not tried again before it is another one.
        case pin
        /// The token has no such key, or none that is usable.
        case key
        /// The token cannot do what was asked, such as an algorithm that it does not know.
        case unsupported
    }

    package let code: Code
    /// What was being done and what came of it, in words that have neither PIN nor key.
    package let detail: String

    /// Makes an error with a reason of our own.
    package init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Makes an error of what a module answered.
    init(_ result: CK_RV, _ operation: String) {
        let text = unsafe p11_kit_strerror(result).map { unsafe String(cString: $0) } ?? ""
        detail = "\(operation): \(text.isEmpty ? "no reason given" : text) (CKR 0x\(String(result, radix: 16)))"
        switch result {
        case CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_PIN_EXPIRED, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE: code = .pin
        case CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_FUNCTION_NOT_SUPPORTED, CKR_CURVE_NOT_SUPPORTED,
            CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_VALUE_INVALID, CKR_TOKEN_WRITE_PROTECTED:
            code = .unsupported
        case CKR_OBJECT_HANDLE_INVALID, CKR_KEY_HANDLE_INVALID: code = .key
        default: code = .token
        }
    }

    package var description: String { detail }
}

/// The name of a token (RFC 7512), such as `pkcs11:token=jobpass;serial=0123`.
package struct TokenName: Equatable, Sendable, CustomStringConvertible {
    package let description: String

    /// Takes a URI that names a token and nothing else; nil for any other, and where it has a PIN, which nobody is to write down.
    package init?(_ text: String) {
        guard let uri = TokenURI(text), !uri.hasMore else { return nil }
        description = text
    }
}

/// A parsed URI.
@safe struct TokenURI: ~Copyable {
    let pointer: OpaquePointer  // P11KitUri *

    deinit { unsafe p11_kit_uri_free(pointer) }

    init?(_ text: String) {
        guard let uri = unsafe Self.parse(text) else { return nil }
        unsafe pointer = uri
    }

    private static func parse(_ text: String) -> OpaquePointer? {
        guard text.hasPrefix("pkcs11:"), text.utf8.count <= 512, let uri = unsafe p11_kit_uri_new() else { return nil }
        guard unsafe p11_kit_uri_parse(text, P11_KIT_URI_FOR_TOKEN, uri) == Int32(P11_KIT_URI_OK.rawValue),
            unsafe p11_kit_uri_any_unrecognized(uri) == 0
        else {
            unsafe p11_kit_uri_free(uri)
            return nil
        }
        return unsafe uri
    }

    /// Whether it says how to log in, or which module to load: that is said elsewhere.
    var hasMore: Bool {
        unsafe p11_kit_uri_get_pin_value(pointer) != nil || p11_kit_uri_get_pin_source(pointer) != nil
            || p11_kit_uri_get_module_path(pointer) != nil || p11_kit_uri_get_module_name(pointer) != nil
    }
}
