package store_test

import (
	cmpvalue "cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/threatdraft/threatdraft/internal/analysis"
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

				by := rapid.SampledFrom(metrics.GroupBys()).Draw(r, "group by")
				groups, err := reference.Groups(h, reach, w, by)
				require.NoError(r, err)
				require.Empty(r, cmp.Diff(groups, readGroups(t, s, prefix, reach, w, by), cmpopts.EquateEmpty()), "by %s", by)
			}
		})
	})
}

// TestMetricsSeeWhatChangedSinceTheirSummaries reads a history, which writes the
// summaries, and again when it has gone on: once from the summary and what
// changed, and once from what that left.
func TestMetricsSeeWhatChangedSinceTheirSummaries(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		var histories atomic.Int64
		rapid.Check(t, func(r *rapid.T) {
			g := newHistory(r)
			g.goOn(rapid.IntRange(0, 60).Draw(r, "steps"))
			before := g.soFar()
			prefix := fmt.Sprintf("changing%d-", histories.Add(1))
			writeHistory(t, s, before, prefix)
			w, reach := metrics.Window{AsOf: g.now}, stride.Reach{Projects: allOf(before)}
			want, err := reference.Facts(before, reach, w)
			require.NoError(r, err)
			require.Empty(r, cmp.Diff(want, readFacts(t, s, prefix, reach, "", w), cmpopts.EquateEmpty()), "before")

			g.goOn(rapid.IntRange(1, 120).Draw(r, "more steps"))
			goOnWriting(t, s, before, g.History, prefix)
			reach.Projects = allOf(g.History)
			for _, w := range []metrics.Window{{AsOf: g.now}, {AsOf: g.now}, w, randomWindow(r, g.History)} {
				want, err := reference.Facts(g.History, reach, w)
				require.NoError(r, err)
				require.Empty(r, cmp.Diff(want, readFacts(t, s, prefix, reach, "", w), cmpopts.EquateEmpty()), "after")
			}
		})
	})
}

// TestMetricsForgetWhatWasUndone holds that a threat whose row is gone counts
// nowhere, although a summary has it.
func TestMetricsForgetWhatWasUndone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		h := &reference.History{}
		h.CreateProject(reference.Day(0), "p1", stride.InScopeTrue)
		h.Suggest(reference.Day(1), reference.Suggestion{ID: "s1", ProjectID: "p1", Proposal: stride.Proposal{Category: stride.Spoofing}})
		w := metrics.Window{AsOf: reference.Day(3)}
		kept := *h
		kept.Intervals = slices.Clone(h.Intervals)
		want, err := reference.Facts(&kept, stride.Reach{All: true}, w)
		require.NoError(t, err)
		h.Decide(reference.Day(2), "s1", stride.SuggestionAccepted, "", false)
		writeHistory(t, s, h, "")
		require.Equal(t, 1, readFacts(t, s, "", stride.Reach{All: true}, "", w).FromDrafts)

		kept.Events = append(slices.Clone(h.Events), stride.Event{
			ProjectID: "p1", Seq: int64(len(h.Events) + 1), Kind: "suggestion.undone", Subject: stride.SubjectSuggestion, SubjectID: "s1",
			At: reference.Day(2), Payload: `{"threat_id":"` + string(reference.ThreatOf("s1")) + `"}`,
		})
		goOnWriting(t, s, h, &kept, "")
		require.Empty(t, cmp.Diff(want, readFacts(t, s, "", stride.Reach{All: true}, "", w), cmpopts.EquateEmpty()))
	})
}

// TestBrokenSummaryIsWrittenAnew holds that a summary is never needed.
func TestBrokenSummaryIsWrittenAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		h := &reference.History{}
		h.CreateProject(reference.Day(0), "p1", stride.InScopeTrue)
		h.AddThreat(reference.Day(1), "p1", "t1")
		writeHistory(t, s, h, "")
		w := metrics.Window{AsOf: reference.Day(2)}
		want := readFacts(t, s, "", stride.Reach{All: true}, "", w)
		require.Equal(t, 1, want.HumanAdded)
		for _, broken := range []string{"update metric_summaries set body = ids", "update metric_summaries set format = 0", "delete from metric_summaries"} {
			_, err := s.WriterDB().ExecContext(t.Context(), broken)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(want, readFacts(t, s, "", stride.Reach{All: true}, "", w)), broken)
			var body []byte
			require.NoError(t, s.WriterDB().QueryRowContext(t.Context(), "select body from metric_summaries where format = 1").Scan(&body))
			require.Greater(t, len(body), 10)
		}
	})
}

