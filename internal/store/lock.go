package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lib/pq"
)

// advisoryKey is our number among PostgreSQL's advisory locks: "threatdr".
const advisoryKey int64 = 0x7468726561746472

// lockAdvisory takes an advisory lock on a connection of its own: were it one
// of the pool's, waiting replicas could hold all that the migration needs.
func lockAdvisory(ctx context.Context, address string) (func() error, error) {
	connector, err := pq.NewConnector(address)
	if err != nil {
		return nil, fmt.Errorf("read postgres address: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect for the migration lock: %w", err), db.Close())
	}
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock($1)", advisoryKey); err != nil {
		return nil, errors.Join(fmt.Errorf("take the migration lock: %w", err), conn.Close(), db.Close())
	}
	// The lock ends with its session.
	return func() error { return errors.Join(conn.Close(), db.Close()) }, nil
}

// lockFile locks PATH.lock, which stays behind: removing it would let two
// processes hold locks on two files of that name.
func lockFile(ctx context.Context, path string) (func() error, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the migration lock: %w", err)
	}
	for {
		held, err := tryLock(f)
		if err == nil && held {
			return f.Close, nil // closing unlocks
		}
		if err == nil {
			err = pause(ctx, 20*time.Millisecond)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("take the migration lock: %w", err), f.Close())
		}
	}
}
