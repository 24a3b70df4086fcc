package rules

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// One idea is one threat. What several groups say alike, of one part under two names
// or on the strength of one sentence, is said once.

// distinct leaves out of the groups what repeats another: see joined, oneQuote and
// oncePerSender. The order stays.
func distinct(groups []*group) []*group {
	return oncePerSender(oneQuote(joined(groups)))
}

// joined makes one group of those of a rule that are silent about the control of the
// same thing under several names: its topic, an alias, a part of it. The one of which
// the source says less joins the other. Where it speaks of the control at one name,
// only a question is left there.
func joined(groups []*group) []*group {
	out := make([]*group, 0, len(groups))
	from := 0 // where the groups of the present rule begin in out
	for _, g := range groups {
		if len(out) > 0 && out[len(out)-1].rule != g.rule {
			from = len(out)
		}
		at := slices.IndexFunc(out[from:], func(have *group) bool { return have.sameThing(g) })
		switch {
		case at < 0 || g.state != stride.ControlUnknown:
			out = append(out, g)
		case out[from+at].asked == g.asked:
			out[from+at] = out[from+at].with(g)
		default:
			out[from+at].repeats, g.repeats = out[from+at].asked, g.asked
			out = append(out, g)
		}
	}
	return out
}

// with returns g and other as one group, with what is said of the one of which more
// is quoted.
func (g *group) with(other *group) *group {
	if len(other.evidence)+len(other.told) > len(g.evidence)+len(g.told) {
		g, other = other, g
	}
	both := &group{rule: g.rule, state: g.state, asked: g.asked, evidence: g.evidence, told: g.told}
	both.sites = mostExposed(append(slices.Clone(g.sites), other.sites...), g.rule.Most)
	return both
}

// fewNames is how many targets of a group are compared with those of another.
const fewNames = 16

// sameThing reports whether g and other rest on the silence of the source about the
// control of one thing under two names.
func (g *group) sameThing(other *group) bool {
	if g.state != stride.ControlUnknown || other.state != stride.ControlUnknown || g.rule.onlyTold || g.rule.element == nil {
		return false
	}
	return anyPair(g, other, (*node).kin)
}

// anyPair reports whether a target of g and one of other, among the first, fulfil the
// condition.
func anyPair(g, other *group, cond func(a, b *node) bool) bool {
	for _, s := range g.sites[:min(len(g.sites), fewNames)] {
		for _, o := range other.sites[:min(len(other.sites), fewNames)] {
			for _, a := range s.nodes {
				if slices.ContainsFunc(o.nodes, func(b *node) bool { return cond(a, b) }) {
					return true
				}
			}
		}
	}
	return false
}

// commonWords stand in names of parts that have nothing else in common.
var commonWords = []string{
	"service", "services", "server", "servers", "system", "database", "databases", "storage", "store", "data", "cluster", "platform", "internal", "external", "public", "private",
	"customer", "customers", "user", "users", "main", "core", "central", "primary", "secondary", "first", "second", "third", "party", "azure", "amazon", "google", "cloud", "container", "image", "queue", "topic", "bucket", "machine", "module", "device", "controller",
}

// kin reports whether n and other may be one thing under two names, or a thing and a
// part of it: they are of one kind, and share a word that names them, or the source
// names the one where it says what the other is.
func (n *node) kin(other *node) bool {
	if n == other {
		return true
	}
	alike := func(t stride.Tag) bool { return t != "service" && slices.Contains(other.tags, t) }
	if n.Kind != other.Kind || !slices.ContainsFunc(n.tags, alike) {
		return false
	}
	return sharesWord(n.words, other.words) || introduces(n, other) || introduces(other, n)
}

// introduces reports whether the first quote about n, which mostly says what it is,
// has a naming word of other.
func introduces(n, other *node) bool { return len(n.said) > 0 && sharesWord(n.said[0], other.words) }

