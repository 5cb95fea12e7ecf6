import POSIX
import Testing

/// A key by which a job proves who it is, made by openssl; its thumbprint is PyJWT's.
struct ProofKey {
    let path: String
    let thumbprint: String

    init(_ name: String, in folder: Folder) throws {
        path = folder.path(name)
        let line = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path]
        let made = try Finished("openssl", line)
        try #require(made.code == 0, "\(made)")
        _ = try Finished("chmod", ["600", path])
        // RFC 7638, section 3: the members that a key must have, ordered by their names, without white space.
        let script = """
            import base64, hashlib, json, sys
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
            from jwt.algorithms import ECAlgorithm
            jwk = ECAlgorithm.to_jwk(load_pem_private_key(open(sys.argv[1], "rb").read(), None).public_key(), as_dict=True)
            text = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
            print(base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("="), end="")
            """
        let told = try Finished(try RelyingParty.program("python"), ["-c", script, path])
        try #require(told.code == 0, "\(told)")
        thumbprint = told.output
    }
}
