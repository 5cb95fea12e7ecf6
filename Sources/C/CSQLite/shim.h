#pragma once
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast of -1 to a function pointer, which Swift does not import.
static inline sqlite3_destructor_type csqlite_transient(void) { return SQLITE_TRANSIENT; }

// sqlite3_db_config is variadic; the settings we use take an int and give back the value in force.
static inline int csqlite_db_config_int(sqlite3 *db, int setting, int value) {
    int in_force = 0;
    return sqlite3_db_config(db, setting, value, &in_force);
}