// TestSeriesDoNotMove holds the points of random histories to the reference, each
// as of its own moment, and to what they were before all projects were archived.
func TestSeriesDoNotMove(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		var histories atomic.Int64
		rapid.Check(t, func(r *rapid.T) {
			g := newHistory(r)
			g.goOn(rapid.IntRange(0, 40).Draw(r, "steps"))
			prefix := fmt.Sprintf("series%d-", histories.Add(1))
			before := g.soFar()
			writeHistory(t, s, before, prefix)
			from := reference.Day(0).Add(-time.Hour)
			w := metrics.Window{AsOf: g.now, From: &from}
			by := rapid.SampledFrom([]metrics.GroupBy{metrics.ByNothing, metrics.ByCategory, metrics.ByModel}).Draw(r, "by")
			points := seriesOf(t, s, prefix, before, w, by)
			windows, err := metrics.Series(w, metrics.Monthly)
			require.NoError(r, err)
			require.Len(r, points, len(windows))
			for i, window := range windows {
				require.Empty(r, cmp.Diff(pointOf(r, before, window, by), points[i], cmpopts.EquateEmpty()), "point %d", i)
			}

			g.now = g.now.Add(time.Hour)
			for _, p := range g.Projects {
				if g.State(stride.SubjectProject, string(p.ID)) == stride.ProjectActive {
					g.Archive(g.now, p.ID)
				}
			}
			goOnWriting(t, s, before, g.History, prefix)
			require.Empty(r, cmp.Diff(points, seriesOf(t, s, prefix, before, w, by)), "archived later")
		})
	})
}

// seriesOf asks the use case for months.
func seriesOf(
	t *testing.T, s *store.Store, prefix string, h *reference.History, w metrics.Window, by metrics.GroupBy,
) []metrics.Point {
	t.Helper()
	actor := stride.Actor{}
	for _, id := range allOf(h) {
		actor.Grants = append(actor.Grants, stride.Grant{Project: stride.ProjectID(prefix) + id, Role: stride.RoleViewer})
	}
	m := analysis.Metrics{Store: s}
	points, err := m.Series(t.Context(), actor, analysis.MetricsQuery{Window: w, By: by}, metrics.Monthly)
	require.NoError(t, err)
	return points
}

// pointOf works a point out by the reference.
func pointOf(r *rapid.T, h *reference.History, w metrics.Window, by metrics.GroupBy) metrics.Point {
	reach := stride.Reach{Projects: allOf(h)}
	facts := map[string]metrics.Facts{}
	var err error
	if by == metrics.ByNothing {
		facts[""], err = reference.Facts(h, reach, w)
	} else {
		facts, err = reference.Groups(h, reach, w, by)
	}
	require.NoError(r, err)
	var groups []metrics.Group
	for _, key := range slices.Sorted(maps.Keys(facts)) {
		groups = append(groups, metrics.Group{Key: key, Label: key, Facts: facts[key]})
	}
	return metrics.ComputePoint(w, groups, by)
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
	facts := gathered(t, s, prefixed, project, w, metrics.ByNothing)[0].Facts
	for i, p := range facts.Projects {
		facts.Projects[i].ID = stride.ProjectID(strings.TrimPrefix(string(p.ID), prefix))
	}
	return facts
}

// readGroups is readFacts for all groups, by key.
func readGroups(
	t *testing.T, s *store.Store, prefix string, reach stride.Reach, w metrics.Window, by metrics.GroupBy,
) map[string]metrics.Facts {
	t.Helper()
	prefixed := stride.Reach{All: reach.All}
	for _, id := range reach.Projects {
		prefixed.Projects = append(prefixed.Projects, stride.ProjectID(prefix)+id)
	}
	out := map[string]metrics.Facts{}
	for _, g := range gathered(t, s, prefixed, "", w, by) {
		for i, p := range g.Facts.Projects {
			g.Facts.Projects[i].ID = stride.ProjectID(strings.TrimPrefix(string(p.ID), prefix))
		}
		out[strings.TrimPrefix(g.Key, prefix)] = g.Facts
	}
	return out
}

// gathered asks as package analysis does.
func gathered(
	t *testing.T, s *store.Store, reach stride.Reach, project stride.ProjectID, w metrics.Window, by metrics.GroupBy,
) []metrics.Group {
	t.Helper()
	g := metrics.NewGatherer(w, by)
	require.NoError(t, s.EachLife(t.Context(), reach, project, func(l *metrics.Lives) error {
		g.Add(l)
		return nil
	}))
	uses, err := s.CallUse(t.Context(), reach, project, w, by)
	require.NoError(t, err)
	g.AddCalls(uses)
	return g.Groups()
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
	g := newHistory(r)
	g.goOn(rapid.IntRange(0, 120).Draw(r, "steps"))
	return g.History
}

