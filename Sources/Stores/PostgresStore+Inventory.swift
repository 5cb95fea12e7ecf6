internal import Postgres
package import Secrets
internal import Time

extension PostgresStore {
    /// As `SecretStorage` promises.
    package func inventory() throws(SecretsError) -> [InventoryItem] {
        let rows = try readSecrets { connection throws(PostgresError) in
            try connection.run(
                PostgresQuery(
                    """
                    SELECT source, place, name, created, updated, listed FROM jobpass_inventory
                    ORDER BY source, place, name
                    """
                )
            )
        }
        var items: [InventoryItem] = []
        for place in 0..<rows.count { items.append(try InventoryItem(rows[place])) }
        return items
    }

    /// As `SecretStorage` promises.
    package func list(_ items: [InventoryItem], of source: String, replacing: Bool) throws(SecretsError) {
        try changeSecrets { connection throws(PostgresError) in
            if replacing {
                _ = try connection.run(
                    PostgresQuery("DELETE FROM jobpass_inventory WHERE source = $1", .text(source))
                )
            }
            for item in items {
                _ = try connection.run(
                    PostgresQuery(
                        """
                        INSERT INTO jobpass_inventory (source, place, name, created, updated, listed)
                        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (source, place, name) DO UPDATE SET
                        created = excluded.created, updated = excluded.updated, listed = excluded.listed
                        """,
                        .text(item.source),
                        .text(item.place),
                        .text(item.name),
                        .integer(item.created?.milliseconds),
                        .integer(item.updated?.milliseconds),
                        .integer(item.listed.milliseconds)
                    )
                )
            }
            return true
        }
    }
}

extension InventoryItem {
    fileprivate init(_ row: PostgresRow) throws(SecretsError) {
        let texts: [String]
        let times: [UnixTime?]
        let listed: UnixTime
        do throws(PostgresError) {
            texts = [try row.text(at: 0), try row.text(at: 1), try row.text(at: 2)]
            times = [try row.time(at: 3), try row.time(at: 4)]
            listed = UnixTime(milliseconds: try row.integer(at: 5))
        } catch {
            throw SecretsError(.damaged, "\(error)")
        }
        try self.init(
            source: texts[0],
            place: texts[1],
            name: texts[2],
            created: times[0],
            updated: times[1],
            listed: listed
        )
    }
}
