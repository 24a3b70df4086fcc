package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/metrics/reference"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestMetricsFactsOfHandMadeHistories(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		for i, c := range reference.Cases() {
			t.Run(c.Name, func(t *testing.T) {
				h := &reference.History{}
				c.Record(h)
				prefix := fmt.Sprintf("case%d-", i)
				writeHistory(t, s, h, prefix)
				if c.Reach.Projects == nil {
					c.Reach.Projects = allOf(h)
				}
				c.Want.Window = c.Window
				require.Empty(t, cmp.Diff(c.Want, readFacts(t, s, prefix, c.Reach, "", c.Window), cmpopts.EquateEmpty()))
			})
		}
	})
}

func TestMetricsFactsReach(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		h := &reference.History{}
		for _, id := range []stride.ProjectID{"p1", "p2", "p3"} {
			h.CreateProject(reference.Day(0), id, stride.InScopeTrue)
		}
		h.Archive(reference.Day(5), "p3")
		writeHistory(t, s, h, "")
		tests := []struct {
			name    string
			reach   stride.Reach
			project stride.ProjectID
			want    []stride.ProjectID
		}{
			{"all", stride.Reach{All: true}, "", []stride.ProjectID{"p1", "p2"}},
			{"one of all", stride.Reach{All: true}, "p2", []stride.ProjectID{"p2"}},
			{"some", stride.Reach{Projects: []stride.ProjectID{"p2", "p3"}}, "", []stride.ProjectID{"p2"}},
			{"one of some", stride.Reach{Projects: []stride.ProjectID{"p1", "p2"}}, "p1", []stride.ProjectID{"p1"}},
			{"one out of reach", stride.Reach{Projects: []stride.ProjectID{"p2"}}, "p1", nil},
			{"nothing", stride.Reach{}, "", nil},
			{"an archived one", stride.Reach{All: true}, "p3", nil},
			{"none of the id", stride.Reach{All: true}, "p9", nil},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				facts := readFacts(t, s, "", test.reach, test.project, metrics.Window{AsOf: reference.Day(10)})
				var got []stride.ProjectID
				for _, p := range facts.Projects {
					got = append(got, p.ID)
				}
				require.Equal(t, test.want, got)
			})
		}
	})
}

func TestMetricsFactsRefusesAWindowThatIsNone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		day := reference.Day(1)
		_, err := s.MetricsFacts(t.Context(), stride.Reach{All: true}, "", metrics.Window{AsOf: day, From: &day, To: &day})
		require.ErrorIs(t, err, &stride.Error{Kind: stride.Invalid})
	})
}

// TestMetricsFactsAgreeWithTheReference is what holds the SQL to the formulas:
// two ways that share nothing but the formulas' words see the same in histories
// that nobody thought of.
func TestMetricsFactsAgreeWithTheReference(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		var histories atomic.Int64
		rapid.Check(t, func(r *rapid.T) {
			h := randomHistory(r)
			prefix := fmt.Sprintf("history%d-", histories.Add(1))
			writeHistory(t, s, h, prefix)
			for range 3 {
				w := randomWindow(r, h)
				reach := stride.Reach{Projects: allOf(h)}
				want, err := reference.Facts(h, reach, w)
				require.NoError(r, err)
				require.Empty(r, cmp.Diff(want, readFacts(t, s, prefix, reach, "", w), cmpopts.EquateEmpty()), "all projects")

				one := rapid.SampledFrom(h.Projects).Draw(r, "project").ID
				want, err = reference.Facts(h, stride.Reach{Projects: []stride.ProjectID{one}}, w)
				require.NoError(r, err)
				require.Empty(r, cmp.Diff(want, readFacts(t, s, prefix, reach, one, w), cmpopts.EquateEmpty()), "one project")
			}
		})
	})
}