func newHistory(r *rapid.T) *history {
	g := &history{History: &reference.History{}, r: r, now: reference.Day(0)}
	g.createProject()
	g.Tag(g.Projects[0].ID, "blue", "red")
	return g
}

func (g *history) goOn(n int) {
	steps := []func(){
		g.createProject, g.changeProject, g.createModel, g.moveModel, g.moveModel, g.suggest, g.suggest, g.decide, g.decide,
		g.addThreat, g.moveThreat, g.moveThreat, g.moveThreat, g.acknowledge, g.callModel, g.endDraft,
	}
	for range n {
		g.now = g.now.Add(rapid.SampledFrom([]time.Duration{
			0, time.Microsecond, 1234567 * time.Microsecond, 36 * time.Hour, 100 * 24 * time.Hour,
		}).Draw(g.r, "later"))
		steps[rapid.IntRange(0, len(steps)-1).Draw(g.r, "step")]()
	}
}

// soFar is the history as it is now, which what comes does not change.
func (g *history) soFar() *reference.History {
	h := *g.History
	h.Intervals = slices.Clone(h.Intervals)
	h.Reports = slices.Clone(h.Reports)
	h.Projects = slices.Clone(h.Projects)
	return &h
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
		Severity: rapid.SampledFrom(stride.Severities()).Draw(g.r, "severity"),
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
		ProjectID: project, Failure: failure, Provider: "openai", Model: rapid.SampledFrom([]string{"a", "b"}).Draw(g.r, "model"),
		Task: "threats", PromptVersion: rapid.SampledFrom([]string{"v1", "v2"}).Draw(g.r, "prompt"),
		TokensIn: in, TokensCached: rapid.IntRange(0, in).Draw(g.r, "tokens cached"),
		TokensOut:    rapid.IntRange(0, 2_000).Draw(g.r, "tokens out"),
		CostMicroUSD: rapid.Int64Range(0, 1_000_000).Draw(g.r, "cost"), Priced: rapid.Bool().Draw(g.r, "priced"),
	})
}

