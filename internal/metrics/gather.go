package metrics

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// CallUse is what the calls to language models of one project that started in
// the window used, for one group: of models ("openai/gpt-5"), of prompts
// ("threats/v2"), or "" for all.
type CallUse struct {
	ProjectID stride.ProjectID
	Key       string
	stride.LLMUsage
	Drafts int
}

// Gatherer counts Facts out of the lives of projects, added one after the other.
// It keeps counts alone, so that the lives need not fit into memory at once.
type Gatherer struct {
	window       Window
	by           GroupBy
	asOf         int64
	from, to     int64
	states       stateTables
	groups       map[string]*tally
	projectsByID map[stride.ProjectID]ProjectLife
	untriaged    int
	current      []*part
}

// NewGatherer returns one without projects. The window has to be valid.
func NewGatherer(w Window, by GroupBy) *Gatherer {
	g := &Gatherer{
		window: w, by: by, asOf: w.AsOf.UnixMicro(), states: newStateTables(),
		groups: map[string]*tally{}, projectsByID: map[stride.ProjectID]ProjectLife{},
	}
	g.from, g.to = w.Bounds()
	for _, key := range by.fixed() {
		g.tally(key)
	}
	return g
}

// Group is the facts of one group. Label is the project's name where groups are
// projects, else the key.
type Group struct {
	Key   string
	Label string
	Facts Facts
}

// Groups returns the groups by key: those in which something was at the moment,
// and those of a closed list. Every group that is not one of projects
// lists all eligible projects, which are what its averages are taken over.
func (g *Gatherer) Groups() []Group {
	out, fixed := make([]Group, 0, len(g.groups)), g.by.fixed()
	for _, key := range slices.Sorted(maps.Keys(g.groups)) {
		t := g.groups[key]
		if !t.seen && !slices.Contains(fixed, key) {
			continue
		}
		group := Group{Key: key, Label: key, Facts: t.facts(g)}
		if p, ok := g.projectsByID[stride.ProjectID(key)]; ok && g.by == ByProject {
			group.Label = p.Name
		}
		out = append(out, group)
	}
	return out
}

func (g *Gatherer) tally(key string) *tally {
	t := g.groups[key]
	if t == nil {
		t = &tally{decided: map[decidedKey]*DecidedFacts{}, reasons: map[stride.RejectReason]int{}}
		g.groups[key] = t
	}
	return t
}

// Add counts a project.
func (g *Gatherer) Add(l *Lives) {
	p := l.Project
	if stateAt(p.Life, g.asOf) != stride.ProjectActive || stateAt(p.Scope, g.asOf) != string(stride.InScopeTrue) {
		g.addIneligible(l)
		return
	}
	g.projectsByID[p.ID] = p
	g.current = g.current[:0]
	parts := g.partsOf(l)
	if g.by.OfProjects() {
		for _, part := range g.current {
			part.addModels(l.Models, g)
			part.addDrafts(l.Drafts, g)
		}
	}
	for i := range l.Suggestions {
		for _, part := range parts[l.Suggestions[i].Kind] {
			part.addSuggestion(&l.Suggestions[i], g)
		}
	}
	for i := range l.Threats {
		t := &l.Threats[i]
		for _, part := range parts[t.Kind] {
			part.addThreat(t, l.Kinds[t.Kind].Model != "", g)
		}
	}
	for _, part := range g.current {
		part.end(l.Kinds)
	}
}

// partsOf returns, for each kind, the parts that things of it count in.
func (g *Gatherer) partsOf(l *Lives) [][]*part {
	parts := make([][]*part, len(l.Kinds))
	if g.by.OfProjects() {
		for _, key := range g.by.keys(l.Project) {
			t := g.tally(key)
			t.seen = true
			g.current = append(g.current, newPart(t, l))
		}
		for k := range parts {
			parts[k] = g.current
		}
		return parts
	}
	byKey := map[string][]*part{}
	for k, kind := range l.Kinds {
		key := g.by.key(kind)
		if byKey[key] == nil {
			p := newPart(g.tally(key), l)
			g.current = append(g.current, p)
			byKey[key] = []*part{p}
		}
		parts[k] = byKey[key]
	}
	return parts
}

// addIneligible counts what a project that does not count is told of.
func (g *Gatherer) addIneligible(l *Lives) {
	p := l.Project
	untriaged := stateAt(p.Life, g.asOf) == stride.ProjectActive && stateAt(p.Scope, g.asOf) == string(stride.InScopeUnknown)
	g.untriaged += one(untriaged)
	if g.by != ByNothing && g.by != ByTag {
		return
	}
	done := 0
	for _, m := range l.Models {
		if at, ok := m.completed(g.asOf); ok && g.holds(at) {
			done++
		}
	}
	if !untriaged && done == 0 {
		return
	}
	for _, key := range g.by.keys(p) {
		t := g.tally(key)
		t.seen = true
		t.untriaged += one(untriaged)
		t.otherModels += done
		t.otherModelProjects += one(done > 0)
	}
}

// AddCalls counts the calls of projects that were added and are eligible.
func (g *Gatherer) AddCalls(uses []CallUse) {
	for _, u := range uses {
		p, ok := g.projectsByID[u.ProjectID]
		if !ok || !g.by.HasCalls() {
			continue
		}
		keys := []string{u.Key}
		if g.by.OfProjects() {
			keys = g.by.keys(p)
		}
		for _, key := range keys {
			t := g.tally(key)
			t.seen = true
			t.llm.add(u)
		}
	}
}

