package rules

import (
	"cmp"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// site is one place where a rule applies.
type site struct {
	edge  *edge
	nodes []*node // the threatened element, none for a flow by itself
	// told is the sentence that tells the fact which the rule rests on, or nil.
	told *stride.Evidence
	// state is that of the control, evidence what says so; see controlAt.
	state    stride.ControlState
	evidence []stride.Evidence
	// quiet is set where the rule has nothing to say; see ordinary.
	quiet bool
}

// group is a rule at all the sites that share the state of its control.
type group struct {
	rule     *Rule
	state    stride.ControlState
	sites    []site
	evidence []stride.Evidence   // of the control
	told     []stride.Evidence   // of the fact that the rule rests on
	listed   map[string][]string // see names
	// asked is set where the control is unknown here and stated elsewhere: a
	// question before it is a threat.
	asked bool
	// repeats is set where another group asks the same of the same thing; see joined.
	repeats bool
}

// groups sorts the sites of the rule, but for those whose element is silenced, by
// the state of the control: absent, unknown, present, not applicable; empty groups
// are left out.
func (r *Rule) groups(d *design, found []site, silenced []bool) []*group {
	order := []stride.ControlState{stride.ControlAbsent, stride.ControlUnknown, stride.ControlPresent, stride.ControlNotApplicable}
	byState := map[stride.ControlState]*group{}
	for _, s := range found {
		if s.at(silenced) {
			continue
		}
		if s.quiet {
			continue
		}
		g := byState[s.state]
		if g == nil {
			g = &group{rule: r, state: s.state, sites: make([]site, 0, len(found))}
			byState[s.state] = g
		}
		g.add(s)
	}
	var out []*group
	var claimed []bool
	if len(byState) > 1 {
		claimed = make([]bool, len(d.nodes))
	}
	for _, state := range order {
		if g := byState[state]; g != nil {
			if claimed != nil {
				g.leave(claimed)
			}
			if len(g.sites) == 0 {
				continue
			}
			if state == stride.ControlAbsent || state == stride.ControlUnknown {
				g.sites = mostExposed(g.sites, r.Most)
			}
			out = append(out, g.bySentence()...)
		}
	}
	return askedFirst(out, byState[stride.ControlPresent] != nil || d.cares(r.Control))
}

// add puts a site into the group, with what the source says there.
func (g *group) add(s site) {
	g.sites = append(g.sites, s)
	if len(g.evidence) < maxEvidence {
		g.evidence = append(g.evidence, s.evidence...)
	}
	if s.told != nil && len(g.told) < maxEvidence {
		g.told = append(g.told, *s.told)
	}
}

// leave takes the elements that a worse state has claimed out of the group, and
// claims the rest: an element is threatened by a rule once, whatever the flows at
// it say of the control. A flow stays where it is threatened itself.
func (g *group) leave(claimed []bool) {
	kept := make([]site, 0, len(g.sites))
	for _, s := range g.sites {
		if len(s.nodes) > 0 && claimed[s.nodes[0].index] {
			if g.rule.at != atFlowAndReceiver {
				continue
			}
			s.nodes = nil
		}
		kept = append(kept, s)
	}
	g.sites = kept
	for _, s := range kept {
		for _, n := range s.nodes {
			claimed[n.index] = true
		}
	}
}

// at reports whether the site threatens, or its flow ends at, one of the nodes that
// are marked by their index; nil marks none.
func (s site) at(marked []bool) bool {
	if marked == nil {
		return false
	}
	return s.edge != nil && marked[s.edge.to.index] || len(s.nodes) > 0 && marked[s.nodes[0].index]
}

// mostExposed returns the most sites, those with the most callers outside first
// chosen, in their own order; all of them where most is 0.
func mostExposed(sites []site, most int) []site {
	if most == 0 || len(sites) <= most {
		return sites
	}
	order := make([]int, len(sites))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sites[b].exposure(), sites[a].exposure()) })
	chosen := order[:most]
	slices.Sort(chosen)
	out := make([]site, 0, most)
	for _, i := range chosen {
		out = append(out, sites[i])
	}
	return out
}

// exposure counts the flows at the site's elements, those from outside double.
func (s site) exposure() int {
	sum := 0
	for _, n := range s.nodes {
		sum += len(n.in) + len(n.out)
		for _, e := range n.in {
			if e.from.outside {
				sum++
			}
		}
	}
	return sum
}

// atOnce is how many parts all rules are asked about before the next: so many stay
// in the processor's cache, and more of a large design do not.
const atOnce = 64

// sitesOf returns, for each rule of the list, where it applies, in the order of the
// design.
func sitesOf(list []Rule, d *design) [][]site {
	out := make([][]site, len(list))
	aside := make([]bool, len(list))
	for i := range list {
		aside[i] = d.setAside(&list[i])
	}
	for nodes := range slices.Chunk(d.nodes, atOnce) {
		for i := range list {
			if list[i].element != nil && !aside[i] {
				out[i] = list[i].atElements(nodes, out[i])
			}
		}
	}
	for edges := range slices.Chunk(d.edges, atOnce) {
		for i := range list {
			if list[i].flow != nil && !aside[i] {
				out[i] = list[i].atFlows(edges, out[i])
			}
		}
	}
	return out
}

