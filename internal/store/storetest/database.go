package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store"
)

// Each runs fn on a fresh, migrated database of each kind, in parallel.
// PostgreSQL's is skipped where its programs are absent.
func Each(t *testing.T, fn func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, Postgres(t))
	})
}

// EachEmpty is Each with databases that have no schema.
func EachEmpty(t *testing.T, fn func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, EmptySQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, EmptyPostgres(t))
	})
}

// Open opens the database until the test ends.
func Open(t testing.TB, databaseURL string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), databaseURL, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// The templates are made once per test binary; each test gets a copy, which
// costs less than to migrate it.
var (
	sqliteTemplate   = sync.OnceValues(makeSQLiteTemplate)
	postgresTemplate = sync.OnceValues(makePostgresTemplate)
)

// SQLite returns the address of a fresh, migrated database.
func SQLite(t testing.TB) string {
	t.Helper()
	template, err := sqliteTemplate()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "test.db")
	require.NoError(t, os.WriteFile(path, template, 0o600))
	return "sqlite:" + path
}

// EmptySQLite returns the address of a database that does not exist yet.
func EmptySQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

func makeSQLiteTemplate() (template []byte, err error) {
	dir, err := os.MkdirTemp("", "threatdraft-sqlite-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "template.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func migrate(databaseURL string) (err error) {
	ctx := context.Background()
	s, err := store.Open(ctx, databaseURL, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("open template: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Migrate(ctx)
}

const templateName = "threatdraft_template"

// Postgres returns the address of a fresh, migrated database. Its connections
// end with the test, and another test may get it then: a program that the test
// started has to be stopped by a cleanup of its own.
func Postgres(t testing.TB) string {
	t.Helper()
	server := requireServer(t)
	if os.Getenv(givenServer) != "" {
		// Nothing is left behind on a server that is not ours.
		address := EmptyPostgres(t)
		require.NoError(t, migrate(address))
		return address
	}
	template, err := postgresTemplate()
	require.NoError(t, err)
	address, ok := emptied.take()
	if !ok {
		address = createDatabase(t, server, template)
	}
	t.Cleanup(func() {
		if err := emptyDatabase(address); err != nil {
			t.Logf("a test database is not used again: %v", err)
			return
		}
		emptied.put(address)
	})
	return address
}

// EmptyPostgres returns the address of a fresh database without a schema.
func EmptyPostgres(t testing.TB) string {
	t.Helper()
	server := requireServer(t)
	address := createDatabase(t, server, "template0")
	t.Cleanup(func() { require.NoError(t, dropDatabase(server, address)) })
	return address
}

// emptied holds migrated databases that a test has left, without rows: emptying
// one costs a tenth of copying the template.
var emptied free

type free struct {
	mu        sync.Mutex
	addresses []string
}

func (f *free) take() (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.addresses)
	if n == 0 {
		return "", false
	}
	address := f.addresses[n-1]
	f.addresses = f.addresses[:n-1]
	return address, true
}

func (f *free) put(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.addresses = append(f.addresses, address)
}

// emptyDatabase ends whoever is still connected and deletes all rows but those
// that say which migrations were applied. To switch foreign keys off, one has to
// be a superuser.
func emptyDatabase(address string) (err error) {
	db, err := sqlx.Open("postgres", address)
	if err != nil {
		return fmt.Errorf("open test database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const others = `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`
	if _, err := db.Exec(others); err != nil {
		return fmt.Errorf("end connections: %w", err)
	}
	var tables []string
	const used = `select tablename from pg_tables
		where schemaname = 'public' and tablename not in ('goose_db_version', 'river_migration')`
	if err := db.Select(&tables, used); err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	statements := "set session_replication_role = replica;"
	for _, table := range tables {
		statements += "delete from " + pq.QuoteIdentifier(table) + ";"
	}
	if _, err := db.Exec(statements); err != nil {
		return fmt.Errorf("delete rows: %w", err)
	}
	return nil
}

// requireServer returns the address of the server's maintenance database. It
// skips the test where there is no server to be had, and fails it where
// THREATDRAFT_REQUIRE_POSTGRES=1 says that there has to be one.
func requireServer(t testing.TB) string {
	t.Helper()
	server, err := postgresServer()
	if errors.Is(err, errNoPostgres) && os.Getenv("THREATDRAFT_REQUIRE_POSTGRES") != "1" {
		t.Skipf("skipped on PostgreSQL: %v; install it, or set %s", err, givenServer)
	}
	require.NoError(t, err)
	return server
}

// givenServer names the variable with the address of a server to use instead of
// starting one; its user has to be allowed to create databases.
const givenServer = "THREATDRAFT_TEST_POSTGRES_URL"

// postgresServer is the given server, or one that is started once per test
// binary and stops when that ends.
var postgresServer = sync.OnceValues(func() (string, error) {
	if given := os.Getenv(givenServer); given != "" {
		return given, nil
	}
	return startPostgres()
})

var errNoPostgres = errors.New("no initdb and postgres in PATH or /usr/lib/postgresql")

func makePostgresTemplate() (string, error) {
	server, err := postgresServer()
	if err != nil {
		return "", err
	}
	if err := administer(server, "create database "+templateName+" template template0"); err != nil {
		return "", err
	}
	address, err := inDatabase(server, templateName)
	if err != nil {
		return "", err
	}
	return templateName, migrate(address)
}

// createLock lets one test at a time copy a template: PostgreSQL refuses to
// copy one that another session uses.
var createLock sync.Mutex

func createDatabase(t testing.TB, server, template string) string {
	t.Helper()
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	createLock.Lock()
	err := administer(server, "create database "+pq.QuoteIdentifier(name)+" template "+pq.QuoteIdentifier(template))
	createLock.Unlock()
	require.NoError(t, err)
	address, err := inDatabase(server, name)
	require.NoError(t, err)
	return address
}

func dropDatabase(server, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("read database address: %w", err)
	}
	return administer(server, "drop database "+pq.QuoteIdentifier(strings.TrimPrefix(u.Path, "/"))+" with (force)")
}

func administer(server, statement string) (err error) {
	db, err := sqlx.Open("postgres", server)
	if err != nil {
		return fmt.Errorf("open server: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Exec(statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func inDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("read server address: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}
