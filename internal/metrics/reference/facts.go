package reference

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// Facts replays the events of the projects within reach up to w.AsOf. Besides
// events it reads only what never changes: scope and number of threat models,
// the proposals of suggestions, the drafts and the calls to language models. It
// returns an error where a payload cannot be read.
func Facts(h *History, reach stride.Reach, w metrics.Window) (metrics.Facts, error) {
	r := newReplay(h)
	for _, e := range h.Events {
		if !reach.Holds(e.ProjectID) {
			continue
		}
		if err := r.apply(e, w); err != nil {
			return metrics.Facts{}, fmt.Errorf("replay %s of %s: %w", e.Kind, e.SubjectID, err)
		}
	}
	f := r.facts(w)
	r.llmFacts(&f, h.Calls)
	r.coverageFacts(&f, h)
	return f, nil
}

type replay struct {
	projects    map[stride.ProjectID]*projectLife
	models      []*modelLife
	suggestions []*suggestionLife
	threats     []*threatLife

	scopes    map[string]Model
	proposals map[string]stride.Proposal
}

type projectLife struct {
	id       stride.ProjectID
	name     string
	sandbox  bool
	archived bool
	inScope  stride.InScope
}

type modelLife struct {
	Model
	completed *time.Time
	submitted []time.Time
}

type suggestionLife struct {
	id       string
	project  stride.ProjectID
	proposal stride.Proposal
	created  time.Time
	state    stride.SuggestionState
	since    time.Time
	reason   stride.RejectReason
	edited   bool
}

type threatLife struct {
	id         string
	project    stride.ProjectID
	origin     stride.ThreatOrigin
	proposal   stride.Proposal // of the suggestion that it is from, if any
	accepted   time.Time
	state      stride.ThreatState
	since      time.Time
	mitigated  *time.Time
	everClosed bool
	reopened   bool
	reported   *time.Time
}

func newReplay(h *History) *replay {
	r := &replay{
		projects: map[stride.ProjectID]*projectLife{}, scopes: map[string]Model{}, proposals: map[string]stride.Proposal{},
	}
	for _, m := range h.Models {
		r.scopes[string(m.ID)] = m
	}
	for _, s := range h.Suggestions {
		r.proposals[string(s.ID)] = s.Proposal
	}
	return r
}

// payload has the fields of every kind of event that is read here.
type payload struct {
	Name    string              `json:"name"`
	Sandbox bool                `json:"sandbox"`
	InScope stride.InScope      `json:"in_scope"`
	To      string              `json:"to"`
	Reason  stride.RejectReason `json:"reason"`
	Edited  bool                `json:"edited"`
	Origin  stride.ThreatOrigin `json:"origin"`
	From    string              `json:"suggestion_id"`
	At      time.Time           `json:"at"`
}

func (r *replay) apply(e stride.Event, w metrics.Window) error {
	if !w.Happened(e.At) {
		return nil
	}
	var p payload
	if err := json.Unmarshal([]byte(e.Payload), &p); err != nil {
		return fmt.Errorf("read payload: %w", err)
	}
	switch e.Kind {
	case stride.EventProjectCreated:
		r.projects[e.ProjectID] = &projectLife{id: e.ProjectID, name: p.Name, sandbox: p.Sandbox, inScope: p.InScope}
	case stride.EventProjectScoped:
		r.projects[e.ProjectID].inScope = stride.InScope(p.To)
	case stride.EventProjectArchived:
		r.projects[e.ProjectID].archived = true
	case stride.EventModelCreated:
		r.models = append(r.models, &modelLife{Model: r.scopes[e.SubjectID]})
	case stride.EventModelMoved:
		r.moveModel(e, stride.ModelState(p.To))
	case stride.EventSuggestionCreated:
		r.suggestions = append(r.suggestions, &suggestionLife{
			id: e.SubjectID, project: e.ProjectID, proposal: r.proposals[e.SubjectID],
			created: e.At, state: stride.SuggestionPending, since: e.At,
		})
	case stride.EventSuggestionDecided:
		for _, s := range r.suggestions {
			if s.id == e.SubjectID {
				s.state, s.since, s.reason, s.edited = stride.SuggestionState(p.To), e.At, p.Reason, p.Edited
			}
		}
	case stride.EventThreatCreated:
		r.threats = append(r.threats, &threatLife{
			id: e.SubjectID, project: e.ProjectID, origin: p.Origin, proposal: r.proposals[p.From],
			accepted: e.At, state: stride.ThreatOpen, since: e.At,
		})
	case stride.EventThreatMoved:
		r.moveThreat(e, stride.ThreatState(p.To))
	case stride.EventReferenceAcknowledged:
		for _, t := range r.threats {
			if t.id == e.SubjectID && t.reported == nil {
				t.reported = &p.At
			}
		}
	}
	return nil
}

