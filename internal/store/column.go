package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// jsonOf is a column that holds a value as JSON text. A nil value is "null".
type jsonOf[T any] struct{ V T }

// Value implements driver.Valuer. Invalid where a text within has a NUL.
func (j jsonOf[T]) Value() (driver.Value, error) {
	body, err := json.Marshal(j.V)
	if err != nil {
		return nil, fmt.Errorf("encode column: %w", err)
	}
	if hasEscapedNUL(body) {
		return nil, stride.Errorf(stride.Invalid, "a text has a NUL character, which cannot be stored")
	}
	return string(body), nil
}

// Scan implements sql.Scanner.
func (j *jsonOf[T]) Scan(src any) error {
	var body []byte
	switch v := src.(type) {
	case string:
		body = []byte(v)
	case []byte:
		body = v
	default:
		return fmt.Errorf("decode column: %T is not text", src)
	}
	if err := json.Unmarshal(body, &j.V); err != nil {
		return fmt.Errorf("decode column: %w", err)
	}
	return nil
}

// jsonOrNull is jsonOf for a column that is null where there is no value.
type jsonOrNull[T any] struct{ V *T }

// Value implements driver.Valuer.
func (j jsonOrNull[T]) Value() (driver.Value, error) {
	if j.V == nil {
		return nil, nil
	}
	return jsonOf[T]{*j.V}.Value()
}

// Scan implements sql.Scanner.
func (j *jsonOrNull[T]) Scan(src any) error {
	if src == nil {
		j.V = nil
		return nil
	}
	var value jsonOf[T]
	if err := value.Scan(src); err != nil {
		return err
	}
	j.V = &value.V
	return nil
}

// hasEscapedNUL reports whether JSON text has the escape \u0000, as opposed to
// an escaped backslash before u0000.
func hasEscapedNUL(body []byte) bool {
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		if len(body) >= i+6 && string(body[i:i+6]) == `\u0000` {
			return true
		}
		i++ // what is escaped is no backslash of its own
	}
	return false
}

// Times are stored as microseconds since the Unix epoch and read as UTC.

func micros(t time.Time) int64 { return t.UnixMicro() }

func microsOrNull(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

func instant(us int64) time.Time { return time.UnixMicro(us).UTC() }

func instantOrNil(us *int64) *time.Time {
	if us == nil {
		return nil
	}
	t := instant(*us)
	return &t
}

// textOrNull stores "" as null, where a foreign key or a unique column wants it.
func textOrNull[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}

func textOrEmpty[T ~string](s *string) T {
	if s == nil {
		return ""
	}
	return T(*s)
}

// flag is 1 for true: SQLite has no booleans.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
