package rules

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// read is how many proposals a reader takes in with full attention.
const read = 10

// mostLeading bounds, among those, the proposals of one kind: on the transport of the
// design, and guesses of a templated family about one part.
const mostLeading = 2

// led moves, out of the first proposals, what a reader has had twice already behind
// those that take their places. The order stays otherwise. Kept is in the order of priority and is not changed.
func led(kept []ranked) []ranked {
	if len(kept) <= read {
		return kept
	}
	ahead, later := make([]ranked, 0, len(kept)), make([]ranked, 0, len(kept))
	had := map[string]int{}
	for i, r := range kept {
		if len(ahead) == read {
			later = append(later, kept[i:]...)
			break
		}
		kind := leadingKind(r)
		if kind != "" && had[kind] >= mostLeading {
			later = append(later, r)
			continue
		}
		had[kind]++
		ahead = append(ahead, r)
	}
	return append(ahead, later...)
}

// leadingKind names what a reader takes for the same as another proposal: what
// threatens connections, or what a templated family guesses of the part; "" for none.
func leadingKind(r ranked) string {
	switch f := family(r.Rule); {
	case f == "net":
		return f
	case r.Confidence == stride.ConfidenceLow && slices.Contains(templated, f):
		return f + " " + string(first(r))
	}
	return ""
}

// mostOfKind bounds the guesses that a templated family makes of one part: what is
// known of it is mostly its kind.
const mostOfKind = 3

// smallDesign is up to how many elements a design has no margin: each is its core.
const smallDesign = 8

// templated are the families whose rules fit every part of their kind.
var templated = []string{"queue", "store", "third"}

// lessOfOneKind leaves out what the templated families guess of a part beyond the
// first few, and twice as many of a main part; of the part that the source says most
// of, nothing. Found is in the order of priority.
func (d *design) lessOfOneKind(found []ranked) []ranked {
	if len(d.nodes) <= smallDesign {
		return found
	}
	main, heart := d.main, d.center
	count := map[string]int{}
	out := make([]ranked, 0, len(found))
	for _, r := range found {
		f := family(r.Rule)
		if r.Confidence == stride.ConfidenceLow && slices.Contains(templated, f) && !slices.Contains(r.TargetIDs, heart) {
			key, limit := f+" "+string(first(r)), mostOfKind
			if main[first(r)] {
				limit *= 2
			}
			if count[key]++; count[key] > limit {
				continue
			}
		}
		out = append(out, r)
	}
	return out
}
