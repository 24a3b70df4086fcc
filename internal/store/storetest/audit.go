package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func auditTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"events by filter":         testEventFilters,
		"events in pages":          testEventPages,
		"events cannot be changed": testEventsAreKept,
		"chains":                   testChains,
	}
}

// trail appends n events to each project in turn, two at a moment.
func (f *fixture) trail(t *testing.T, n int, projects ...stride.Project) time.Time {
	t.Helper()
	start := kept(f.now())
	for i := range n {
		for _, p := range projects {
			e := f.event(p.ID, stride.SubjectThreat, "t")
			e.At = start.Add(time.Duration(i/2) * time.Second)
			if i%2 == 1 {
				e.Kind, e.Subject, e.SubjectID, e.ActorID = stride.EventDraftMoved, stride.SubjectDraft, "d", ""
			}
			f.appendEvent(t, e)
		}
	}
	return start
}

func (f *fixture) allEvents(t *testing.T, reach stride.Reach, ef analysis.EventFilter, limit int) []stride.Event {
	t.Helper()
	var out []stride.Event
	for p := (analysis.Page{Limit: limit}); ; {
		got, err := f.Events(f.ctx, reach, ef, p)
		require.NoError(t, err)
		require.LessOrEqual(t, len(got.Items), limit)
		out = append(out, got.Items...)
		if got.Next == nil {
			return out
		}
		p.After = got.Next
	}
}

func testEventFilters(t *testing.T, f *fixture) {
	p, q := f.project(t, "shop"), f.project(t, "other")
	start := f.trail(t, 4, p, q)
	all := stride.Reach{All: true}
	until := start.Add(time.Second)
	tests := map[string]struct {
		reach stride.Reach
		ef    analysis.EventFilter
		want  int
	}{
		"all":            {all, analysis.EventFilter{}, 8},
		"reach":          {stride.Reach{Projects: []stride.ProjectID{p.ID}}, analysis.EventFilter{}, 4},
		"no reach":       {stride.Reach{}, analysis.EventFilter{}, 0},
		"out of reach":   {stride.Reach{Projects: []stride.ProjectID{p.ID}}, analysis.EventFilter{Project: q.ID}, 0},
		"project":        {all, analysis.EventFilter{Project: p.ID}, 4},
		"actor":          {all, analysis.EventFilter{Actor: "somebody"}, 4},
		"kinds":          {all, analysis.EventFilter{Kind: []stride.EventKind{stride.EventDraftMoved, stride.EventDraftCreated}}, 4},
		"subject":        {all, analysis.EventFilter{Subject: stride.SubjectThreat, SubjectID: "t"}, 4},
		"another":        {all, analysis.EventFilter{Subject: stride.SubjectThreat, SubjectID: "u"}, 0},
		"since":          {all, analysis.EventFilter{Since: &until}, 4},
		"until":          {all, analysis.EventFilter{Until: &until}, 4},
		"since to until": {all, analysis.EventFilter{Since: &start, Until: &until, Project: q.ID, Actor: "somebody"}, 1},
	}
	for name, tt := range tests {
		require.Len(t, f.allEvents(t, tt.reach, tt.ef, 100), tt.want, name)
	}
}

func testEventPages(t *testing.T, f *fixture) {
	p, q := f.project(t, "shop"), f.project(t, "other")
	f.trail(t, 9, p, q)
	all := stride.Reach{All: true}
	for name, ef := range map[string]analysis.EventFilter{"over all": {}, "of a project": {Project: q.ID}} {
		whole := f.allEvents(t, all, ef, 200)
		require.True(t, slices.IsSortedFunc(whole, func(a, b stride.Event) int { return b.At.Compare(a.At) }), name)
		require.Empty(t, cmp.Diff(whole, f.allEvents(t, all, ef, 4)), "%s: pages are the list", name)
		ef.OldestFirst = true
		slices.Reverse(whole)
		require.Empty(t, cmp.Diff(whole, f.allEvents(t, all, ef, 4)), "%s: oldest first", name)
	}
	first, err := f.Events(f.ctx, all, analysis.EventFilter{}, analysis.Page{Limit: 1})
	require.NoError(t, err)
	_, err = f.Events(f.ctx, all, analysis.EventFilter{OldestFirst: true}, analysis.Page{After: first.Next})
	requireKind(t, stride.Invalid, err)
}

// testEventsAreKept tries what a program with a bug, or a person with a password,
// would.
func testEventsAreKept(t *testing.T, f *fixture) {
	f.trail(t, 2, f.project(t, "shop"))
	before := f.allEvents(t, stride.Reach{All: true}, analysis.EventFilter{}, 10)
	for _, statement := range []string{
		"update events set payload = '{}' where seq = 1", "update events set at = at", "delete from events where seq = 2", "delete from events",
	} {
		_, err := f.WriterDB().ExecContext(f.ctx, statement)
		require.ErrorContains(t, err, "events are append-only", statement)
	}
	require.Empty(t, cmp.Diff(before, f.allEvents(t, stride.Reach{All: true}, analysis.EventFilter{}, 10)))
}

func testChains(t *testing.T, f *fixture) {
	p, q, empty := f.project(t, "shop"), f.project(t, "other"), f.project(t, "empty")
	f.trail(t, 3, p)
	f.trail(t, 1, q)
	got, err := f.Chains(f.ctx, "")
	require.NoError(t, err)
	want := []analysis.ChainEnd{
		{Project: p.ID, Name: p.Name, Length: 3}, {Project: q.ID, Name: q.Name, Length: 1}, {Project: empty.ID, Name: empty.Name},
	}
	slices.SortFunc(want, func(a, b analysis.ChainEnd) int { return strings.Compare(string(a.Project), string(b.Project)) })
	require.Equal(t, want, got)
	one, err := f.Chains(f.ctx, q.ID)
	require.NoError(t, err)
	require.Equal(t, []analysis.ChainEnd{{Project: q.ID, Name: q.Name, Length: 1}}, one)
	_, err = f.Chains(f.ctx, newID[stride.ProjectID]())
	requireKind(t, stride.NotFound, err)

	events, err := f.EventsAfter(f.ctx, p.ID, 1, 1)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.EqualValues(t, 2, events[0].Seq)
	events, err = f.EventsAfter(f.ctx, p.ID, 3, 10)
	require.NoError(t, err)
	require.Empty(t, events)
}
