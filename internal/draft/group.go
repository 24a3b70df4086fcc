package draft

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// group is the part of an Architecture that one question is about: elements that
// talk to each other, and the flows that end at them.
type group struct {
	elements []stride.Element
	flows    []stride.Flow
}

// Bounds of groups. Small ones are answered at the same time and fail alone; more
// of them repeat the fixed part of the prompt for little.
const (
	groupSize = 3
	maxGroups = 10
)

// key is stable for equal elements, so that a finished group is known again.
func (g group) key() string {
	h := sha256.New()
	for _, e := range g.elements {
		h.Write([]byte(e.ID))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// keys lists the elements and flows.
func (g group) keys() []stride.Key {
	out := make([]stride.Key, 0, len(g.elements)+len(g.flows))
	for _, e := range g.elements {
		out = append(out, e.ID)
	}
	for _, f := range g.flows {
		out = append(out, f.ID)
	}
	return out
}

// names lists the elements, for people.
func (g group) names() []string {
	out := make([]string, 0, len(g.elements))
	for _, e := range g.elements {
		out = append(out, e.Name)
	}
	return out
}

// groupsOf cuts what is in scope into groups of neighbours, the most connected
// elements first; equal input gives equal groups.
func groupsOf(a *stride.Architecture) []group {
	open := make([]stride.Element, 0, len(a.Elements))
	for _, e := range a.Elements {
		if !e.OutOfScope {
			open = append(open, e)
		}
	}
	count := min(maxGroups, (len(open)+groupSize-1)/groupSize)
	near := neighbours(a)
	slices.SortStableFunc(open, func(x, y stride.Element) int { return cmp.Compare(len(near[y.ID]), len(near[x.ID])) })
	var out []group
	for len(open) > 0 {
		size := (len(open) + count - len(out) - 1) / (count - len(out)) // equal groups end together
		g := group{elements: []stride.Element{open[0]}}
		open = slices.Delete(open, 0, 1)
		for len(g.elements) < size && len(open) > 0 {
			i := slices.IndexFunc(open, func(e stride.Element) bool {
				return slices.ContainsFunc(g.elements, func(have stride.Element) bool { return near[have.ID][e.ID] })
			})
			i = max(i, 0) // none is near: the next one
			g.elements = append(g.elements, open[i])
			open = slices.Delete(open, i, i+1)
		}
		out = append(out, g)
	}
	return withFlows(a, out)
}

// withFlows gives each flow to the group of its target, else of its source.
func withFlows(a *stride.Architecture, groups []group) []group {
	home := map[stride.Key]int{}
	for i, g := range groups {
		for _, e := range g.elements {
			home[e.ID] = i
		}
	}
	for _, f := range a.Flows {
		i, ok := home[f.TargetID]
		if !ok {
			i, ok = home[f.SourceID]
		}
		if ok && !f.OutOfScope {
			groups[i].flows = append(groups[i].flows, f)
		}
	}
	return groups
}

func neighbours(a *stride.Architecture) map[stride.Key]map[stride.Key]bool {
	near := map[stride.Key]map[stride.Key]bool{}
	join := func(x, y stride.Key) {
		if near[x] == nil {
			near[x] = map[stride.Key]bool{}
		}
		near[x][y] = true
	}
	for _, f := range a.Flows {
		join(f.SourceID, f.TargetID)
		join(f.TargetID, f.SourceID)
	}
	return near
}

// halves splits a group whose answer was too long to come whole; ok is false for
// one element, which cannot be split.
func (g group) halves(a *stride.Architecture) ([]group, bool) {
	if len(g.elements) < 2 {
		return nil, false
	}
	middle := len(g.elements) / 2
	parts := []group{{elements: g.elements[:middle]}, {elements: g.elements[middle:]}}
	mine := *a
	mine.Flows = g.flows
	return withFlows(&mine, parts), true
}

// wholeText is up to how many bytes the text goes along whole.
const wholeText = 500

// maxExcerpt bounds an excerpt, in bytes.
const maxExcerpt = 2600

// excerpt returns what the sources say of the group: the sentences that are
// evidence of its elements, of its flows and of their controls, in the order of
// the text, with a mark where something is left out.
func excerpt(sources []stride.Source, g group) string {
	total := 0
	for _, s := range sources {
		total += len(s.Content)
	}
	if total <= wholeText {
		return joinSources(sources)
	}
	ranges := map[stride.SourceID][][2]int{}
	add := func(evidence []stride.Evidence) {
		for _, e := range evidence {
			if e.Kind == stride.Quoted {
				ranges[e.SourceID] = append(ranges[e.SourceID], [2]int{e.Start, e.End})
			}
		}
	}
	controls := func(c stride.Controls) {
		for _, name := range stride.ControlNames() {
			add(c[name].Evidence)
		}
	}
	for _, e := range g.elements {
		add(e.Evidence)
		controls(e.Controls)
	}
	for _, f := range g.flows {
		add(f.Evidence)
		controls(f.Controls)
	}
	var out strings.Builder
	for _, s := range sources {
		for _, r := range merged(ranges[s.ID]) {
			if out.Len()+r[1]-r[0] > maxExcerpt {
				break
			}
			if out.Len() > 0 {
				out.WriteString("\n[...] ")
			}
			out.Write(s.Content[r[0]:r[1]])
		}
	}
	return out.String()
}

func joinSources(sources []stride.Source) string {
	parts := make([]string, 0, len(sources))
	for _, s := range sources {
		parts = append(parts, string(s.Content))
	}
	return strings.Join(parts, "\n\n")
}

// merged sorts ranges and joins those that touch or almost do.
func merged(ranges [][2]int) [][2]int {
	const almost = 3
	slices.SortFunc(ranges, func(x, y [2]int) int { return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1])) })
	var out [][2]int
	for _, r := range ranges {
		if n := len(out); n > 0 && r[0] <= out[n-1][1]+almost {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}
