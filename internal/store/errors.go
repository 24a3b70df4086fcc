package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lib/pq"
	"modernc.org/sqlite"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// class is what a driver's error means to us.
type class int

const (
	classOther class = iota
	classUnique
	classTransient // the same transaction may succeed when it is run again
	classInvalidText
	classTooLarge
	classUnavailable
)

// postgresClasses reads SQLSTATE.
// Source: PostgreSQL 15 documentation, appendix A.
var postgresClasses = map[string]class{
	"23505": classUnique,
	"40001": classTransient, // serialization failure
	"40P01": classTransient, // deadlock
	"55P03": classTransient, // lock not available
	"22021": classInvalidText,
	"22P05": classInvalidText,
	"54000": classTooLarge,
	"53300": classUnavailable, // too many connections
	"57P01": classUnavailable, // shutting down
	"57P02": classUnavailable,
	"57P03": classUnavailable, // starting up
}

// sqliteClasses reads the extended result code, then the primary one, which is
// its low byte. Source: sqlite.org/rescode.html.
var sqliteClasses = map[int]class{
	1555: classUnique,    // primary key
	2067: classUnique,    // unique
	5:    classTransient, // busy
	6:    classTransient, // locked
	13:   classUnavailable,
	18:   classTooLarge,
}

func classify(err error) class {
	var p *pq.Error
	if errors.As(err, &p) {
		return postgresClasses[string(p.Code)]
	}
	var l *sqlite.Error
	if errors.As(err, &l) {
		if c, ok := sqliteClasses[l.Code()]; ok {
			return c
		}
		return sqliteClasses[l.Code()&0xff]
	}
	return classOther
}

// isTransient reports whether the transaction that gave err is worth another try.
func isTransient(err error) bool { return classify(err) == classTransient }

// translate makes a driver's error one of ours where its reader can act on it.
// Transient ones stay as they are, for inTx to see.
func translate(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) || stride.KindOf(err) != "" {
		return err
	}
	// A driver says in its own words that a context ended ("interrupted",
	// "transaction has already been rolled back"); callers ask for the context's.
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	switch classify(err) {
	case classUnique:
		return stride.Errorf(stride.Conflict, "it exists already")
	case classInvalidText:
		return stride.Errorf(stride.Invalid, "a text has bytes that cannot be stored")
	case classTooLarge:
		return stride.Errorf(stride.TooLarge, "it is more than the database can hold in one place")
	case classUnavailable:
		return stride.Errorf(stride.Unavailable, "the database does not answer")
	}
	return err
}

// missing turns "no rows" into NotFound about the noun.
func missing(err error, noun string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return stride.Errorf(stride.NotFound, "no such %s", noun)
	}
	return err
}
