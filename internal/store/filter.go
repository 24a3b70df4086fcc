package store

import (
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// filter collects the conditions of a list and their arguments.
type filter struct {
	conditions []string
	args       []any
	err        error
}

// where adds a condition. An argument that is a slice, which must not be empty,
// stands for one `?` in parentheses.
func (f *filter) where(condition string, args ...any) {
	query, expanded, err := sqlx.In(condition, args...)
	if err != nil {
		f.err = fmt.Errorf("bind %q: %w", condition, err)
		return
	}
	f.conditions = append(f.conditions, query)
	f.args = append(f.args, expanded...)
}

// equals adds "column = value" unless the value is empty.
func equals[T ~string](f *filter, column string, value T) {
	if value != "" {
		f.where(column+" = ?", value)
	}
}

// oneOf adds "column in (values)" unless there are none.
func oneOf[T ~string](f *filter, column string, values []T) {
	if len(values) > 0 {
		f.where(column+" in (?)", values)
	}
}

// within keeps what lies in the reach.
func (f *filter) within(column string, reach stride.Reach) {
	switch {
	case reach.All:
	case len(reach.Projects) == 0:
		f.where("1 = 0")
	default:
		f.where(column+" in (?)", reach.Projects)
	}
}

// contains keeps rows whose column has the text as a part. Both sides are
// already folded.
func (f *filter) contains(column, text string) {
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	f.where(column+` like ? escape '\'`, "%"+escape.Replace(text)+"%")
}

// sql returns " where ...", or "".
func (f *filter) sql() string {
	if len(f.conditions) == 0 {
		return ""
	}
	return " where " + strings.Join(f.conditions, " and ")
}

// order is how a list is sorted: by a number that never changes, with the id
// breaking ties, or by the id alone. Its name goes into cursors.
type order struct {
	name string
	// key is the column of Cursor.Key, "" to sort by id alone.
	key           string
	keyDescending bool
	// id is the column of Cursor.ID.
	id           string
	idDescending bool
}

// after keeps the rows behind the cursor, in a form that an index of the order
// begins at, wherever the cursor is: a comparison of rows where key and id go the
// same way, else a bound on the key. Invalid for a cursor of another order.
func (f *filter) after(o order, c *analysis.Cursor) error {
	if c == nil {
		return nil
	}
	if c.Sort != o.name {
		return stride.InvalidField("cursor", "belongs to a list in another order")
	}
	behindID := o.id + behind(o.idDescending)
	if o.key == "" {
		f.where(behindID, c.ID)
		return nil
	}
	if o.keyDescending == o.idDescending {
		f.where(fmt.Sprintf("(%s, %s)%s", o.key, o.id, strings.Replace(behind(o.idDescending), "?", "(?, ?)", 1)), c.Key, c.ID)
		return nil
	}
	upTo := strings.Replace(behind(o.keyDescending), " ?", "= ?", 1)
	f.where(fmt.Sprintf("%s%s and (%s%s or %s)", o.key, upTo, o.key, behind(o.keyDescending), behindID), c.Key, c.Key, c.ID)
	return nil
}

func behind(descending bool) string {
	if descending {
		return " < ?"
	}
	return " > ?"
}

// sql returns " order by ... limit ?".
func (o order) sql() string {
	by := o.id
	if o.idDescending {
		by += " desc"
	}
	switch {
	case o.key != "" && o.keyDescending:
		by = o.key + " desc, " + by
	case o.key != "":
		by = o.key + ", " + by
	}
	return " order by " + by + " limit ?"
}

// pageSize is the page's limit, within bounds.
func pageSize(p analysis.Page) int {
	if p.Limit <= 0 {
		return analysis.DefaultLimit
	}
	return min(p.Limit, analysis.MaxLimit)
}

// listing cuts the row that was read beyond the page, whose being there says
// that there is a next one.
func listing[R, T any](rows []R, size int, item func(R) T, cursor func(R) analysis.Cursor) analysis.Listing[T] {
	out := analysis.Listing[T]{Items: make([]T, 0, min(len(rows), size))}
	if len(rows) > size {
		rows = rows[:size]
		last := cursor(rows[size-1])
		out.Next = &last
	}
	for _, r := range rows {
		out.Items = append(out.Items, item(r))
	}
	return out
}
