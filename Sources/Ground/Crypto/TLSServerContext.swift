internal import COpenSSL

/// What a TLS server shows and asks of its clients.
///
/// It is one certificate chain with its key, and the authorities of client certificates. Immutable: a reload makes a new
/// one, and with it new session ticket keys.
///
/// TLS 1.2 and 1.3 (RFC 5246, RFC 8446), with forward secrecy and authenticated encryption alone (RFC 9325).
@safe package final class TLSServerContext: @unchecked Sendable {  // SSL_CTX is made once; its count is atomic.
    private let context: OpaquePointer  // SSL_CTX *

    deinit { unsafe SSL_CTX_free(context) }

    /// Makes a context of PEM texts: the server's certificate followed by its intermediates, its private key, and where
    /// client certificates are wanted, the authorities that may sign them.
    ///
    /// A client certificate is asked for and must be good where one is sent, but need not be sent: who may do what is
    /// decided for each request.
    ///
    /// - Throws: `CryptoError` with code `certificate` or `key`.
    package init(
        certificateChain: [UInt8],
        privateKey: borrowing SecretBytes,
        clientAuthorities: [UInt8]?
    ) throws(CryptoError) {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else { throw .drained(.library, "preparing TLS") }
        unsafe self.context = context
        try restrict()
        try use(certificateChain, privateKey)
        if let clientAuthorities { try verifyClients(clientAuthorities) }
    }

    /// A new connection's state (`SSL *`), which the caller owns and frees.
    ///
    /// - Throws: `CryptoError` with code `library`.
    package func makeSession() throws(CryptoError) -> OpaquePointer {
        guard let session = unsafe SSL_new(context) else { throw .drained(.library, "starting a TLS session") }
        unsafe SSL_set_accept_state(session)
        return unsafe session
    }

    private func restrict() throws(CryptoError) {
        let options = copenssl_option_no_renegotiation() | copenssl_option_cipher_server_preference()
        _ = unsafe SSL_CTX_set_options(context, options)
        // Sessions are resumed by tickets for five minutes: no cache to fill, and a client certificate that was revoked by
        // a reload is looked at again, as the ticket keys end with this context.
        unsafe copenssl_disable_session_cache(context)
        unsafe SSL_CTX_set_timeout(context, 300)
        // Without a name for what its sessions are for, OpenSSL refuses to resume one that had a client certificate.
        let sessionContext = Array("jobpass".utf8)
        let isRestricted =
            unsafe copenssl_set_min_protocol(context, TLS1_2_VERSION) == 1
            && SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1
            && SSL_CTX_set_session_id_context(context, sessionContext, UInt32(sessionContext.count)) == 1
        guard isRestricted else { throw .drained(.library, "preparing TLS") }
        unsafe SSL_CTX_set_alpn_select_cb(context, selectProtocol, nil)
    }

    private func use(_ chain: [UInt8], _ privateKey: borrowing SecretBytes) throws(CryptoError) {
        let operation = "reading the server's certificate"
        let certificates = try Certificate.all(inPEM: chain, operation)
        for (index, certificate) in certificates.enumerated() {
            let isUsed =
                unsafe index == 0
                ? SSL_CTX_use_certificate(context, certificate.pointer) == 1
                : copenssl_add_chain_certificate(context, certificate.pointer) == 1
            guard isUsed else { throw .drained(.certificate, operation) }
        }
        let key = try KeyHandle(pem: privateKey, "reading the server's private key")
        guard unsafe SSL_CTX_use_PrivateKey(context, key.pointer) == 1 else {
            throw .drained(.key, "matching the server's private key with its certificate")
        }
    }

    private func verifyClients(_ authorities: [UInt8]) throws(CryptoError) {
        let operation = "reading the client certificate authorities"
        let certificates = try Certificate.all(inPEM: authorities, operation)
        let store = unsafe SSL_CTX_get_cert_store(context)
        for certificate in certificates {
            // The names of the authorities are what a client chooses its certificate by.
            guard unsafe X509_STORE_add_cert(store, certificate.pointer) == 1,
                unsafe SSL_CTX_add_client_CA(context, certificate.pointer) == 1
            else { throw .drained(.certificate, operation) }
        }
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    }
}

/// Answers a client's list of protocols (RFC 7301) with the one that is spoken here, so that a client which means
/// another protocol is not talked to.
private func selectProtocol(
    session: OpaquePointer?,
    selected: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    selectedCount: UnsafeMutablePointer<UInt8>?,
    offered: UnsafePointer<UInt8>?,
    offeredCount: UInt32,
    argument: UnsafeMutableRawPointer?
) -> Int32 {
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
    var start = 0
    while start < list.count {
        let end = unsafe start + 1 + Int(list[start])
        guard end <= list.count else { break }
        if unsafe list[(start + 1)..<end].elementsEqual("http/1.1".utf8) {
            unsafe selected?.pointee = offered?.advanced(by: start + 1)
            unsafe selectedCount?.pointee = list[start]
            return SSL_TLSEXT_ERR_OK
        }
        start = end
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
