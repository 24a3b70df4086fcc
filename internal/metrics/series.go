package metrics

import (
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// SeriesStep is how much time a point of a series is about.
type SeriesStep string

const (
	Daily   SeriesStep = "day"
	Weekly  SeriesStep = "week" // from Monday on
	Monthly SeriesStep = "month"
)

// SeriesSteps lists them.
func SeriesSteps() []SeriesStep { return []SeriesStep{Daily, Weekly, Monthly} }

// MaxPoints bounds a series.
const MaxPoints = 400

// Series cuts a window into the windows of its points, oldest first: days, weeks
// from Monday, or months, by the calendar of UTC. The first and the last one are
// as short as the window makes them. Each is as of its own end, the microsecond
// before the next one begins, so that what happens later does not change it; what
// would begin after AsOf is left out, and the point that holds AsOf is as of then.
// Invalid where From is missing, or for more than MaxPoints.
func Series(w Window, step SeriesStep) ([]Window, error) {
	if w.From == nil {
		return nil, stride.InvalidField("from", "is missing: a series has to begin somewhere")
	}
	end := w.AsOf.Add(time.Microsecond)
	if w.To != nil && w.To.Before(end) {
		end = *w.To
	}
	var out []Window
	for begin := *w.From; begin.Before(end); {
		from, to := begin, step.next(begin)
		if to.After(end) {
			to = end
		}
		if len(out) == MaxPoints {
			return nil, stride.InvalidField("series", "has more than %d points; ask for longer steps or less time", MaxPoints)
		}
		out = append(out, Window{AsOf: to.Add(-time.Microsecond), From: &from, To: &to})
		begin = to
	}
	return out, nil
}

// next returns the beginning of the next day, week or month.
func (s SeriesStep) next(t time.Time) time.Time {
	t = t.UTC()
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	switch s {
	case Weekly:
		return day.AddDate(0, 0, 7-(int(day.Weekday())+6)%7)
	case Monthly:
		return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return day.AddDate(0, 0, 1)
}
