internal import Ledger
internal import POSIX
internal import SQLite
internal import Time

/// Filling one.
extension SQLiteTransfer {
    func insert(_ entries: [StoredEntry]) throws(StoreError) {
        try call { () throws(SQLiteError) in
            var insert = try connection.prepare("INSERT INTO ledger_entries (position, bytes) VALUES (?1, ?2)")
            for entry in entries {
                try insert.bind(Int64(bitPattern: entry.index), at: 1)
                try insert.bind(entry.bytes, at: 2)
                try insert.run()
            }
        }
    }

    func insert(_ tiles: [Tile]) throws(StoreError) {
        try call { () throws(SQLiteError) in
            var insert = try connection.prepare(
                "INSERT OR REPLACE INTO ledger_tiles (level, number, hashes) VALUES (?1, ?2, ?3)"
            )
            for tile in tiles {
                try insert.bind(Int64(tile.address.level), at: 1)
                try insert.bind(Int64(bitPattern: tile.address.number), at: 2)
                try insert.bind(tile.hashes, at: 3)
                try insert.run()
            }
        }
    }

    func insert(_ head: LedgerHead) throws(StoreError) {
        try call { () throws(SQLiteError) in
            var insert = try connection.prepare(
                "INSERT INTO ledger_head (id, size, time, checkpoint) VALUES (1, ?1, ?2, ?3)"
            )
            try insert.bind(Int64(bitPattern: head.size), at: 1)
            try insert.bind(head.time.milliseconds, at: 2)
            try insert.bind(head.checkpoint, at: 3)
            try insert.run()
        }
    }

    func insert(_ runs: [StoreTransfer.RunRow]) throws(StoreError) {
        try call { () throws(SQLiteError) in
            var insert = try connection.prepare(
                """
                INSERT INTO runs (id, principal, claims, token_sha256, registered, expires, ended)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                """
            )
            for run in runs {
                try insert.bind(run.id, at: 1)
                try insert.bind(run.principal, at: 2)
                try insert.bind(run.claims, at: 3)
                try insert.bind(run.digest, at: 4)
                try insert.bind(run.registered, at: 5)
                try insert.bind(run.expires, at: 6)
                try insert.bind(run.ended, at: 7)
                try insert.run()
            }
        }
    }

    func insert(_ secrets: [StoreTransfer.SecretRow]) throws(StoreError) {
        try call { () throws(SQLiteError) in
            var insert = try connection.prepare(
                """
                INSERT INTO secrets (context, name, version, created, deleted, sealed, superseded, readable)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                """
            )
            for secret in secrets {
                try insert.bind(secret.context, at: 1)
                try insert.bind(secret.name, at: 2)
                try insert.bind(secret.version, at: 3)
                try insert.bind(secret.created, at: 4)
                try insert.bind(secret.deleted, at: 5)
                if let sealed = secret.sealed { try insert.bind(sealed, at: 6) } else { try insert.bindNull(at: 6) }
                try insert.bind(secret.superseded, at: 7)
                try insert.bind(secret.readable, at: 8)
                try insert.run()
            }
        }
    }

    func insert(_ items: [StoreTransfer.InventoryRow]) throws(StoreError) {
        try call { () throws(SQLiteError) in
            var insert = try connection.prepare(
                """
                INSERT INTO inventory (source, place, name, created, updated, listed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                """
            )
            for item in items {
                try insert.bind(item.source, at: 1)
                try insert.bind(item.place, at: 2)
                try insert.bind(item.name, at: 3)
                try insert.bind(item.created, at: 4)
                try insert.bind(item.updated, at: 5)
                try insert.bind(item.listed, at: 6)
                try insert.run()
            }
        }
    }

    func insert(_ revocations: [StoreTransfer.RevocationRow]) throws(StoreError) {
        try call { () throws(SQLiteError) in
            var insert = try connection.prepare(
                """
                INSERT INTO revocations (id, kind, value, made, until, principal, reason, lifted, changed)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                """
            )
            for revocation in revocations {
                try insert.bind(revocation.id, at: 1)
                try insert.bind(revocation.kind, at: 2)
                try insert.bind(revocation.value, at: 3)
                try insert.bind(revocation.made, at: 4)
                try insert.bind(revocation.until, at: 5)
                try insert.bind(revocation.principal, at: 6)
                try insert.bind(revocation.reason, at: 7)
                try insert.bind(revocation.lifted, at: 8)
                try insert.bind(revocation.changed, at: 9)
                try insert.run()
            }
        }
    }

    func insert(witnessed note: [UInt8]) throws(StoreError) {
        guard !note.isEmpty else { return }
        do throws(POSIXError) { try Files.replace("\(location).witnessed", note) } catch {
            throw StoreError(.unavailable, path: location, reason: "\(error)")
        }
    }
}