// readFacts asks about the projects of a prefix and takes the prefix off again.
func readFacts(
	t *testing.T, s *store.Store, prefix string, reach stride.Reach, project stride.ProjectID, w metrics.Window,
) metrics.Facts {
	t.Helper()
	prefixed := stride.Reach{All: reach.All}
	for _, id := range reach.Projects {
		prefixed.Projects = append(prefixed.Projects, stride.ProjectID(prefix)+id)
	}
	if project != "" {
		project = stride.ProjectID(prefix) + project
	}
	facts, err := s.MetricsFacts(t.Context(), prefixed, project, w)
	require.NoError(t, err)
	for i, p := range facts.Projects {
		facts.Projects[i].ID = stride.ProjectID(strings.TrimPrefix(string(p.ID), prefix))
	}
	return facts
}

func allOf(h *reference.History) []stride.ProjectID {
	ids := []stride.ProjectID{}
	for _, p := range h.Projects {
		ids = append(ids, p.ID)
	}
	return ids
}

// history is random changes that the state machines allow, by a clock that
// sometimes stands still.
type history struct {
	*reference.History
	r   *rapid.T
	now time.Time
}

func randomHistory(r *rapid.T) *reference.History {
	g := &history{History: &reference.History{}, r: r, now: reference.Day(0)}
	g.createProject()
	steps := []func(){
		g.createProject, g.changeProject, g.createModel, g.moveModel, g.moveModel, g.suggest, g.suggest, g.decide, g.decide,
		g.addThreat, g.moveThreat, g.moveThreat, g.moveThreat, g.acknowledge, g.callModel,
	}
	for range rapid.IntRange(0, 120).Draw(r, "steps") {
		g.now = g.now.Add(rapid.SampledFrom([]time.Duration{
			0, time.Microsecond, 1234567 * time.Microsecond, 36 * time.Hour, 100 * 24 * time.Hour,
		}).Draw(r, "later"))
		steps[rapid.IntRange(0, len(steps)-1).Draw(r, "step")]()
	}
	return g.History
}

func (g *history) id(noun string) string { return fmt.Sprintf("%s%03d", noun, len(g.Events)) }

func (g *history) project() stride.ProjectID {
	return rapid.SampledFrom(g.Projects).Draw(g.r, "project").ID
}

func (g *history) createProject() {
	id := stride.ProjectID(g.id("p"))
	if rapid.IntRange(0, 9).Draw(g.r, "sandbox") == 0 {
		g.CreateSandbox(g.now, id)
		return
	}
	g.CreateProject(g.now, id, rapid.SampledFrom([]stride.InScope{
		stride.InScopeTrue, stride.InScopeTrue, stride.InScopeTrue, stride.InScopeUnknown, stride.InScopeFalse,
	}).Draw(g.r, "in scope"))
}

func (g *history) changeProject() {
	id := g.project()
	archived := g.State(stride.SubjectProject, string(id)) == stride.ProjectArchived
	if !archived && rapid.IntRange(0, 4).Draw(g.r, "archive") == 0 {
		g.Archive(g.now, id)
		return
	}
	g.Scope(g.now, id, rapid.SampledFrom([]stride.InScope{
		stride.InScopeTrue, stride.InScopeTrue, stride.InScopeUnknown, stride.InScopeFalse,
	}).Draw(g.r, "in scope"))
}

func (g *history) createModel() {
	m := reference.Model{
		ID: stride.ModelID(g.id("m")), ProjectID: g.project(),
		Scope: rapid.SampledFrom([]string{"main", "api"}).Draw(g.r, "scope"), Number: 1,
	}
	for _, other := range g.Models {
		if other.ProjectID == m.ProjectID && other.Scope == m.Scope {
			m.Number++
		}
	}
	g.CreateModel(g.now, m)
}

// moveModel also supersedes the completed version of the scope that a newly
// completed one follows.
func (g *history) moveModel() {
	if len(g.Models) == 0 {
		return
	}
	m := rapid.SampledFrom(g.Models).Draw(g.r, "model")
	from := stride.ModelState(g.State(stride.SubjectModel, string(m.ID)))
	to := rapid.SampledFrom([]stride.ModelState{
		stride.ModelInReview, stride.ModelDraft, stride.ModelCompleted,
	}).Draw(g.r, "model state")
	if from == stride.ModelDraft {
		to = stride.ModelInReview
	}
	if !from.CanMove(to) {
		return
	}
	g.MoveModel(g.now, m.ID, to)
	for _, other := range g.Models {
		completed := g.State(stride.SubjectModel, string(other.ID)) == string(stride.ModelCompleted)
		if to == stride.ModelCompleted && completed && other.ProjectID == m.ProjectID && other.Scope == m.Scope && other.ID != m.ID {
			g.MoveModel(g.now, other.ID, stride.ModelSuperseded)
		}
	}
}

