package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func queueTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"next passes over claims and parkings": testNext,
		"next of several transactions":         testNextRace,
		"undo of intervals":                    testUndoInterval,
		"a threat is taken back whole":         testTakeBackThreat,
		"a decision is undone once":            testMarkUndone,
		"views":                                testViews,
		"facets":                               testFacets,
		"words":                                testWords,
	}
}

// queued stores n pending suggestions of one draft.
func (f *fixture) queued(t *testing.T, n int) []stride.Suggestion {
	t.Helper()
	r := f.run(t, "queue")
	out := make([]stride.Suggestion, 0, n)
	for i := range n {
		s := f.newSuggestion(r, fmt.Sprintf("threat %d", i))
		f.insertSuggestion(t, s)
		out = append(out, s)
	}
	return out
}

func (f *fixture) inReviewTx(t *testing.T, fn func(tx analysis.ReviewTx) error) {
	t.Helper()
	require.NoError(t, f.InReviewTx(f.ctx, fn))
}

func testNext(t *testing.T, f *fixture) {
	all := f.queued(t, 4)
	now := f.now()
	filter := analysis.SuggestionFilter{Project: all[0].ProjectID, Sort: analysis.SortOldest, User: "me", At: now}
	until, past := now.Add(time.Minute), now.Add(-time.Minute)
	f.inReviewTx(t, func(tx analysis.ReviewTx) error {
		require.NoError(t, tx.ClaimSuggestion(f.ctx, all[0].ID, "me", &until))
		require.NoError(t, tx.ClaimSuggestion(f.ctx, all[2].ID, "you", &past))
		parked, err := tx.SuggestionByID(f.ctx, all[1].ID)
		require.NoError(t, err)
		parked.ParkedUntil = &until
		return tx.UpdateSuggestion(f.ctx, parked, parked.State)
	})
	next := func(resume bool, at time.Time) (id stride.SuggestionID) {
		filter.At = at
		f.inReviewTx(t, func(tx analysis.ReviewTx) (err error) {
			id, err = tx.NextSuggestion(f.ctx, everything(), filter, resume)
			return err
		})
		return id
	}
	require.Equal(t, all[2].ID, next(false, now), "a lease that is over is none")
	require.Equal(t, all[0].ID, next(true, now))
	require.Equal(t, all[0].ID, next(false, until))
	none := stride.Reach{Projects: []stride.ProjectID{"another"}}
	f.inReviewTx(t, func(tx analysis.ReviewTx) error {
		id, err := tx.NextSuggestion(f.ctx, none, filter, false)
		require.Empty(t, id)
		return err
	})
}

// testNextRace has several reviewers take suggestions at the same moment.
func testNextRace(t *testing.T, f *fixture) {
	all := f.queued(t, 12)
	now := f.now()
	until := now.Add(time.Hour)
	taken := make(chan stride.SuggestionID, 100)
	results := race(4, func(i int) error {
		for {
			var id stride.SuggestionID
			err := f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) (err error) {
				filter := analysis.SuggestionFilter{Project: all[0].ProjectID, Sort: analysis.SortPriority, At: now}
				if id, err = tx.NextSuggestion(f.ctx, everything(), filter, false); err != nil || id == "" {
					return err
				}
				return tx.ClaimSuggestion(f.ctx, id, stride.UserID(fmt.Sprint(i)), &until)
			})
			if err != nil || id == "" {
				return err
			}
			taken <- id
		}
	})
	require.Equal(t, 4, winners(t, results, stride.Unavailable))
	close(taken)
	seen := map[stride.SuggestionID]bool{}
	for id := range taken {
		require.False(t, seen[id], "%s is taken twice", id)
		seen[id] = true
	}
	require.Len(t, seen, len(all))
}

func testUndoInterval(t *testing.T, f *fixture) {
	s := f.queued(t, 1)[0]
	move := func(state string) {
		f.inReviewTx(t, func(tx analysis.ReviewTx) error {
			return tx.MoveInterval(f.ctx, stride.Interval{Subject: stride.SubjectSuggestion, SubjectID: string(s.ID), ProjectID: s.ProjectID, State: state, From: f.now()})
		})
	}
	move("pending")
	spans := func(state string) int {
		var n int
		require.NoError(t, f.WriterDB().QueryRowContext(f.ctx, "select count(*) from state_intervals where to_at is null and state = '"+state+"'").Scan(&n))
		return n
	}
	require.Equal(t, 1, spans("pending"))
	move("accepted")
	f.inReviewTx(t, func(tx analysis.ReviewTx) error {
		return tx.UndoInterval(f.ctx, stride.SubjectSuggestion, string(s.ID))
	})
	require.Equal(t, 1, spans("pending"))
	require.Zero(t, spans("accepted"))
	f.inReviewTx(t, func(tx analysis.ReviewTx) error {
		return tx.UndoInterval(f.ctx, stride.SubjectSuggestion, string(s.ID))
	})
	require.Equal(t, 1, spans("pending"), "the first one stays")
}

