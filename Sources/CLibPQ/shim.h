// PostgreSQL's client library, 14 or newer (pipeline mode).
#pragma once
#include <libpq-fe.h>

// The field codes are macros of character constants, which Swift does not import.
enum { cove_pg_sqlstate = PG_DIAG_SQLSTATE, cove_pg_message = PG_DIAG_MESSAGE_PRIMARY, cove_pg_detail = PG_DIAG_MESSAGE_DETAIL };
