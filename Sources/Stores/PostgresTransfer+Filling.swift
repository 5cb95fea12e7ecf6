internal import Ledger
internal import Postgres
internal import Time

/// Filling one.
extension PostgresTransfer {
    func insert(_ entries: [StoredEntry]) throws(StoreError) {
        try run(
            PostgresQuery(
                """
                INSERT INTO jobpass_ledger_entries (position, bytes)
                SELECT t.position, t.bytes FROM unnest($1::bigint[], $2::bytea[]) AS t(position, bytes)
                """,
                .integers(entries.map { Int64(bitPattern: $0.index) }),
                .byteStrings(entries.map(\.bytes))
            )
        )
    }

    func insert(_ tiles: [Tile]) throws(StoreError) {
        try run(
            PostgresQuery(
                """
                INSERT INTO jobpass_ledger_tiles (level, number, hashes)
                SELECT t.level, t.number, t.hashes
                FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS t(level, number, hashes)
                ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes
                """,
                .integers(tiles.map { Int64($0.address.level) }),
                .integers(tiles.map { Int64(bitPattern: $0.address.number) }),
                .byteStrings(tiles.map(\.hashes))
            )
        )
    }

    func insert(_ head: LedgerHead) throws(StoreError) {
        try run(
            PostgresQuery(
                """
                INSERT INTO jobpass_ledger_head (id, size, time, checkpoint) VALUES (1, $1, $2, $3)
                ON CONFLICT (id) DO UPDATE SET size = excluded.size, time = excluded.time, checkpoint = excluded.checkpoint
                """,
                .integer(Int64(bitPattern: head.size)),
                .integer(head.time.milliseconds),
                .bytes(head.checkpoint)
            )
        )
    }

    func insert(_ runs: [StoreTransfer.RunRow]) throws(StoreError) {
        try run(
            PostgresQuery(
                """
                INSERT INTO jobpass_runs (id, principal, claims, token_sha256, registered, expires, ended)
                SELECT t.id, t.principal, t.claims, t.digest, t.registered, t.expires, t.ended
                FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[])
                    AS t(id, principal, claims, digest, registered, expires, ended)
                """,
                .texts(runs.map(\.id)),
                .texts(runs.map(\.principal)),
                .byteStrings(runs.map(\.claims)),
                .byteStrings(runs.map(\.digest)),
                .integers(runs.map(\.registered)),
                .integers(runs.map(\.expires)),
                .integers(runs.map(\.ended))
            )
        )
    }

    func insert(_ secrets: [StoreTransfer.SecretRow]) throws(StoreError) {
        for secret in secrets {
            try run(
                PostgresQuery(
                    """
                    INSERT INTO jobpass_secrets (context, name, version, created, deleted, sealed, superseded, readable)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                    """,
                    .text(secret.context),
                    .text(secret.name),
                    .integer(secret.version),
                    .integer(secret.created),
                    .integer(secret.deleted),
                    .bytes(secret.sealed),
                    .integer(secret.superseded),
                    .integer(secret.readable)
                )
            )
        }
    }

    func insert(_ items: [StoreTransfer.InventoryRow]) throws(StoreError) {
        for item in items {
            try run(
                PostgresQuery(
                    """
                    INSERT INTO jobpass_inventory (source, place, name, created, updated, listed)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    """,
                    .text(item.source),
                    .text(item.place),
                    .text(item.name),
                    .integer(item.created),
                    .integer(item.updated),
                    .integer(item.listed)
                )
            )
        }
    }

    func insert(_ revocations: [StoreTransfer.RevocationRow]) throws(StoreError) {
        for revocation in revocations {
            try run(
                PostgresQuery(
                    """
                    INSERT INTO jobpass_revocations (id, kind, value, made, until, principal, reason, lifted, changed)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    """,
                    .text(revocation.id),
                    .text(revocation.kind),
                    .text(revocation.value),
                    .integer(revocation.made),
                    .integer(revocation.until),
                    .text(revocation.principal),
                    .text(revocation.reason),
                    .integer(revocation.lifted),
                    .integer(revocation.changed)
                )
            )
        }
        try run(
            PostgresQuery(
                "UPDATE jobpass_revocation_epoch SET epoch = $1 WHERE id = 1",
                .integer(revocations.map(\.changed).max() ?? 0)
            )
        )
    }

    func insert(witnessed note: [UInt8]) throws(StoreError) {
        guard !note.isEmpty else { return }
        try run(PostgresQuery("INSERT INTO jobpass_notes (name, bytes) VALUES ('witnessed', $1)", .bytes(note)))
    }
}