func testTakeBackThreat(t *testing.T, f *fixture) {
	s := f.queued(t, 1)[0]
	threat := f.newThreat(stride.Project{ID: s.ProjectID}, &s)
	take := func(m stride.ModelID) error {
		return f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error { return tx.TakeBackThreat(f.ctx, threat.ID, m) })
	}
	f.inReviewTx(t, func(tx analysis.ReviewTx) error {
		require.NoError(t, tx.InsertThreat(f.ctx, threat))
		return tx.LinkThreat(f.ctx, s.ModelID, threat.ID)
	})
	require.Equal(t, stride.Conflict, stride.KindOf(take("another model")), "another version has it")
	require.NoError(t, take(s.ModelID))
	_, err := f.Threat(f.ctx, everything(), threat.ID)
	require.Equal(t, stride.NotFound, stride.KindOf(err))
	require.Zero(t, f.countRows(t, "model_threats"))
	require.Equal(t, stride.Conflict, stride.KindOf(take(s.ModelID)))
	f.inReviewTx(t, func(tx analysis.ReviewTx) error { return tx.InsertThreat(f.ctx, threat) })
}

func testMarkUndone(t *testing.T, f *fixture) {
	s := f.queued(t, 1)[0]
	until := kept(f.now())
	d := stride.Decision{
		ID: "d", SuggestionID: s.ID, Kind: stride.DecisionPark, ActorID: "a", At: kept(f.now()), Until: &until, Diff: []stride.Change{},
		Before: &stride.Before{State: stride.SuggestionPending, Moved: []stride.SuggestionID{"x"}, Current: &s.Current, Fingerprints: s.Fingerprints},
	}
	f.inReviewTx(t, func(tx analysis.ReviewTx) error { return tx.InsertDecision(f.ctx, d) })
	f.inReviewTx(t, func(tx analysis.ReviewTx) error { return tx.MarkUndone(f.ctx, "d") })
	err := f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error { return tx.MarkUndone(f.ctx, "d") })
	require.Equal(t, stride.Conflict, stride.KindOf(err))
	found, err := f.Decisions(f.ctx, s.ID)
	require.NoError(t, err)
	d.Undone = true
	require.Empty(t, cmp.Diff([]stride.Decision{d}, found))
}

func testViews(t *testing.T, f *fixture) {
	me, you := f.user(t, "me").ID, f.user(t, "you").ID
	save := func(id stride.ViewID, user stride.UserID, name, query string, most int) (stride.SavedView, error) {
		return f.SaveView(f.ctx, stride.SavedView{ID: id, UserID: user, Name: name, Query: query, CreatedAt: f.now()}, most)
	}
	_, err := save("1", me, "B", "state=pending", 2)
	require.NoError(t, err)
	replaced, err := save("2", me, "b", "q=x", 2)
	require.NoError(t, err)
	require.Equal(t, stride.ViewID("1"), replaced.ID)
	_, err = save("3", me, "a", "", 2)
	require.NoError(t, err)
	_, err = save("4", me, "c", "", 2)
	require.Equal(t, stride.Conflict, stride.KindOf(err))
	_, err = save("5", you, "b", "q=y", 2)
	require.NoError(t, err)
	views, err := f.Views(f.ctx, me)
	require.NoError(t, err)
	require.Len(t, views, 2)
	require.Equal(t, []string{"a", "b"}, []string{views[0].Name, views[1].Name})
	require.Equal(t, "q=x", views[1].Query)
	require.NoError(t, f.DeleteView(f.ctx, me, "B"))
	require.Equal(t, stride.NotFound, stride.KindOf(f.DeleteView(f.ctx, me, "b")))
	views, err = f.Views(f.ctx, you)
	require.NoError(t, err)
	require.Len(t, views, 1)
}

func testFacets(t *testing.T, f *fixture) {
	all := f.queued(t, 3)
	f.inReviewTx(t, func(tx analysis.ReviewTx) error {
		s := all[0]
		s.State, s.Current.Severity = stride.SuggestionRejected, stride.SeverityLow
		return tx.UpdateSuggestion(f.ctx, s, stride.SuggestionPending)
	})
	cells, err := f.Facets(f.ctx, everything(), analysis.SuggestionFilter{Project: all[0].ProjectID, State: []stride.SuggestionState{stride.SuggestionRejected}})
	require.NoError(t, err)
	n := map[stride.SuggestionState]int64{}
	for _, c := range cells {
		n[c.State] += c.N
	}
	require.Equal(t, map[stride.SuggestionState]int64{stride.SuggestionPending: 2, stride.SuggestionRejected: 1}, n)
}

func testWords(t *testing.T, f *fixture) {
	s := f.queued(t, 1)[0]
	find := func(text string) int {
		found, err := f.Suggestions(f.ctx, everything(), analysis.SuggestionFilter{Project: s.ProjectID, Text: text}, analysis.Page{})
		require.NoError(t, err)
		return len(found.Items)
	}
	require.Equal(t, 1, find("THREAT"))
	require.Zero(t, find("..."))
	f.inReviewTx(t, func(tx analysis.ReviewTx) error {
		s.Current.Title, s.Current.Statement = "Größe", "x' OR 1=1; drop \"table\" s:y*"
		return tx.UpdateSuggestion(f.ctx, s, s.State)
	})
	for _, text := range []string{"größ", "GRÖßE", "or 1 drop", "tab", `"y`, "x'"} {
		require.Equal(t, 1, find(text), text)
	}
	for _, text := range []string{"threat", "grosse", "x y z"} {
		require.Zero(t, find(text), text)
	}
}