func (g *history) endDraft() {
	if len(g.Models) == 0 {
		return
	}
	wanted := rapid.IntRange(0, 9).Draw(g.r, "cells")
	g.EndDraft(g.now, reference.Draft{
		ID: stride.DraftID(g.id("e")), ModelID: rapid.SampledFrom(g.Models).Draw(g.r, "model").ID, Wanted: wanted,
		Answered: rapid.IntRange(0, wanted).Draw(g.r, "answered"),
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
	goOnWriting(t, s, &reference.History{}, h, prefix)
}

// goOnWriting writes what a history has come to since it was written before. What
// was written on the way to there stays: the summaries of the metrics.
func goOnWriting(t *testing.T, s *store.Store, before, h *reference.History, prefix string) {
	t.Helper()
	driver := map[string]string{"sqlite": "sqlite3", "postgres": "postgres"}[s.Dialect()]
	tx, err := sqlx.NewDb(s.WriterDB(), driver).BeginTxx(t.Context(), nil)
	require.NoError(t, err)
	w := historyWriter{t: t, tx: tx, h: h, before: before, prefix: prefix}
	w.forget()
	w.projects()
	w.suggestions()
	w.threats()
	w.calls()
	w.events()
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
	before *reference.History
	prefix string
}

// forget deletes what was written before, but for projects.
func (w historyWriter) forget() {
	w.t.Helper()
	for _, column := range []string{
		"state_intervals.project_id", "events.project_id", "llm_calls.project_id", "decisions.suggestion_id", "threat_reports.project_id",
		"threats.project_id", "suggestions.project_id", "drafts.project_id", "threat_models.project_id",
	} {
		table, column, _ := strings.Cut(column, ".")
		query := fmt.Sprintf("delete from %s where %s like '%s%%'", table, column, w.prefix)
		if len(w.before.Projects) > 0 {
			storetest.Tamper(w.t, w.tx.DriverName(), w.tx, query)
		}
	}
}

func (w historyWriter) events() {
	last := map[stride.ProjectID]int64{}
	for _, e := range w.h.Events {
		last[e.ProjectID] = e.Seq
		w.insert("events", "project_id, seq, kind, subject, subject_id, actor_id, at, payload, prev_hash, hash",
			w.prefix+string(e.ProjectID), e.Seq, string(e.Kind), string(e.Subject), w.prefix+e.SubjectID, "", e.At.UnixMicro(), e.Payload, "", "")
	}
	for p, seq := range last {
		_, err := w.tx.ExecContext(context.Background(), w.tx.Rebind("update projects set event_seq = ? where id = ?"), seq, w.prefix+string(p))
		require.NoError(w.t, err)
	}
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
	for i, p := range w.h.Projects {
		id := w.prefix + string(p.ID)
		if i < len(w.before.Projects) {
			w.model("drafted-"+id, id, "drafted", 1, "draft")
			w.draft(id, id)
			continue
		}
		var sandboxOf *string
		if p.Sandbox {
			w.insert("users", "id, name, created_at", id, id, 0)
			sandboxOf = &id
		}
		w.insert("projects",
			"id, name, name_key, owner, in_scope, criticality, tags, sandbox_of, revision, event_seq, created_at, updated_at",
			id, p.Name, id, "", w.h.State(stride.SubjectScope, string(p.ID)), "unknown", tags(w.t, p), sandboxOf, 1, 0, 0, 0)
		w.model("drafted-"+id, id, "drafted", 1, "draft")
		w.draft(id, id)
	}
	for _, m := range w.h.Models {
		w.model(w.prefix+string(m.ID), w.prefix+string(m.ProjectID), m.Scope, m.Number,
			w.h.State(stride.SubjectModel, string(m.ID)))
	}
	for _, d := range w.h.Drafts {
		w.endedDraft(d)
	}
}

func tags(t *testing.T, p reference.Project) string {
	t.Helper()
	body, err := json.Marshal(append([]string{}, p.Tags...))
	require.NoError(t, err)
	return string(body)
}

func (w historyWriter) endedDraft(d reference.Draft) {
	var outcome stride.DraftOutcome
	answers := []stride.CellState{stride.CellThreat, stride.CellMitigated, stride.CellNotApplicable}
	for i := range d.Wanted {
		cell := stride.Cell{State: stride.CellEmpty}
		if i < d.Answered {
			cell.State = answers[i%len(answers)]
		}
		outcome.Coverage = append(outcome.Coverage, cell)
	}
	body, err := json.Marshal(outcome)
	require.NoError(w.t, err)
	var project stride.ProjectID
	for _, m := range w.h.Models {
		if m.ID == d.ModelID {
			project = m.ProjectID
		}
	}
	w.insert("drafts", "id, model_id, project_id, author_id, drafter, state, run, lease_owner, cancel_requested, job_id,"+
		" progress, outcome, created_at, queued_at, ended_at", w.prefix+string(d.ID), w.prefix+string(d.ModelID),
		w.prefix+string(project), "", "offline", "succeeded", 1, "", 0, 0, "{}", string(body), 0, 0, d.At.UnixMicro())
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
			w.prefix+string(c.ID), draft, project, 1, or(c.Task, "threats"), or(c.PromptVersion, "v1"), "",
			or(c.Provider, "openai"), or(c.Model, "a"), 1,
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
			w.h.State(stride.SubjectSuggestion, string(s.ID)), string(s.Proposal.Category), string(s.Proposal.Severity), "low", s.Proposal.Rule,
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

func or(value, otherwise string) string { return cmpvalue.Or(value, otherwise) }

func (w historyWriter) threats() {
	kinds := map[stride.SuggestionID]metrics.Kind{}
	for _, s := range w.h.Suggestions {
		kinds[s.ID] = reference.KindOf(s.Proposal)
	}
	for _, t := range w.h.Threats {
		var suggestion *string
		kind := reference.HumanKind()
		if t.SuggestionID != "" {
			kind = kinds[t.SuggestionID]
			id := w.prefix + string(t.SuggestionID)
			suggestion = &id
		}
		w.insert("threats", "id, project_id, suggestion_id, origin, category, severity, content, state, state_reason, owner,"+
			" party, accepted_at, accepted_by, mitigated_by, reopen_count, revision, updated_at",
			w.prefix+string(t.ID), w.prefix+string(t.ProjectID), suggestion, string(t.Origin), string(kind.Category), string(kind.Severity), "{}",
			w.h.State(stride.SubjectThreat, string(t.ID)), "", "", "", t.AcceptedAt.UnixMicro(), "", "", 0, 1, 0)
	}
	for _, r := range w.h.Reports {
		w.insert("threat_reports", "threat_id, project_id, at",
			w.prefix+string(r.ThreatID), w.prefix+string(r.ProjectID), r.At.UnixMicro())
	}
}
