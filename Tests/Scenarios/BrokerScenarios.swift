import Testing

/// Scenarios drives the built command as its users do, against real servers on loopback: OpenBao, moto, PyJWT, curl and
/// the command's own sandbox.
///
/// Each has a folder, ports and processes of its own, and leaves none behind. They run one after another, because each
/// keeps both cores busy. `deploy/test` installs what they need; without it they fail and say so.
@Suite(.serialized)
enum Scenarios {}