func (r *replay) moveModel(e stride.Event, to stride.ModelState) {
	for _, m := range r.models {
		if string(m.ID) != e.SubjectID {
			continue
		}
		at := e.At
		switch to {
		case stride.ModelInReview:
			m.submitted = append(m.submitted, at)
		case stride.ModelCompleted:
			m.completed = &at
		}
	}
}

func (r *replay) moveThreat(e stride.Event, to stride.ThreatState) {
	for _, t := range r.threats {
		if t.id != e.SubjectID {
			continue
		}
		at := e.At
		t.state, t.since = to, at
		if to == stride.ThreatMitigated {
			t.mitigated = &at
		}
		t.everClosed = t.everClosed || to.Closed() || to == stride.ThreatInvalid
		t.reopened = t.reopened || to == stride.ThreatOpen
	}
}

func (p *projectLife) eligible() bool {
	return p != nil && !p.sandbox && !p.archived && p.inScope == stride.InScopeTrue
}

func (r *replay) facts(w metrics.Window) metrics.Facts {
	f := metrics.Facts{Window: w, Review: metrics.ReviewFacts{RejectReasons: map[stride.RejectReason]int{}}}
	for _, p := range r.projects {
		switch {
		case p.eligible():
			f.Projects = append(f.Projects, r.projectFacts(p, w))
		case !p.sandbox && !p.archived && p.inScope == stride.InScopeUnknown:
			f.Untriaged++
		}
	}
	slices.SortFunc(f.Projects, func(a, b metrics.ProjectFacts) int { return cmp.Compare(a.ID, b.ID) })
	others := map[stride.ProjectID]bool{}
	for _, m := range r.models {
		p := r.projects[m.ProjectID]
		if m.completed != nil && w.Holds(*m.completed) && !p.sandbox && !p.eligible() {
			f.OtherModels++
			others[p.id] = true
		}
	}
	f.OtherModelProjects = len(others)
	r.threatFacts(&f)
	r.reviewFacts(&f)
	return f
}

func (r *replay) projectFacts(p *projectLife, w metrics.Window) metrics.ProjectFacts {
	out := metrics.ProjectFacts{ID: p.id, Name: p.name, Threats: map[stride.ThreatState]int{}}
	for _, m := range r.models {
		if m.ProjectID != p.id || m.completed == nil {
			continue
		}
		out.ModelsEver++
		if w.Holds(*m.completed) {
			out.ModelsInWindow++
		}
		out.Fresh = out.Fresh || (!m.completed.Before(w.FreshSince()) && !r.outdated(m))
	}
	var ages []time.Duration
	for _, t := range r.threats {
		if t.project != p.id {
			continue
		}
		out.Threats[t.state]++
		if t.reported != nil && w.Happened(*t.reported) {
			out.ReportedEver++
			if w.Holds(*t.reported) {
				out.Reported++
			}
		}
		if t.state == stride.ThreatResolved && w.Holds(t.since) {
			out.Resolution.Add(t.since.Sub(t.accepted))
		}
		claimed := t.state == stride.ThreatMitigated || t.state == stride.ThreatResolved
		if claimed && t.mitigated != nil && w.Holds(*t.mitigated) {
			out.Mitigation.Add(t.mitigated.Sub(t.accepted))
		}
		if t.state.Open() {
			ages = append(ages, w.AsOf.Sub(t.accepted))
		}
	}
	out.OpenAge = metrics.QuantilesOf(ages)
	return out
}

// outdated reports whether a newer version of the scope was submitted since m
// was completed.
func (r *replay) outdated(m *modelLife) bool {
	for _, other := range r.models {
		if other.ProjectID != m.ProjectID || other.Scope != m.Scope || other.Number <= m.Number {
			continue
		}
		for _, at := range other.submitted {
			if !at.Before(*m.completed) {
				return true
			}
		}
	}
	return false
}

