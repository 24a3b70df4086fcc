package rules

import (
	"cmp"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// site is one place where a rule applies.
type site struct {
	edge  *edge
	nodes []*node // the threatened elements, none for a flow by itself
}

// group is a rule at all the sites that share the state of its control.
type group struct {
	rule     *Rule
	state    stride.ControlState
	sites    []site
	evidence []stride.Evidence // of the control
	// asked is set where the control is unknown here and stated elsewhere: a
	// question before it is a threat.
	asked bool
}

// groups finds the sites of the rule, but for those whose element is silenced,
// and sorts them by the state of the control: absent, unknown, present, not
// applicable; empty groups are left out.
func (r *Rule) groups(d *design, silenced map[*node]bool) []*group {
	order := []stride.ControlState{stride.ControlAbsent, stride.ControlUnknown, stride.ControlPresent, stride.ControlNotApplicable}
	byState := map[stride.ControlState]*group{}
	for _, s := range r.sites(d) {
		if s.at(silenced) {
			continue
		}
		state, evidence := r.controlAt(s)
		if r.ordinary(s, state) {
			continue
		}
		g := byState[state]
		if g == nil {
			g = &group{rule: r, state: state}
			byState[state] = g
		}
		g.sites = append(g.sites, s)
		if len(g.evidence) < maxEvidence {
			g.evidence = append(g.evidence, evidence...)
		}
	}
	var out []*group
	claimed := map[*node]bool{}
	for _, state := range order {
		if g := byState[state]; g != nil {
			g.leave(claimed)
			if len(g.sites) == 0 {
				continue
			}
			if state == stride.ControlAbsent || state == stride.ControlUnknown {
				g.sites = mostExposed(g.sites, r.Most)
			}
			out = append(out, g.bySentence()...)
		}
	}
	for _, g := range out {
		g.asked = g.state == stride.ControlUnknown && (byState[stride.ControlPresent] != nil || d.cares(r.Control))
	}
	return out
}

// leave takes the elements that a worse state has claimed out of the group, and
// claims the rest: an element is threatened by a rule once, whatever the flows at
// it say of the control. A flow stays where it is threatened itself.
func (g *group) leave(claimed map[*node]bool) {
	kept := make([]site, 0, len(g.sites))
	for _, s := range g.sites {
		had := len(s.nodes)
		s.nodes = slices.DeleteFunc(slices.Clone(s.nodes), func(n *node) bool { return claimed[n] })
		if had > 0 && len(s.nodes) == 0 && g.rule.at != atFlowAndReceiver {
			continue
		}
		kept = append(kept, s)
	}
	g.sites = kept
	for _, s := range kept {
		for _, n := range s.nodes {
			claimed[n] = true
		}
	}
}

// at reports whether the site threatens, or its flow ends at, one of the nodes.
func (s site) at(nodes map[*node]bool) bool {
	if len(nodes) == 0 {
		return false
	}
	return s.edge != nil && nodes[s.edge.to] || slices.ContainsFunc(s.nodes, func(n *node) bool { return nodes[n] })
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

func (r *Rule) sites(d *design) []site {
	var out []site
	if r.element != nil {
		for _, n := range d.nodes {
			if !n.OutOfScope && r.element(n) {
				out = append(out, site{nodes: []*node{n}})
			}
		}
		return out
	}
	for _, e := range d.edges {
		if e.OutOfScope || !r.flow(e) {
			continue
		}
		s := site{edge: e}
		switch r.at {
		case atReceiver, atFlowAndReceiver:
			s.nodes = []*node{e.to}
		case atSender:
			s.nodes = []*node{e.from}
		}
		if len(s.nodes) == 1 && s.nodes[0].OutOfScope {
			continue
		}
		out = append(out, s)
	}
	return out
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
	for i, h := range holders {
		if i != senderHolds {
			if c, said := h[r.Control]; said && c.State == stride.ControlUnknown {
				return stride.ControlUnknown, c.Evidence // planned, or left to a choice
			}
		}
	}
	return stride.ControlUnknown, nil
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
func silence(list []Rule, d *design) []*group {
	silenced := map[string]map[*node]bool{}
	for i := range list {
		r := &list[i]
		if len(r.Silences) == 0 {
			continue
		}
		for _, s := range r.sites(d) {
			if state, _ := r.controlAt(s); state != stride.ControlAbsent && (state != stride.ControlUnknown || r.ordinary(s, state)) {
				continue
			}
			for _, broader := range r.Silences {
				if silenced[broader] == nil {
					silenced[broader] = map[*node]bool{}
				}
				for _, n := range s.nodes {
					silenced[broader][n] = true
				}
			}
		}
	}
	var out []*group
	for i := range list {
		if !list[i].stated {
			out = append(out, list[i].groups(d, silenced[list[i].ID])...)
		}
	}
	done := answered(out)
	for i := range list {
		if list[i].stated {
			out = append(out, list[i].statedGroups(d, done[list[i].Control])...)
		}
	}
	return out
}
