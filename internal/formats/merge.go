package formats

import (
	"maps"
	"slices"
	"strconv"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// merger joins Architectures: parts with the same name or alias are one part,
// zones with the same name one zone, and keys stay unique.
type merger struct {
	out   stride.Architecture
	taken map[stride.Key]int
	parts map[string]int // index of an element by slug of its names
	zones map[string]int
	flows map[[3]string]int
	goods map[string]int
}

func newMerger() *merger {
	return &merger{taken: map[stride.Key]int{}, parts: map[string]int{}, zones: map[string]int{}, flows: map[[3]string]int{}, goods: map[string]int{}}
}

func (m *merger) add(a stride.Architecture) {
	keys := map[stride.Key]stride.Key{"": ""}
	m.addZones(a, keys)
	for _, e := range a.Elements {
		old := e.ID
		e.Zone = keys[e.Zone]
		i, known := m.find(e)
		if known {
			join(&m.out.Elements[i], e)
		} else {
			e.ID = m.key(e.ID)
			e.Controls = maps.Clone(e.Controls)
			i = len(m.out.Elements)
			m.out.Elements = append(m.out.Elements, e)
		}
		for _, name := range append([]string{e.Name}, e.Aliases...) {
			if _, have := m.parts[stride.Slug(name)]; !have {
				m.parts[stride.Slug(name)] = i
			}
		}
		keys[old] = m.out.Elements[i].ID
	}
	m.addFlows(a, keys)
	m.addAssets(a, keys)
	m.out.Assumptions = append(m.out.Assumptions, a.Assumptions...)
}

func (m *merger) find(e stride.Element) (int, bool) {
	for _, name := range append([]string{e.Name}, e.Aliases...) {
		if i, ok := m.parts[stride.Slug(name)]; ok {
			return i, true
		}
	}
	return 0, false
}

// key returns want, or want with the first free number, and takes it.
func (m *merger) key(want stride.Key) stride.Key {
	key := want
	for m.taken[key] > 0 {
		m.taken[want]++
		key = want + stride.Key("-"+strconv.Itoa(m.taken[want]))
	}
	m.taken[key] = 1
	return key
}

// join adds to e what another source says of it. Absent outweighs present.
func join(e *stride.Element, more stride.Element) {
	for _, t := range more.Tags {
		if !e.HasTag(t) {
			e.Tags = append(slices.Clone(e.Tags), t)
		}
	}
	for _, d := range more.Data {
		if !slices.Contains(e.Data, d) {
			e.Data = append(slices.Clone(e.Data), d)
		}
	}
	for _, name := range append([]string{more.Name}, more.Aliases...) {
		if name != e.Name && !slices.Contains(e.Aliases, name) {
			e.Aliases = append(slices.Clone(e.Aliases), name)
		}
	}
	if e.Zone == "" {
		e.Zone = more.Zone
	}
	e.OutOfScope = e.OutOfScope || more.OutOfScope
	e.Evidence = joinEvidence(e.Evidence, more.Evidence)
	e.Controls = joinControls(e.Controls, more.Controls)
}

// maxEvidence is how many quotes of one part or flow are kept.
const maxEvidence = 6

// joinEvidence adds quotes up to the bound; the lists of the sources stay as
// they are.
func joinEvidence(have, more []stride.Evidence) []stride.Evidence {
	if room := maxEvidence - len(have); room < len(more) {
		more = more[:max(0, room)]
	}
	if len(more) == 0 {
		return have
	}
	return append(slices.Clone(have), more...)
}

func joinControls(have, more stride.Controls) stride.Controls {
	out := maps.Clone(have)
	if out == nil {
		out = stride.Controls{}
	}
	for n, c := range more {
		if out.State(n) == stride.ControlUnknown || c.State == stride.ControlAbsent {
			out[n] = c
		}
	}
	return out
}

func (m *merger) addZones(a stride.Architecture, keys map[stride.Key]stride.Key) {
	first := len(m.out.TrustBoundaries)
	for _, z := range a.TrustBoundaries {
		old := z.ID
		i, known := m.zones[stride.Slug(z.Name)]
		if !known {
			z.ID = m.key(z.ID)
			i = len(m.out.TrustBoundaries)
			m.zones[stride.Slug(z.Name)] = i
			m.out.TrustBoundaries = append(m.out.TrustBoundaries, z)
		}
		keys[old] = m.out.TrustBoundaries[i].ID
	}
	for i := first; i < len(m.out.TrustBoundaries); i++ {
		m.out.TrustBoundaries[i].ParentID = keys[m.out.TrustBoundaries[i].ParentID]
	}
}

func (m *merger) addFlows(a stride.Architecture, keys map[stride.Key]stride.Key) {
	for _, f := range a.Flows {
		f.SourceID, f.TargetID = keys[f.SourceID], keys[f.TargetID]
		if f.SourceID == f.TargetID {
			continue
		}
		ends := [3]string{string(f.SourceID), string(f.TargetID), stride.Slug(f.Name)}
		if i, known := m.flows[ends]; known {
			have := &m.out.Flows[i]
			have.Evidence = joinEvidence(have.Evidence, f.Evidence)
			have.Controls = joinControls(have.Controls, f.Controls)
			continue
		}
		f.ID = m.key(f.ID)
		m.flows[ends] = len(m.out.Flows)
		m.out.Flows = append(m.out.Flows, f)
	}
}

func (m *merger) addAssets(a stride.Architecture, keys map[stride.Key]stride.Key) {
	for _, g := range a.Assets {
		ids := []stride.Key{}
		for _, id := range g.ElementIDs {
			if to, ok := keys[id]; ok {
				ids = append(ids, to)
			}
		}
		g.ElementIDs = ids
		if i, known := m.goods[stride.Slug(g.Name)]; known {
			for _, id := range ids {
				if have := &m.out.Assets[i]; !slices.Contains(have.ElementIDs, id) {
					have.ElementIDs = append(have.ElementIDs, id)
				}
			}
			continue
		}
		g.ID = m.key(g.ID)
		m.goods[stride.Slug(g.Name)] = len(m.out.Assets)
		m.out.Assets = append(m.out.Assets, g)
	}
}

func (m *merger) result() stride.Architecture {
	m.out.Connect()
	return m.out
}
