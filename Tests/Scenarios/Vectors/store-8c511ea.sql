-- What 'jobpass init' of commit 8c511ea made of a SQLite file: version 2.
CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    identity BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE TABLE ledger_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL,
    time INTEGER NOT NULL,
    checkpoint BLOB NOT NULL
) STRICT;
CREATE TABLE ledger_entries (
    position INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE ledger_tiles (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, number)
) STRICT;
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    principal TEXT NOT NULL,
    claims BLOB NOT NULL,
    token_sha256 BLOB NOT NULL UNIQUE,
    registered INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    ended INTEGER
) STRICT;
CREATE INDEX runs_by_expiry ON runs (expires);
CREATE TABLE secrets (
    context TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    deleted INTEGER,
    sealed BLOB,
    superseded INTEGER,
    readable INTEGER,
    PRIMARY KEY (context, name, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE inventory (
    source TEXT NOT NULL,
    place TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER,
    updated INTEGER,
    listed INTEGER NOT NULL,
    PRIMARY KEY (source, place, name)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1246778196;
PRAGMA user_version = 2;
