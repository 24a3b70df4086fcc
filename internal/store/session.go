package store

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// session runs statements, in a transaction or outside of one. All SQL of this
// package goes through its four methods, which write `?` as the database wants
// it, refuse text that only one of the databases would take, and translate
// errors.
type session struct {
	ext     sqlx.ExtContext
	dialect dialect
}

// get reads one row into dest; sql.ErrNoRows where there is none.
func (s session) get(ctx context.Context, dest any, query string, args ...any) error {
	if err := checkText(args); err != nil {
		return err
	}
	return translate(ctx, sqlx.GetContext(ctx, s.ext, dest, s.ext.Rebind(query), args...))
}

// list reads all rows into dest, a pointer to a slice.
func (s session) list(ctx context.Context, dest any, query string, args ...any) error {
	if err := checkText(args); err != nil {
		return err
	}
	return translate(ctx, sqlx.SelectContext(ctx, s.ext, dest, s.ext.Rebind(query), args...))
}

// exec returns how many rows it changed.
func (s session) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := checkText(args); err != nil {
		return 0, err
	}
	result, err := s.ext.ExecContext(ctx, s.ext.Rebind(query), args...)
	if err != nil {
		return 0, translate(ctx, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("count changed rows: %w", err)
	}
	return n, nil
}

// execRow is exec with the `:name` parameters of a row, a struct with db tags.
func (s session) execRow(ctx context.Context, query string, row any) (int64, error) {
	query, args, err := sqlx.Named(query, row)
	if err != nil {
		return 0, fmt.Errorf("bind row: %w", err)
	}
	return s.exec(ctx, query, args...)
}

// checkText returns Invalid for text with a NUL or that is not UTF-8:
// PostgreSQL refuses both, SQLite would store them.
func checkText(args []any) error {
	for _, arg := range args {
		v := reflect.ValueOf(arg)
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		if v.Kind() != reflect.String {
			continue
		}
		if text := v.String(); strings.IndexByte(text, 0) >= 0 {
			return stride.Errorf(stride.Invalid, "a text has a NUL character, which cannot be stored")
		} else if !utf8.ValidString(text) {
			return stride.Errorf(stride.Invalid, "a text is not valid UTF-8")
		}
	}
	return nil
}
