// Package store keeps everything that outlives a request, in SQLite or in
// PostgreSQL.
//
// It implements the small interfaces that internal/analysis declares, one file
// per noun, in plain SQL that both databases understand; what they do not share
// stands in dialect.go, and what they say when something is wrong is read in
// errors.go alone. It decides nothing about who may do what and knows no HTTP.
//
// The seams are Store, whose methods read, and Tx, whose methods change: every
// change goes through inTx (tx.go). Jobs are inserted in the transaction of what
// they belong to; internal/jobs works them through WriterDB.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Options tune a Store; the zero value is good.
type Options struct {
	// Logger is nil for none.
	Logger *slog.Logger
	// MaxConns bounds PostgreSQL's pool and SQLite's pool of readers; 0 is 10.
	MaxConns int
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	session // reads

	writer *sqlx.DB
	reader *sqlx.DB
	jobs   *river.Client[*sql.Tx]
	log    *slog.Logger
	// address is what the driver was given; migrations open a connection of
	// their own with it.
	address string
}

// Open opens the database at "sqlite:PATH" or "postgres://...". It creates a
// missing SQLite file, and no schema: that is Migrate's. Invalid for an address
// that it cannot read, Unavailable where nothing answers.
func Open(ctx context.Context, databaseURL string, opts Options) (*Store, error) {
	d, address, err := parseURL(databaseURL)
	if err != nil {
		return nil, err
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.MaxConns <= 0 {
		opts.MaxConns = 10
	}
	s := &Store{log: opts.Logger, address: address}
	s.writer, s.reader, err = d.open(address, opts.MaxConns)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s.session = session{ext: s.reader, dialect: d}
	s.jobs, err = river.NewClient(d.jobs(nil), &river.Config{Logger: opts.Logger})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make job inserter: %w", err), s.Close())
	}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect makes the first connection of each pool, the writer's first: it makes
// a SQLite file and sets its journal mode, for which SQLite does not wait when
// another process is doing the same.
func (s *Store) connect(ctx context.Context) error {
	const attempts = 50
	for attempt := 1; ; attempt++ {
		err := s.writer.PingContext(ctx)
		if err == nil {
			break
		}
		if !isTransient(err) || attempt == attempts {
			return &stride.Error{Kind: stride.Unavailable, Message: fmt.Sprintf("the database does not answer: %v", err)}
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return s.Ping(ctx)
}

// Ping returns Unavailable where the database does not answer.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.reader.PingContext(ctx); err != nil {
		return &stride.Error{Kind: stride.Unavailable, Message: fmt.Sprintf("the database does not answer: %v", err)}
	}
	return nil
}

// Close ends all connections.
func (s *Store) Close() error {
	if s.reader == s.writer {
		return s.writer.Close()
	}
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// WriterDB is the pool that River works on. On SQLite it is a single
// connection, so that writers wait in line instead of failing as busy.
func (s *Store) WriterDB() *sql.DB { return s.writer.DB }

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.dialect.name }

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
