// Package metrics holds the formulas of the numbers that threatdraft reports,
// as pure functions over counts, sums and quantiles.
//
// It exists so that each number has one definition, written in the doc comment
// of its type in report.go, that can be tested without a database. Storage
// gathers Facts with set-based SQL; Compute turns them into a Report. Every
// number is as of a moment: what a project, a version or a threat was then is
// read from its history, never from a column that may have moved since.
//
// It reads no clock and does no I/O. Its seams are Window and Facts, which
// storage fills, and Report, which the edge renders as JSON. The sub-package
// reference works the same Facts out of raw events, slowly, for tests.
package metrics

import (
	"math"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// FreshFor is how long a completed threat model keeps its project fresh.
const FreshFor = 365 * 24 * time.Hour

// Window says of which moment, and over which time, to report. AsOf includes
// what happened at that microsecond. The window is [From, To); a bound that is
// nil is open, and nothing after AsOf is ever seen. Bounds count in whole
// microseconds, as storage does.
type Window struct {
	AsOf time.Time
	From *time.Time
	To   *time.Time
}

// Validate returns Invalid, naming the field by its name in a request, where
// AsOf is missing or From is not before To.
func (w Window) Validate() error {
	if w.AsOf.IsZero() {
		return stride.InvalidField("as_of", "is missing")
	}
	if w.From != nil && w.To != nil && w.From.UnixMicro() >= w.To.UnixMicro() {
		return stride.InvalidField("from", "is not before to")
	}
	return nil
}

// Happened reports whether t is at or before AsOf.
func (w Window) Happened(t time.Time) bool { return t.UnixMicro() <= w.AsOf.UnixMicro() }

// Holds reports whether t is within [From, To) and at or before AsOf.
func (w Window) Holds(t time.Time) bool {
	at := t.UnixMicro()
	return w.Happened(t) &&
		(w.From == nil || at >= w.From.UnixMicro()) &&
		(w.To == nil || at < w.To.UnixMicro())
}

// Bounds returns the window in microseconds, cut at AsOf: [from, to).
func (w Window) Bounds() (from, to int64) {
	from, to = math.MinInt64, w.AsOf.UnixMicro()+1
	if w.From != nil {
		from = w.From.UnixMicro()
	}
	if w.To != nil {
		to = min(to, w.To.UnixMicro())
	}
	return from, to
}

// FreshSince is the earliest completion that still counts as fresh.
func (w Window) FreshSince() time.Time { return w.AsOf.Add(-FreshFor) }
