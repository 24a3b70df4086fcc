package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"modernc.org/sqlite"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// dialect holds every difference between the two databases.
type dialect struct {
	// name is also the folder of its migrations.
	name  string
	goose goose.Dialect
	// lockRow ends a select that locks its rows until the transaction ends. It
	// does not stand in the way of foreign keys. SQLite has one writer anyway.
	lockRow string
	// skipLocked ends a select that locks the row of s that it finds, and passes over
	// those that others have locked.
	skipLocked string
	// matchWords selects the suggestions whose words match a query, which wordQuery
	// makes: all of the words, each as the beginning of one.
	matchWords string
	wordQuery  func(words []string) string
	// lockLedger is a statement that holds back its like until the transaction ends,
	// "" where there is one writer anyway.
	lockLedger string
	// anyOf is a condition with two parts to fill in: a column that holds a JSON
	// array of strings, and the value that one of them has to equal.
	anyOf string
	// fetchedAt is when a job of the queue was fetched last, in microseconds.
	fetchedAt string
	// tableExists counts the tables of a name.
	tableExists string

	open func(address string, maxConns int) (writer, reader *sqlx.DB, err error)
	jobs func(db *sql.DB) riverdriver.Driver[*sql.Tx]
	// lock holds back every other process that wants to migrate; unlock is nil
	// where err is not.
	lock func(ctx context.Context, address string) (unlock func() error, err error)
}

func sqliteDialect() dialect {
	return dialect{
		name:        "sqlite",
		goose:       goose.DialectSQLite3,
		matchWords:  "select t.suggestion_id from suggestion_words join suggestion_texts t on t.id = suggestion_words.rowid where suggestion_words match ?",
		wordQuery:   func(words []string) string { return `"` + strings.Join(words, `" * "`) + `" *` },
		anyOf:       "exists (select 1 from json_each(%s) where value = ?)",
		fetchedAt:   "cast(unixepoch(j.attempted_at, 'subsec') * 1000000 as integer)",
		tableExists: "select count(*) from sqlite_master where type = 'table' and name = ?",
		open:        openSQLite,
		jobs:        func(db *sql.DB) riverdriver.Driver[*sql.Tx] { return riversqlite.New(db) },
		lock:        lockFile,
	}
}

func postgresDialect() dialect {
	return dialect{
		name:        "postgres",
		goose:       goose.DialectPostgres,
		lockRow:     " for no key update",
		skipLocked:  " for no key update of s skip locked",
		matchWords:  "select suggestion_id from suggestion_texts where search @@ to_tsquery('simple', ?)",
		wordQuery:   func(words []string) string { return `'` + strings.Join(words, `':* & '`) + `':*` },
		lockLedger:  "select pg_advisory_xact_lock(hashtext('threatdraft.llm_calls'))",
		anyOf:       "exists (select 1 from json_array_elements_text(%s::json) as each (value) where each.value = ?)",
		fetchedAt:   "cast(extract(epoch from j.attempted_at) * 1000000 as bigint)",
		tableExists: "select count(*) from pg_catalog.pg_tables where schemaname = current_schema() and tablename = ?",
		open:        openPostgres,
		jobs:        func(db *sql.DB) riverdriver.Driver[*sql.Tx] { return riverdatabasesql.New(db) },
		lock:        lockAdvisory,
	}
}

// parseURL returns the dialect and what its driver wants to be told.
func parseURL(databaseURL string) (dialect, string, error) {
	path, isSQLite := strings.CutPrefix(databaseURL, "sqlite:")
	switch {
	case isSQLite && strings.Contains(path, ":memory:"):
		return dialect{}, "", stride.InvalidField("database_url",
			"must name a file: readers and jobs use connections of their own, which a database in memory does not share")
	case isSQLite:
		path = strings.TrimPrefix(path, "//")
		if path == "" {
			return dialect{}, "", stride.InvalidField("database_url", "lacks the path of the file: sqlite:PATH")
		}
		return sqliteDialect(), filepath.Clean(path), nil
	case strings.HasPrefix(databaseURL, "postgres://"), strings.HasPrefix(databaseURL, "postgresql://"):
		if _, err := pq.NewConnector(databaseURL); err != nil {
			// The driver's words may repeat the password.
			return dialect{}, "", stride.InvalidField("database_url", "is not an address that PostgreSQL understands")
		}
		return postgresDialect(), databaseURL, nil
	}
	return dialect{}, "", stride.InvalidField("database_url", "must begin with sqlite: or postgres://")
}

// openSQLite opens one writing connection, which River shares, and a pool of
// readers that cannot write. busy_timeout comes first, since what follows may
// have to wait; a transaction takes the write lock when it begins, since one
// that reads first could not be granted it later.
func openSQLite(path string, maxConns int) (writer, reader *sqlx.DB, err error) {
	// The file holds designs and the hashes of tokens; SQLite would let everybody
	// read it. Its journals get the same permissions.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, stride.Errorf(stride.Unavailable, "the database file cannot be opened: %v", err)
	}
	if err := f.Close(); err != nil {
		return nil, nil, fmt.Errorf("close database file: %w", err)
	}
	open := func(conns int, query string) (*sqlx.DB, error) {
		name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query}).String()
		connector, err := sqlite.NewConnector(name)
		if err != nil {
			return nil, fmt.Errorf("read sqlite address: %w", err)
		}
		db := sql.OpenDB(connector)
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
		return sqlx.NewDb(db, "sqlite3"), nil
	}
	const common = "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
	if writer, err = open(1, common+"&_pragma=journal_mode(wal)&_txlock=immediate"); err != nil {
		return nil, nil, err
	}
	if reader, err = open(maxConns, common+"&_pragma=query_only(1)"); err != nil {
		return nil, nil, err
	}
	return writer, reader, nil
}

// openPostgres opens one pool for all.
func openPostgres(address string, maxConns int) (writer, reader *sqlx.DB, err error) {
	bounded, err := withTimeouts(address)
	if err != nil {
		return nil, nil, err
	}
	connector, err := pq.NewConnector(bounded)
	if err != nil {
		return nil, nil, fmt.Errorf("read postgres address: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	pool := sqlx.NewDb(db, "postgres")
	return pool, pool, nil
}

// withTimeouts bounds, unless the operator has, how long the server waits for a
// lock, and for a process that has stopped within a transaction: its rows would
// be locked for everybody else. In milliseconds.
func withTimeouts(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", stride.InvalidField("database_url", "is not an address that PostgreSQL understands")
	}
	query := u.Query()
	for name, ms := range map[string]string{"lock_timeout": "10000", "idle_in_transaction_session_timeout": "15000"} {
		if !query.Has(name) {
			query.Set(name, ms)
		}
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}