func (l *LLMFacts) add(u CallUse) {
	l.Calls += u.Calls
	l.Failed += u.Failed
	l.TokensIn += u.TokensIn
	l.TokensCached += u.TokensCached
	l.TokensOut += u.TokensOut
	l.CostMicroUSD += u.CostMicroUSD
	l.Unpriced += u.Unpriced
	l.Drafts += u.Drafts
}

func (g *Gatherer) holds(at int64) bool { return at >= g.from && at < g.to }

// completed returns when the version was completed, unless after the moment. It
// is so at most once.
func (m ModelLife) completed(asOf int64) (int64, bool) {
	for _, move := range m.Moves {
		if move.State == string(stride.ModelCompleted) {
			return move.At, move.At <= asOf
		}
	}
	return 0, false
}

// stateTables answer by code what stride answers by word.
type stateTables struct {
	pending, accepted, rejected, merged, superseded uint8
	duplicate                                       uint8
	open, mitigated, resolved, invalid              uint8
	isOpen, isClosed                                [16]bool
}

func newStateTables() stateTables {
	s, t := SuggestionCodes(), ThreatCodes()
	out := stateTables{
		pending: s.Of(stride.SuggestionPending), accepted: s.Of(stride.SuggestionAccepted), rejected: s.Of(stride.SuggestionRejected),
		merged: s.Of(stride.SuggestionMerged), superseded: s.Of(stride.SuggestionSuperseded),
		duplicate: ReasonCodes().Of(stride.ReasonDuplicate),
		open:      t.Of(stride.ThreatOpen), mitigated: t.Of(stride.ThreatMitigated), resolved: t.Of(stride.ThreatResolved),
		invalid: t.Of(stride.ThreatInvalid),
	}
	for _, state := range t {
		out.isOpen[t.Of(state)], out.isClosed[t.Of(state)] = state.Open(), state.Closed()
	}
	return out
}

// decidedKey is what DecidedFacts are told apart by.
type decidedKey struct {
	category            stride.Category
	rule, model, prompt string
}

// tally is one group over all projects.
type tally struct {
	// seen: something of it was there at the moment.
	seen               bool
	projects           []ProjectFacts
	untriaged          int
	otherModels        int
	otherModelProjects int
	ages, took         []int64
	humanAdded         int
	fromDrafts         int
	fromModels         int
	everClosed         int
	reopened           int
	decided            map[decidedKey]*DecidedFacts
	reasons            map[stride.RejectReason]int
	published          int
	unverified         int
	pending            int
	oldest             int64
	wanted, answered   int
	llm                LLMFacts
}

func (t *tally) facts(g *Gatherer) Facts {
	out := Facts{
		Window: g.window, Untriaged: t.untriaged, OtherModels: t.otherModels, OtherModelProjects: t.otherModelProjects,
		Projects: g.allProjects(t), OpenAge: quantiles(t.ages), HumanAdded: t.humanAdded, FromDrafts: t.fromDrafts,
		EverClosed: t.everClosed, Reopened: t.reopened, LLM: t.llm, CellsWanted: t.wanted, CellsAnswered: t.answered,
		Review: ReviewFacts{
			RejectReasons: t.reasons, Published: t.published, Unverified: t.unverified, DecisionTime: quantiles(t.took),
			Pending: t.pending, OldestPending: time.Duration(t.oldest) * time.Microsecond,
		},
	}
	out.LLM.Accepted = t.fromModels
	if !g.by.OfProjects() {
		out.Untriaged = g.untriaged
	}
	for _, d := range t.decided {
		out.Review.Decided = append(out.Review.Decided, *d)
	}
	slices.SortFunc(out.Review.Decided, func(a, b DecidedFacts) int {
		return cmp.Or(
			cmp.Compare(a.Category, b.Category), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Model, b.Model), cmp.Compare(a.Prompt, b.Prompt),
		)
	})
	return out
}

// allProjects adds, to a group of threats and suggestions, the eligible projects
// in which it has none.
func (g *Gatherer) allProjects(t *tally) []ProjectFacts {
	out := t.projects
	if !g.by.OfProjects() {
		has := make(map[stride.ProjectID]bool, len(out))
		for _, p := range out {
			has[p.ID] = true
		}
		for id, p := range g.projectsByID {
			if !has[id] {
				out = append(out, ProjectFacts{ID: id, Name: p.Name, Threats: map[stride.ThreatState]int{}})
			}
		}
	}
	slices.SortFunc(out, func(a, b ProjectFacts) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// quantiles is QuantilesOf for microseconds in any order, which it changes. It
// does not sort: of a million values it wants two.
func quantiles(values []int64) Quantiles {
	n := len(values)
	if n == 0 {
		return Quantiles{}
	}
	return Quantiles{
		N:   n,
		P50: time.Duration(smallest(values, (n*50+99)/100-1)) * time.Microsecond,
		P90: time.Duration(smallest(values, (n*90+99)/100-1)) * time.Microsecond,
	}
}

// smallest returns the value that would stand at place k, from 0, if the values
// were sorted (Hoare's selection).
func smallest(values []int64, k int) int64 {
	for lo, hi := 0, len(values)-1; lo < hi; {
		pivot := values[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return values[k]
		}
	}
	return values[k]
}