// sharesWord reports whether the texts have a word in common that names something.
func sharesWord(a, b vocabulary) bool {
	return slices.ContainsFunc(a, func(word string) bool {
		return len(word) > 3 && !slices.Contains(commonWords, word) && slices.Contains(b, word)
	})
}

// oneQuote leaves one of two groups of a category and an attack pattern that rest on the same sentence
// about the same part (a sentence that stands for a flow counts for each): that of which more is quoted, then that of the higher risk,
// then the first. The part of the other joins it where its rule applies there too.
func oneQuote(groups []*group) []*group {
	gone := map[*group]bool{}
	byQuote := map[string][]*group{}
	for _, g := range groups {
		if len(g.told) == 0 || g.state == stride.ControlPresent || g.state == stride.ControlNotApplicable || g.rule.element == nil || g.rule.tell == nil {
			continue
		}
		key := string(g.rule.Category) + "\n" + g.told[0].Quote
		for i, have := range byQuote[key] {
			if gone[have] || have.rule == g.rule || !have.rule.sameAttack(g.rule) || !anyPair(have, g, (*node).beside) {
				continue
			}
			kept, less := have, g
			if g.weight() > have.weight() {
				kept, less = g, have
				byQuote[key][i] = g
			}
			kept.take(less)
			gone[less] = true
			break
		}
		byQuote[key] = append(byQuote[key], g)
	}
	return slices.DeleteFunc(groups, func(g *group) bool { return gone[g] })
}

// sameAttack reports whether both rules name an attack pattern of CAPEC in common.
func (r *Rule) sameAttack(other *Rule) bool {
	return slices.ContainsFunc(r.CAPEC, func(id string) bool { return slices.Contains(other.CAPEC, id) })
}

// beside reports whether other is n, goes by a part of its name or talks to it.
func (n *node) beside(other *node) bool {
	return n == other || sharesWord(n.words, other.words) || n.calls(func(c *node) bool { return c == other }) || n.calledBy(func(c *node) bool { return c == other })
}

// weight orders groups by what is quoted, then by the risk of their rule, 1-16.
func (g *group) weight() int {
	return (len(g.told)+len(g.evidence))*17 + g.rule.Risk.Likelihood*g.rule.Risk.Impact
}

// take adds those targets of other at which the rule of g applies as well.
func (g *group) take(other *group) {
	for _, s := range other.sites {
		n := s.nodes[0]
		have := slices.ContainsFunc(g.sites, func(own site) bool { return own.nodes[0] == n })
		if !have && g.rule.element(n) && (g.rule.Most == 0 || len(g.sites) < g.rule.Most) {
			g.sites = append(g.sites, s)
		}
	}
}

// oncePerSender leaves out of the guesses on internal connections those between parts
// of which a guess on connections across a boundary says the same.
func oncePerSender(groups []*group) []*group {
	open := map[string]*ends{} // by the family and attack of the rule
	for _, g := range groups {
		if kind, ok := strings.CutSuffix(g.rule.ID, "-open"); ok && g.rule.flow != nil && g.state == stride.ControlUnknown && !g.asked {
			if open[kind] == nil {
				open[kind] = &ends{from: map[*node]bool{}, any: map[*node]bool{}}
			}
			open[kind].note(g)
		}
	}
	out := make([]*group, 0, len(groups))
	for _, g := range groups {
		kind, ok := strings.CutSuffix(g.rule.ID, "-internal")
		if seen := open[kind]; ok && seen != nil && g.state == stride.ControlUnknown {
			g.sites = slices.DeleteFunc(slices.Clone(g.sites), func(s site) bool { return seen.from[s.edge.from] && seen.any[s.edge.to] })
		}
		if len(g.sites) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// ends are the parts at the flows of a group: those that send, and all.
type ends struct{ from, any map[*node]bool }

func (e *ends) note(g *group) {
	for _, s := range g.sites {
		e.from[s.edge.from], e.any[s.edge.from], e.any[s.edge.to] = true, true, true
	}
}
