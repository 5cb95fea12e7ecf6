#pragma once
#include <libpq-fe.h>

// The fields of an error are named by character constants, which Swift does not import as such.
static inline const char *cpq_sqlstate(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_SQLSTATE); }
static inline const char *cpq_message(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY); }

// libpq would print the server's notices to standard error.
static inline void cpq_ignore(void *nothing, const PGresult *notice) { (void)nothing; (void)notice; }
static inline void cpq_ignore_notices(PGconn *connection) { PQsetNoticeReceiver(connection, cpq_ignore, 0); }