func (g *history) suggest() {
	kinds := []stride.EvidenceKind{stride.Quoted, stride.NotStated, stride.Inferred, stride.Inferred, stride.HumanEvidence}
	p := stride.Proposal{
		Category: rapid.SampledFrom(stride.Categories()[:3]).Draw(g.r, "category"),
		Rule:     rapid.SampledFrom([]string{"", "rule-a", "rule-b"}).Draw(g.r, "rule"),
		Title:    `it says "kind":"quoted"`,
	}
	if p.Rule != "" {
		p.Origins = append(p.Origins, stride.Origin{By: "rule", Title: "of a rule"})
	}
	if model := rapid.SampledFrom([]string{"", "openai/a", "openai/b"}).Draw(g.r, "model"); model != "" {
		prompt := rapid.SampledFrom([]string{"threats/v1", "gaps/v1"}).Draw(g.r, "prompt")
		p.Origins = append(p.Origins, stride.Origin{By: "model", Model: model, Prompt: prompt})
	}
	for _, kind := range rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 2).Draw(g.r, "evidence") {
		p.Evidence = append(p.Evidence, stride.Evidence{Kind: kind})
	}
	g.Suggest(g.now, reference.Suggestion{ID: stride.SuggestionID(g.id("s")), ProjectID: g.project(), Proposal: p})
}

func (g *history) decide() {
	if len(g.Suggestions) == 0 {
		return
	}
	s := rapid.SampledFrom(g.Suggestions).Draw(g.r, "suggestion")
	from := stride.SuggestionState(g.State(stride.SubjectSuggestion, string(s.ID)))
	var moves []stride.SuggestionState
	for _, to := range stride.SuggestionStates() {
		if from.CanMove(to) && to != stride.SuggestionAwaitingSecond {
			moves = append(moves, to)
		}
	}
	if len(moves) == 0 {
		return
	}
	to := rapid.SampledFrom(moves).Draw(g.r, "decided state")
	reason := stride.RejectReason("")
	if to == stride.SuggestionRejected {
		reason = rapid.SampledFrom([]stride.RejectReason{stride.ReasonDuplicate, stride.ReasonOther}).Draw(g.r, "reason")
	}
	g.Decide(g.now, s.ID, to, reason, to == stride.SuggestionAccepted && rapid.Bool().Draw(g.r, "edited"))
	threat := reference.ThreatOf(s.ID)
	if from == stride.SuggestionAccepted && g.State(stride.SubjectThreat, string(threat)) == string(stride.ThreatOpen) {
		g.MoveThreat(g.now, threat, stride.ThreatInvalid)
	}
}

func (g *history) addThreat() { g.AddThreat(g.now, g.project(), stride.ThreatID(g.id("t"))) }

func (g *history) moveThreat() {
	if len(g.Threats) == 0 {
		return
	}
	t := rapid.SampledFrom(g.Threats).Draw(g.r, "threat")
	from := stride.ThreatState(g.State(stride.SubjectThreat, string(t.ID)))
	g.MoveThreat(g.now, t.ID, rapid.SampledFrom(from.Moves()).Draw(g.r, "threat state"))
}

func (g *history) acknowledge() {
	if len(g.Threats) == 0 {
		return
	}
	t := rapid.SampledFrom(g.Threats).Draw(g.r, "threat")
	g.Acknowledge(g.now, t.ID, rapid.SampledFrom([]string{"jira", "github"}).Draw(g.r, "system"), g.id("k"))
}