func (r *replay) threatFacts(f *metrics.Facts) {
	var ages []time.Duration
	for _, t := range r.threats {
		if !r.projects[t.project].eligible() {
			continue
		}
		if t.state.Open() {
			ages = append(ages, f.Window.AsOf.Sub(t.accepted))
		}
		if t.everClosed {
			f.EverClosed++
		}
		if t.reopened {
			f.Reopened++
		}
		if t.state == stride.ThreatInvalid || !f.Window.Holds(t.accepted) {
			continue
		}
		if t.origin == stride.OriginHuman {
			f.HumanAdded++
		} else {
			f.FromDrafts++
		}
	}
	f.OpenAge = metrics.QuantilesOf(ages)
}

func (r *replay) reviewFacts(f *metrics.Facts) {
	groups := map[metrics.DecidedFacts]*metrics.DecidedFacts{}
	var times []time.Duration
	out := &f.Review
	for _, s := range r.suggestions {
		if !r.projects[s.project].eligible() {
			continue
		}
		if f.Window.Holds(s.created) {
			out.Published++
			if unverified(s.proposal) {
				out.Unverified++
			}
		}
		if s.state == stride.SuggestionPending {
			out.Pending++
			out.OldestPending = max(out.OldestPending, f.Window.AsOf.Sub(s.created))
		}
		if !s.state.Decided() || !f.Window.Holds(s.since) {
			continue
		}
		by := s.proposal.ByModel()
		key := metrics.DecidedFacts{Category: s.proposal.Category, Rule: s.proposal.Rule, Model: by.Model, Prompt: by.Prompt}
		if groups[key] == nil {
			empty := key
			groups[key] = &empty
		}
		s.addTo(groups[key])
		if s.state == stride.SuggestionRejected {
			out.RejectReasons[s.reason]++
		}
		if s.state != stride.SuggestionSuperseded {
			times = append(times, s.since.Sub(s.created))
		}
	}
	out.DecisionTime = metrics.QuantilesOf(times)
	for _, g := range groups {
		out.Decided = append(out.Decided, *g)
	}
	slices.SortFunc(out.Decided, func(a, b metrics.DecidedFacts) int {
		return cmp.Or(
			cmp.Compare(a.Category, b.Category), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Model, b.Model), cmp.Compare(a.Prompt, b.Prompt),
		)
	})
}

func (r *replay) llmFacts(f *metrics.Facts, calls []stride.LLMCall) {
	drafts := map[stride.DraftID]bool{}
	for _, c := range calls {
		if !r.projects[c.ProjectID].eligible() || !f.Window.Holds(c.StartedAt) {
			continue
		}
		drafts[c.DraftID] = true
		f.LLM.Calls++
		if c.Failure != "" {
			f.LLM.Failed++
		}
		f.LLM.TokensIn += int64(c.TokensIn)
		f.LLM.TokensCached += int64(c.TokensCached)
		f.LLM.TokensOut += int64(c.TokensOut)
		f.LLM.CostMicroUSD += c.CostMicroUSD
		if !c.Priced {
			f.LLM.Unpriced++
		}
	}
	f.LLM.Drafts = len(drafts)
	for _, t := range r.threats {
		valid := r.projects[t.project].eligible() && t.state != stride.ThreatInvalid
		if valid && f.Window.Holds(t.accepted) && t.proposal.ByModel().Model != "" {
			f.LLM.Accepted++
		}
	}
}

func (r *replay) coverageFacts(f *metrics.Facts, h *History) {
	type scope struct {
		project stride.ProjectID
		name    string
	}
	newest, number := map[scope]Draft{}, map[scope]int{}
	for _, d := range h.Drafts {
		m := r.scopes[string(d.ModelID)]
		s := scope{m.ProjectID, m.Scope}
		if r.projects[m.ProjectID].eligible() && f.Window.Happened(d.At) && m.Number >= number[s] {
			newest[s], number[s] = d, m.Number
		}
	}
	for _, d := range newest {
		f.CellsWanted += d.Wanted
		f.CellsAnswered += d.Answered
	}
}

func (s *suggestionLife) addTo(g *metrics.DecidedFacts) {
	switch s.state {
	case stride.SuggestionAccepted:
		g.Accepted++
		if s.edited {
			g.Edited++
		}
	case stride.SuggestionRejected:
		g.Rejected++
		if s.reason == stride.ReasonDuplicate {
			g.Duplicates++
		}
	case stride.SuggestionMerged:
		g.Merged++
	case stride.SuggestionSuperseded:
		g.Superseded++
	}
}

func unverified(p stride.Proposal) bool {
	for _, e := range p.Evidence {
		if e.Kind != stride.Inferred {
			return false
		}
	}
	return true
}
