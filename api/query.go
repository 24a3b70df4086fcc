package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// query reads the parameters of a request and collects what is wrong with them.
type query struct {
	values map[string][]string
	bad    []stride.Field
}

// readQuery refuses parameters that are not among the known ones: a filter with
// a slip of the pen must not answer with everything.
func readQuery(c *gin.Context, known ...string) *query {
	return newQuery(c.Request.URL.Query(), known...)
}

func newQuery(values url.Values, known ...string) *query {
	q := &query{values: values}
	for name, values := range q.values {
		if !slices.Contains(known, name) {
			q.add(name, "is no parameter here; known are "+strings.Join(known, ", "))
		}
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				q.add(name, "must be UTF-8 without NUL")
			}
		}
	}
	slices.SortFunc(q.bad, func(a, b stride.Field) int { return strings.Compare(a.Field, b.Field) })
	return q
}

func (q *query) add(field, msg string) {
	q.bad = append(q.bad, stride.Field{Field: field, Message: msg})
}

func (q *query) err() error {
	if q.bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the query is not valid", Fields: q.bad}
}

// text returns the single value of a parameter.
func (q *query) text(name string) string {
	switch values := q.values[name]; len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	q.add(name, "must stand once")
	return ""
}

// flag returns true, false, or nil where the parameter is missing.
func (q *query) flag(name string) *bool {
	switch q.text(name) {
	case "":
		return nil
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	q.add(name, "must be true or false")
	return nil
}

// moment returns a time, or nil where the parameter is missing.
func (q *query) moment(name string) *time.Time {
	text := q.text(name)
	if text == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			t = t.UTC()
			return &t
		}
	}
	q.add(name, "must be a time as of RFC 3339, or a date")
	return nil
}

// words returns all values of a parameter, repeated or separated by commas, each
// of which must be valid.
func words[T ~string](q *query, name string, valid func(T) bool) []T {
	var out []T
	for _, value := range q.values[name] {
		for _, w := range strings.Split(value, ",") {
			w := T(strings.TrimSpace(w))
			if w == "" {
				continue
			}
			if !valid(w) {
				q.add(name, fmt.Sprintf("%q is no known value", string(w)))
				continue
			}
			out = append(out, w)
		}
	}
	return out
}

// filter is a digest of what the query asks for, the paging aside.
func (q *query) filter() string {
	asked := make(url.Values, len(q.values))
	for name, values := range q.values {
		if name != "cursor" && name != "limit" {
			asked[name] = values
		}
	}
	sum := sha256.Sum256([]byte(asked.Encode()))
	return hex.EncodeToString(sum[:6])
}

// page reads limit and cursor.
func (q *query) page() analysis.Page {
	p := analysis.Page{Limit: analysis.DefaultLimit}
	if text := q.text("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > analysis.MaxLimit {
			q.add("limit", fmt.Sprintf("must be 1 to %d", analysis.MaxLimit))
		} else {
			p.Limit = n
		}
	}
	if text := q.text("cursor"); text != "" {
		cursor, err := decodeCursor(text, q.filter())
		var e *stride.Error
		if errors.As(err, &e) {
			q.bad = append(q.bad, e.Fields...)
		}
		p.After = cursor
	}
	return p
}