func (g *history) callModel() {
	project := g.project()
	failure := rapid.SampledFrom([]stride.LLMFailure{"", "", "timeout"}).Draw(g.r, "failure")
	in := rapid.IntRange(0, 5_000).Draw(g.r, "tokens in")
	g.Call(g.now, stride.LLMCall{
		ID:        stride.LLMCallID(fmt.Sprintf("c%03d", len(g.Calls))),
		DraftID:   stride.DraftID(fmt.Sprintf("d%d-%s", rapid.IntRange(1, 3).Draw(g.r, "draft"), project)),
		ProjectID: project, Failure: failure,
		TokensIn: in, TokensCached: rapid.IntRange(0, in).Draw(g.r, "tokens cached"),
		TokensOut:    rapid.IntRange(0, 2_000).Draw(g.r, "tokens out"),
		CostMicroUSD: rapid.Int64Range(0, 1_000_000).Draw(g.r, "cost"), Priced: rapid.Bool().Draw(g.r, "priced"),
	})
}

// randomWindow takes its moments from the history, at the very microsecond or
// next to it, where off-by-one lives.
func randomWindow(r *rapid.T, h *reference.History) metrics.Window {
	var moments []time.Time
	for _, e := range h.Events {
		moments = append(moments, e.At)
	}
	for _, c := range h.Calls {
		moments = append(moments, c.StartedAt)
	}
	moment := func(name string) time.Time {
		return rapid.SampledFrom(moments).Draw(r, name).Add(rapid.SampledFrom([]time.Duration{
			0, 0, -time.Microsecond, time.Microsecond, 36 * time.Hour, metrics.FreshFor,
		}).Draw(r, name+" off by"))
	}
	w := metrics.Window{AsOf: moment("as of")}
	if rapid.Bool().Draw(r, "has from") {
		from := moment("from")
		w.From = &from
	}
	if rapid.Bool().Draw(r, "has to") {
		if to := moment("to"); w.From == nil || w.From.Before(to) {
			w.To = &to
		}
	}
	return w
}

// writeHistory writes the rows that the use cases would have written, with
// every id prefixed, so that histories can share a database. Columns that move
// hold what they held at the end, as they would.
func writeHistory(t *testing.T, s *store.Store, h *reference.History, prefix string) {
	t.Helper()
	driver := map[string]string{"sqlite": "sqlite3", "postgres": "postgres"}[s.Dialect()]
	tx, err := sqlx.NewDb(s.WriterDB(), driver).BeginTxx(t.Context(), nil)
	require.NoError(t, err)
	w := historyWriter{t: t, tx: tx, h: h, prefix: prefix}
	w.projects()
	w.suggestions()
	w.threats()
	w.calls()
	for _, i := range h.Intervals {
		var to *int64
		if i.To != nil {
			us := i.To.UnixMicro()
			to = &us
		}
		w.insert("state_intervals", "subject, subject_id, project_id, ordinal, state, from_at, to_at",
			string(i.Subject), prefix+i.SubjectID, prefix+string(i.ProjectID), i.Ordinal, i.State, i.From.UnixMicro(), to)
	}
	require.NoError(t, tx.Commit())
}

type historyWriter struct {
	t      *testing.T
	tx     *sqlx.Tx
	h      *reference.History
	prefix string
}

func (w historyWriter) insert(table, columns string, values ...any) {
	w.t.Helper()
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")
	query := fmt.Sprintf("insert into %s (%s) values (%s)", table, columns, marks)
	_, err := w.tx.ExecContext(context.Background(), w.tx.Rebind(query), values...)
	require.NoError(w.t, err, table)
}

// projects writes each project with one more threat model and draft, which its
// suggestions stand on.
func (w historyWriter) projects() {
	for _, p := range w.h.Projects {
		id := w.prefix + string(p.ID)
		var sandboxOf *string
		if p.Sandbox {
			w.insert("users", "id, name, created_at", id, id, 0)
			sandboxOf = &id
		}
		w.insert("projects",
			"id, name, name_key, owner, in_scope, criticality, tags, sandbox_of, revision, event_seq, created_at, updated_at",
			id, p.Name, id, "", w.h.State(stride.SubjectScope, string(p.ID)), "unknown", "[]", sandboxOf, 1, 0, 0, 0)
		w.model("drafted-"+id, id, "drafted", 1, "draft")
		w.draft(id, id)
	}
	for _, m := range w.h.Models {
		w.model(w.prefix+string(m.ID), w.prefix+string(m.ProjectID), m.Scope, m.Number,
			w.h.State(stride.SubjectModel, string(m.ID)))
	}
}

