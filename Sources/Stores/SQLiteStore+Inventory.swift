internal import SQLite
package import Secrets
internal import Time

extension SQLiteStore {
    /// As `SecretStorage` promises.
    package func inventory() throws(SecretsError) -> [InventoryItem] {
        let rows = try readSecrets { connection throws(SQLiteError) in
            var select = try connection.prepare(
                "SELECT source, place, name, created, updated, listed FROM inventory ORDER BY source, place, name"
            )
            var rows: [(texts: [String], times: [UnixTime?], listed: Int64)] = []
            while try select.step() {
                rows.append(
                    (
                        [try select.text(at: 0), try select.text(at: 1), try select.text(at: 2)],
                        [try select.time(at: 3), try select.time(at: 4)],
                        try select.integer(at: 5)
                    )
                )
            }
            return rows
        }
        var items: [InventoryItem] = []
        for row in rows {
            items.append(
                try InventoryItem(
                    source: row.texts[0],
                    place: row.texts[1],
                    name: row.texts[2],
                    created: row.times[0],
                    updated: row.times[1],
                    listed: UnixTime(milliseconds: row.listed)
                )
            )
        }
        return items
    }

    /// As `SecretStorage` promises.
    package func list(_ items: [InventoryItem], of source: String, replacing: Bool) throws(SecretsError) {
        try changeSecrets { connection throws(SQLiteError) in
            if replacing {
                var delete = try connection.prepare("DELETE FROM inventory WHERE source = ?1")
                try delete.bind(source, at: 1)
                try delete.run()
            }
            var insert = try connection.prepare(
                """
                INSERT INTO inventory (source, place, name, created, updated, listed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT DO UPDATE SET created = excluded.created, updated = excluded.updated, listed = excluded.listed
                """
            )
            for item in items {
                try insert.bind(item.source, at: 1)
                try insert.bind(item.place, at: 2)
                try insert.bind(item.name, at: 3)
                try insert.bind(item.created?.milliseconds, at: 4)
                try insert.bind(item.updated?.milliseconds, at: 5)
                try insert.bind(item.listed.milliseconds, at: 6)
                try insert.run()
            }
            return true
        }
    }
}
