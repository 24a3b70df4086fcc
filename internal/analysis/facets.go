package analysis

import (
	"context"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// FacetCell is how many suggestions have one combination of values.
type FacetCell struct {
	State      stride.SuggestionState
	Category   stride.Category
	Severity   stride.Severity
	Confidence stride.Confidence
	N          int64
}

// Facets is how many suggestions a list would have for each value of a filter, with
// the list's other filters as they are. A value that none has is left out.
type Facets struct {
	State      map[stride.SuggestionState]int64
	Category   map[stride.Category]int64
	Severity   map[stride.Severity]int64
	Confidence map[stride.Confidence]int64
}

// Facets counts what the list of the filter could be narrowed to.
func (s *Reviews) Facets(ctx context.Context, actor stride.Actor, f SuggestionFilter) (Facets, error) {
	cells, err := s.Store.Facets(ctx, actor.Reach(stride.RoleViewer), s.from(actor, f))
	if err != nil {
		return Facets{}, err
	}
	return newFacets(cells, f), nil
}

func newFacets(cells []FacetCell, f SuggestionFilter) Facets {
	out := Facets{
		State: map[stride.SuggestionState]int64{}, Category: map[stride.Category]int64{},
		Severity: map[stride.Severity]int64{}, Confidence: map[stride.Confidence]int64{},
	}
	for _, c := range cells {
		state, category := chosen(f.State, c.State), chosen(f.Category, c.Category)
		severity, confidence := chosen(f.Severity, c.Severity), chosen(f.Confidence, c.Confidence)
		if category && severity && confidence {
			out.State[c.State] += c.N
		}
		if state && severity && confidence {
			out.Category[c.Category] += c.N
		}
		if state && category && confidence {
			out.Severity[c.Severity] += c.N
		}
		if state && category && severity {
			out.Confidence[c.Confidence] += c.N
		}
	}
	return out
}

// chosen reports whether a filter lets the value through.
func chosen[T comparable](filter []T, value T) bool {
	return len(filter) == 0 || slices.Contains(filter, value)
}