func (w historyWriter) draft(id, project string) {
	w.insert("drafts", "id, model_id, project_id, author_id, drafter, state, run, lease_owner, cancel_requested, job_id,"+
		" progress, created_at, queued_at", id, "drafted-"+project, project, "", "offline", "succeeded", 1, "", 0, 0, "{}", 0, 0)
}

// calls writes each call with its draft.
func (w historyWriter) calls() {
	drafts := map[stride.DraftID]bool{}
	for _, c := range w.h.Calls {
		draft, project := w.prefix+string(c.DraftID), w.prefix+string(c.ProjectID)
		if !drafts[c.DraftID] {
			drafts[c.DraftID] = true
			w.draft(draft, project)
		}
		priced := 0
		if c.Priced {
			priced = 1
		}
		w.insert("llm_calls", "id, draft_id, project_id, run, task, prompt_version, prompt_hash, provider, model, attempt,"+
			" tokens_in, tokens_cached, tokens_out, estimated, cost_micro_usd, priced, first_token, total, finish, failure,"+
			" started_at, ended_at",
			w.prefix+string(c.ID), draft, project, 1, "threats", "v1", "", "openai", "a", 1,
			c.TokensIn, c.TokensCached, c.TokensOut, 0, c.CostMicroUSD, priced, 0, 0, "", string(c.Failure),
			c.StartedAt.UnixMicro(), nil)
	}
}

func (w historyWriter) model(id, project, scope string, number int, state string) {
	w.insert("threat_models", "id, project_id, scope, number, state, content_hash, architecture, notes, author_id,"+
		" assignee_id, revision, created_at, completed_by",
		id, project, scope, number, state, "", "{}", "[]", "", "", 1, 0, "")
}

func (w historyWriter) suggestions() {
	for _, s := range w.h.Suggestions {
		proposal, err := json.Marshal(s.Proposal)
		require.NoError(w.t, err)
		project := w.prefix + string(s.ProjectID)
		w.insert("suggestions", "id, project_id, model_id, draft_id, item_key, state, category, severity, confidence, rule,"+
			" llm_model, llm_prompt, priority, proposal, current, merged_into, ask, revision, created_at, decided_by",
			w.prefix+string(s.ID), project, "drafted-"+project, project, string(s.ID),
			w.h.State(stride.SubjectSuggestion, string(s.ID)), string(s.Proposal.Category), "low", "low", s.Proposal.Rule,
			s.Proposal.ByModel().Model, s.Proposal.ByModel().Prompt, 1, string(proposal), string(proposal), "", "", 1, 0, "")
	}
	for i, d := range w.h.Decisions {
		diff := "[]"
		if d.Edited {
			diff = `[{"field":"impact","from":2,"to":3}]`
		}
		w.insert("decisions", "id, suggestion_id, kind, reason, text, diff, into_id, actor_id, at",
			fmt.Sprintf("%s%06d", w.prefix, i), w.prefix+string(d.SuggestionID), string(d.Kind), string(d.Reason), "", diff,
			"", "", d.At.UnixMicro())
	}
}

func (w historyWriter) threats() {
	for _, t := range w.h.Threats {
		var suggestion *string
		if t.SuggestionID != "" {
			id := w.prefix + string(t.SuggestionID)
			suggestion = &id
		}
		w.insert("threats", "id, project_id, suggestion_id, origin, category, severity, content, state, state_reason, owner,"+
			" party, accepted_at, accepted_by, mitigated_by, reopen_count, revision, updated_at",
			w.prefix+string(t.ID), w.prefix+string(t.ProjectID), suggestion, string(t.Origin), "spoofing", "low", "{}",
			w.h.State(stride.SubjectThreat, string(t.ID)), "", "", "", t.AcceptedAt.UnixMicro(), "", "", 0, 1, 0)
	}
	for _, r := range w.h.Reports {
		w.insert("threat_reports", "threat_id, project_id, at",
			w.prefix+string(r.ThreatID), w.prefix+string(r.ProjectID), r.At.UnixMicro())
	}
}
