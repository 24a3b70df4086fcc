package storetest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

// executor is a database or a transaction.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Tamper runs the statements where no trigger keeps events and decisions, as
// somebody with the database's password could. On SQLite they are unguarded for
// good.
func Tamper(t testing.TB, dialect string, db executor, statements ...string) {
	t.Helper()
	run := func(statement string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	if dialect == "postgres" {
		for _, statement := range statements {
			run("set session_replication_role = replica; " + statement + "; set session_replication_role = default")
		}
		return
	}
	for _, trigger := range []string{
		"events_kept_from_update", "events_kept_from_delete", "decisions_kept_from_update", "decisions_undone_once", "decisions_kept_from_delete",
	} {
		run("drop trigger if exists " + trigger)
	}
	for _, statement := range statements {
		run(statement)
	}
}
