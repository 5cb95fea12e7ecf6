internal import CCurl
internal import Glibc

/// libcurl's own start, once for the program.
enum Library {
    /// Whether libcurl could be initialised.
    static let isReady: Bool = {
        // libcurl would write the keys of every TLS session to the file that this variable names.
        let name = "SSLKEYLOGFILE"
        let keyLog = unsafe getenv(name).map { unsafe String(cString: $0) }
        unsafe unsetenv(name)
        defer { if let keyLog { unsafe setenv(name, keyLog, 1) } }
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()
}