// atElements adds the sites of the rule among the nodes to found.
func (r *Rule) atElements(nodes []*node, found []site) []site {
	for _, n := range nodes {
		if n.OutOfScope {
			continue
		}
		if told, ok := r.applies(n); ok {
			found = append(found, r.judged(site{nodes: n.self, told: told}))
		}
	}
	return found
}

// judged returns s with the state of the control there.
func (r *Rule) judged(s site) site {
	s.state, s.evidence = r.controlAt(s)
	s.quiet = r.ordinary(s, s.state)
	return s
}

// atFlows adds the sites of the rule among the edges to found.
func (r *Rule) atFlows(edges []*edge, found []site) []site {
	for _, e := range edges {
		if e.OutOfScope || !r.flow(e) {
			continue
		}
		s := site{edge: e}
		switch r.at {
		case atReceiver, atFlowAndReceiver:
			s.nodes = e.to.self
		case atSender:
			s.nodes = e.from.self
		}
		if len(s.nodes) == 0 || !s.nodes[0].OutOfScope {
			found = append(found, r.judged(s))
		}
	}
	return found
}

// controlAt returns the state of the rule's control at the site and what says
// so. The flow speaks before its receiver, the receiver before the sender; of
// the other controls that answer the threat only a present one counts, but for
// those whose denial denies this one. What is only planned is unknown, with the
// quote that plans it.
func (r *Rule) controlAt(s site) (stride.ControlState, []stride.Evidence) {
	holders := s.holders()
	if s.edge == nil && r.heed != nil {
		for _, h := range r.heed(s.nodes[0]) {
			if h.State(r.Control) == stride.ControlPresent {
				return stride.ControlPresent, h[r.Control].Evidence
			}
		}
	}
	for _, name := range append([]stride.ControlName{r.Control}, r.Also...) {
		for i, h := range holders {
			if i == senderHolds && ofTransport(name) {
				continue // that a part is reached over TLS says nothing of what it calls
			}
			state := h.State(name)
			if state == stride.ControlAbsent && !r.concerns(h[name].Evidence) {
				continue
			}
			if state == stride.ControlPresent || name == r.Control && state != stride.ControlUnknown {
				return state, h[name].Evidence
			}
		}
	}
	for _, name := range r.Denied {
		for _, h := range holders {
			if h.State(name) == stride.ControlAbsent {
				return stride.ControlAbsent, h[name].Evidence
			}
		}
	}
	if s.edge != nil && r.Control == stride.EncryptionInTransit && s.edge.encrypted() {
		return stride.ControlPresent, s.edge.Evidence
	}
	if s.edge != nil && (r.Control == stride.EncryptionInTransit || slices.Contains(r.Also, stride.EncryptionInTransit)) && s.edge.Controls.State(stride.EncryptionInTransit) == stride.ControlUnknown {
		if c, ok := s.edge.answered(); ok {
			return stride.ControlPresent, c.Evidence
		}
	}
	for i, h := range holders {
		if i != senderHolds {
			if c, said := h[r.Control]; said && c.State == stride.ControlUnknown {
				return stride.ControlUnknown, c.Evidence // planned, or left to a choice
			}
		}
	}
	return stride.ControlUnknown, nil
}

// concerns reports whether what the source says of a control is about what the
// rule means by it. What nobody put in words is.
func (r *Rule) concerns(evidence []stride.Evidence) bool {
	if len(r.about) == 0 || len(evidence) == 0 || evidence[0].Kind != stride.Quoted {
		return true
	}
	return wordsIn(evidence[0].Quote).holds(r.about...)
}

// senderHolds is the place of a flow's sender among the holders.
const senderHolds = 2

// ofTransport reports whether the control is one of a connection.
func ofTransport(name stride.ControlName) bool {
	return name == stride.EncryptionInTransit || name == stride.MutualAuthentication
}

func (s site) holders() []stride.Controls {
	if s.edge == nil {
		return []stride.Controls{s.nodes[0].Controls}
	}
	return []stride.Controls{s.edge.Controls, s.edge.to.Controls, s.edge.from.Controls}
}

// silence returns the groups of all rules, without the sites at which a more
// specific rule already proposes the same.
func silence(list []Rule, d *design, found [][]site) []*group {
	silenced := map[string][]bool{}
	for i := range list {
		r := &list[i]
		if len(r.Silences) == 0 {
			continue
		}
		for _, s := range found[i] {
			if s.state != stride.ControlAbsent && (s.state != stride.ControlUnknown || s.quiet) {
				continue
			}
			for _, broader := range r.Silences {
				if silenced[broader] == nil {
					silenced[broader] = make([]bool, len(d.nodes))
				}
				for _, n := range s.nodes {
					silenced[broader][n.index] = true
				}
			}
		}
	}
	var out []*group
	for i := range list {
		if !list[i].stated {
			out = append(out, list[i].groups(d, found[i], silenced[list[i].ID])...)
		}
	}
	done, quoted := answered(out), toldOf(out)
	for i := range list {
		if list[i].stated {
			out = append(out, list[i].statedGroups(found[i], done[list[i].Control], quoted)...)
		}
	}
	return distinct(out)
}
