package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func modelTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"comes back whole":          testModelRoundTrip,
		"big and many sources":      testModelSources,
		"number is unique":          testModelNumber,
		"number in a race":          testModelNumberRace,
		"latest version of a scope": testLatestModel,
		"out of reach is not found": testModelReach,
		"list leaves out the big":   testModelList,
		"pages hold each row once":  testModelPages,
		"update is guarded":         testModelUpdate,
		"completed versions":        testCompletedModels,
		"reviewers":                 testReviewers,
		"tally of a review":         testReviewTally,
		"newer drafted":             testNewerDrafted,
		"signed off, with newer":    testSignedOff,
		"stale projects":            testStaleProjects,
		"latest outcome":            testLatestOutcome,
		"sandbox of a user":         testSandboxOf,
		"NUL in the architecture":   testModelText,
	}
}

func testModelRoundTrip(t *testing.T, f *fixture) {
	want := f.newModel(f.project(t, "shop"), "main", 1)
	want.AssigneeID, want.SubmittedAt, want.CompletedAt, want.CompletedBy = "rev", keptPtr(f.now()), keptPtr(f.now()), "rev"
	f.insertModel(t, want)
	got, err := f.Model(f.ctx, everything(), want.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	require.NoError(t, f.InModelTx(f.ctx, func(tx analysis.ModelTx) error {
		got, err := tx.Model(f.ctx, want.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got))
		_, err = tx.Model(f.ctx, newID[stride.ModelID]())
		requireKind(t, stride.NotFound, err)
		return nil
	}))
}

func testModelSources(t *testing.T, f *fixture) {
	m := f.newModel(f.project(t, "shop"), "main", 1)
	m.Sources = nil
	for i := range 20 {
		content := bytes.Repeat([]byte{byte(i), 0, 0xff, '\n'}, i*50_000)
		m.Sources = append(m.Sources, stride.Source{ID: newID[stride.SourceID](), Name: named("source", 20-i), Content: content})
	}
	f.insertModel(t, m)
	got, err := f.Model(f.ctx, everything(), m.ID)
	require.NoError(t, err)
	require.Len(t, got.Sources, len(m.Sources))
	for i, src := range got.Sources {
		require.Equal(t, m.Sources[i].Name, src.Name, "in the order that they were given")
		require.True(t, bytes.Equal(m.Sources[i].Content, src.Content), "source %d", i)
	}
}

func testModelNumber(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	f.model(t, p, "main", 1)
	err := f.InSubmitTx(f.ctx, func(tx analysis.SubmitTx) error {
		requireKind(t, stride.Conflict, tx.InsertModel(f.ctx, f.newModel(p, "main", 1)))
		// The transaction goes on after the conflict.
		require.NoError(t, tx.InsertModel(f.ctx, f.newModel(p, "Main", 1)))
		return tx.InsertModel(f.ctx, f.newModel(p, "main", 2))
	})
	require.NoError(t, err)
}

func testModelNumberRace(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	models := make([]stride.ThreatModel, 6)
	for i := range models {
		models[i] = f.newModel(p, "main", 1)
	}
	results := race(len(models), func(i int) error {
		return f.InSubmitTx(f.ctx, func(tx analysis.SubmitTx) error { return tx.InsertModel(f.ctx, models[i]) })
	})
	require.Equal(t, 1, winners(t, results, stride.Conflict))
	require.Equal(t, len(models[0].Sources), f.countRows(t, "sources"))
}

func testLatestModel(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	want := f.model(t, p, "main", 10)
	f.model(t, p, "main", 9)
	f.model(t, p, "MAIN", 11)
	f.model(t, other, "main", 12)
	require.NoError(t, f.InSubmitTx(f.ctx, func(tx analysis.SubmitTx) error {
		got, ok, err := tx.LatestModel(f.ctx, p.ID, "main")
		require.NoError(t, err)
		require.True(t, ok)
		require.Empty(t, cmp.Diff(want, got))
		_, ok, err = tx.LatestModel(f.ctx, p.ID, "none")
		require.NoError(t, err)
		require.False(t, ok)
		return nil
	}))
}

func testModelReach(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	m := f.model(t, p, "main", 1)
	_, err := f.Model(f.ctx, only(other.ID, p.ID), m.ID)
	require.NoError(t, err)
	for _, reach := range []stride.Reach{only(other.ID), only()} {
		_, err := f.Model(f.ctx, reach, m.ID)
		requireKind(t, stride.NotFound, err)
	}
	_, err = f.Model(f.ctx, everything(), newID[stride.ModelID]())
	requireKind(t, stride.NotFound, err)
}

func head(m stride.ThreatModel) stride.ThreatModel {
	m.Architecture = stride.Architecture{}
	sources := make([]stride.Source, len(m.Sources))
	for i, src := range m.Sources {
		src.Content = nil
		sources[i] = src
	}
	m.Sources = sources
	return m
}

func testModelList(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	one, two, beta := f.model(t, p, "main", 1), f.model(t, p, "main", 2), f.model(t, p, "beta", 1)
	f.model(t, other, "main", 1)
	two = f.moveModel(t, two, stride.ModelInReview, "")
	cases := []struct {
		name   string
		filter analysis.ModelFilter
		want   []stride.ThreatModel
	}{
		{"none", analysis.ModelFilter{}, []stride.ThreatModel{head(one), head(two), head(beta)}},
		{"scope", analysis.ModelFilter{Scope: "main"}, []stride.ThreatModel{head(one), head(two)}},
		{"state", analysis.ModelFilter{State: stride.ModelInReview}, []stride.ThreatModel{head(two)}},
		{"both", analysis.ModelFilter{Scope: "beta", State: stride.ModelInReview}, []stride.ThreatModel{}},
	}
	for _, c := range cases {
		got, err := f.Models(f.ctx, p.ID, c.filter, analysis.Page{Limit: 10})
		require.NoError(t, err, c.name)
		require.Empty(t, cmp.Diff(c.want, got.Items), c.name)
		require.Nil(t, got.Next, c.name)
	}
}

func testModelPages(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	want := make(map[stride.ModelID]bool)
	for i := range 9 {
		want[f.model(t, p, "main", i).ID] = true
	}
	added := 100
	got := pages(t, 2, func() { f.model(t, p, "main", added); added++ },
		func(page analysis.Page) (analysis.Listing[stride.ThreatModel], error) {
			return f.Models(f.ctx, p.ID, analysis.ModelFilter{}, page)
		})
	last := stride.ModelID("")
	for _, m := range got {
		require.Greater(t, m.ID, last)
		last = m.ID
		delete(want, m.ID)
	}
	require.Empty(t, want)
	_, err := f.Models(f.ctx, p.ID, analysis.ModelFilter{}, analysis.Page{After: &analysis.Cursor{Sort: "other"}})
	requireKind(t, stride.Invalid, err)
}

func testModelUpdate(t *testing.T, f *fixture) {
	stored := f.model(t, f.project(t, "shop"), "main", 1)
	m := stored
	m.State, m.AssigneeID, m.CompletedBy = stride.ModelCompleted, "rev", "lead"
	m.SubmittedAt, m.CompletedAt = keptPtr(f.now()), keptPtr(f.now())
	m.Architecture, m.Notes = stride.Architecture{}, nil
	results := race(5, func(int) error {
		return f.InModelTx(f.ctx, func(tx analysis.ModelTx) error { return tx.UpdateModel(f.ctx, m) })
	})
	require.Equal(t, 1, winners(t, results, stride.Stale))
	m.Revision++
	m.Architecture, m.Notes = stored.Architecture, stored.Notes
	got, err := f.Model(f.ctx, everything(), m.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(m, got), "architecture and notes never change")
}

func testCompletedModels(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	want := f.moveModel(t, f.model(t, p, "main", 1), stride.ModelCompleted, "")
	f.moveModel(t, f.model(t, p, "beta", 1), stride.ModelCompleted, "")
	f.model(t, p, "main", 2)
	require.NoError(t, f.InModelTx(f.ctx, func(tx analysis.ModelTx) error {
		got, err := tx.CompletedModels(f.ctx, p.ID, "main")
		require.NoError(t, err)
		want.Sources = nil
		require.Empty(t, cmp.Diff([]stride.ThreatModel{want}, got))
		// What it returns can be moved on.
		got[0].State = stride.ModelSuperseded
		return tx.UpdateModel(f.ctx, got[0])
	}))
}

func testReviewers(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	zoe, bob, adm := f.user(t, "zoe"), f.user(t, "Bob"), f.user(t, "adm")
	author, elsewhere := f.user(t, "author"), f.user(t, "elsewhere")
	grants := []struct {
		user stride.User
		g    stride.Grant
	}{
		{zoe, stride.Grant{Project: p.ID, Role: stride.RoleReviewer}},
		{zoe, stride.Grant{Role: stride.RoleReviewer}},
		{bob, stride.Grant{Project: p.ID, Role: stride.RoleReviewer}},
		{adm, stride.Grant{Role: stride.RoleAdmin}},
		{author, stride.Grant{Project: p.ID, Role: stride.RoleAuthor}},
		{elsewhere, stride.Grant{Project: other.ID, Role: stride.RoleAdmin}},
	}
	require.NoError(t, f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
		for _, g := range grants {
			require.NoError(t, tx.EnsureGrant(f.ctx, g.user.ID, g.g))
		}
		return nil
	}))
	f.moveModel(t, f.model(t, p, "main", 1), stride.ModelInReview, zoe.ID)
	f.moveModel(t, f.model(t, other, "main", 1), stride.ModelInReview, zoe.ID)
	f.moveModel(t, f.model(t, p, "main", 2), stride.ModelCompleted, bob.ID)
	require.NoError(t, f.InModelTx(f.ctx, func(tx analysis.ModelTx) error {
		got, err := tx.Reviewers(f.ctx, p.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff([]analysis.Reviewer{{User: bob, Own: true}, {User: adm}, {User: zoe, Load: 2, Own: true}}, got))
		return nil
	}))
}

func testNewerDrafted(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	f.endDraft(t, r.draft, stride.DraftSucceeded)
	next := f.model(t, r.project, r.model.Scope, 2)
	failed := f.draft(t, next)
	f.endDraft(t, failed, stride.DraftFailed)
	beta := f.draft(t, f.model(t, r.project, "beta", 3))
	f.endDraft(t, beta, stride.DraftSucceeded)
	newer := func(number int) (is bool) {
		require.NoError(t, f.InModelTx(f.ctx, func(tx analysis.ModelTx) error {
			var err error
			is, err = tx.NewerDrafted(f.ctx, r.project.ID, r.model.Scope, number)
			return err
		}))
		return is
	}
	require.False(t, newer(1), "a failed draft and another scope's do not count")
	require.True(t, newer(0))
	f.endDraft(t, f.draft(t, next), stride.DraftPartial)
	require.True(t, newer(1))
	require.False(t, newer(2))
}

func testReviewTally(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	f.endDraft(t, r.draft, stride.DraftSucceeded)
	f.endDraft(t, f.draft(t, r.model), stride.DraftFailed)
	f.draft(t, r.model)
	elsewhere := f.run(t, "other")
	f.suggestion(t, elsewhere, "not of this model")
	add := func(state stride.SuggestionState, severity stride.Severity) {
		s := f.newSuggestion(r, named(string(state), severity.Rank()))
		s.State, s.Current.Severity = state, severity
		s.Proposal.Severity = stride.SeverityLow // what counts is the current content
		f.insertSuggestion(t, s)
	}
	for _, state := range stride.SuggestionStates() {
		for _, severity := range stride.Severities() {
			add(state, severity)
		}
	}
	require.NoError(t, f.InModelTx(f.ctx, func(tx analysis.ModelTx) error {
		got, err := tx.ReviewTally(f.ctx, r.model.ID)
		require.NoError(t, err)
		// pending, needs_info and awaiting_second x high and critical; pending
		// and awaiting_second x low and medium.
		require.Equal(t, analysis.ReviewTally{SucceededDrafts: 1, OpenDrafts: 1, UrgentOpen: 6, OtherOpen: 4}, got)
		return nil
	}))
}

func testLatestOutcome(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	got, err := f.LatestOutcome(f.ctx, r.model.ID)
	require.NoError(t, err)
	require.Nil(t, got)
	ends := []struct {
		state stride.DraftState
		want  int
	}{
		{stride.DraftSucceeded, 1}, {stride.DraftPartial, 2}, {stride.DraftFailed, 2}, {stride.DraftCanceled, 2},
	}
	for i, end := range ends {
		d := f.draft(t, r.model)
		d.Outcome = &stride.DraftOutcome{
			Suggestions: i + 1, Coverage: []stride.Cell{{TargetID: "web", Category: stride.Spoofing, State: stride.CellEmpty}},
		}
		f.endDraft(t, d, end.state)
		f.draft(t, r.model) // one that runs still changes nothing
		got, err := f.LatestOutcome(f.ctx, r.model.ID)
		require.NoError(t, err)
		require.Equal(t, end.want, got.Suggestions)
		require.Len(t, got.Coverage, 1)
	}
}

func testSandboxOf(t *testing.T, f *fixture) {
	ann, bob := f.user(t, "ann"), f.user(t, "bob")
	p := f.newProject("sandbox of ann")
	p.SandboxOf = ann.ID
	require.NoError(t, f.InSubmitTx(f.ctx, func(tx analysis.SubmitTx) error {
		require.NoError(t, tx.InsertProject(f.ctx, p))
		got, ok, err := tx.SandboxOf(f.ctx, ann.ID)
		require.NoError(t, err)
		require.True(t, ok)
		require.Empty(t, cmp.Diff(p, got))
		_, ok, err = tx.SandboxOf(f.ctx, bob.ID)
		require.False(t, ok)
		return err
	}))
}

func testModelText(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	for name, change := range map[string]func(*stride.ThreatModel){
		"element": func(m *stride.ThreatModel) { m.Architecture.Elements[0].Name = "a\x00b" },
		"scope":   func(m *stride.ThreatModel) { m.Scope = "a\x00b" },
		"note":    func(m *stride.ThreatModel) { m.Notes = []string{"\x00"} },
		"source":  func(m *stride.ThreatModel) { m.Sources[0].Name = "\x00" },
	} {
		m := f.newModel(p, "main", 1)
		change(&m)
		err := f.InSubmitTx(f.ctx, func(tx analysis.SubmitTx) error { return tx.InsertModel(f.ctx, m) })
		require.Equal(t, stride.Invalid, stride.KindOf(err), "%s: %v", name, err)
	}
	require.Zero(t, f.countRows(t, "threat_models"))
}

// signOff completes a version at the moment.
func (f *fixture) signOff(t *testing.T, m stride.ThreatModel, at time.Time) stride.ThreatModel {
	t.Helper()
	m.State, m.CompletedAt = stride.ModelCompleted, &at
	require.NoError(t, f.InModelTx(f.ctx, func(tx analysis.ModelTx) error { return tx.UpdateModel(f.ctx, m) }))
	m.Revision++
	return m
}

func testSignedOff(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	at := kept(f.now())
	main, beta, foreign := f.model(t, p, "main", 2), f.model(t, p, "beta", 1), f.model(t, other, "main", 1)
	f.endDraft(t, f.draft(t, f.model(t, p, "main", 1)), stride.DraftSucceeded) // an older one
	f.draft(t, f.model(t, p, "Main", 3))                                       // another scope
	for _, m := range []stride.ThreatModel{main, beta, foreign} {
		f.signOff(t, m, at)
	}
	want := func(m stride.ThreatModel, newer int) stride.SignedOff {
		return stride.SignedOff{ModelID: m.ID, ProjectID: m.ProjectID, Scope: m.Scope, Number: m.Number, CompletedAt: at, Newer: newer}
	}
	check := func(newer int) {
		t.Helper()
		got, err := f.SignedOff(f.ctx, []stride.ProjectID{p.ID})
		require.NoError(t, err)
		require.Empty(t, cmp.Diff([]stride.SignedOff{want(beta, 0), want(main, newer)}, got))
	}
	check(0)
	next := f.model(t, p, "main", 3)
	failed := f.draft(t, next)
	check(0)
	f.endDraft(t, failed, stride.DraftFailed)
	check(0)
	f.endDraft(t, f.draft(t, next), stride.DraftPartial)
	check(3)
	last := f.model(t, p, "main", 4)
	check(3)
	last.SubmittedAt = &at
	f.moveModel(t, last, stride.ModelInReview, "")
	check(4)
	got, err := f.SignedOff(f.ctx, []stride.ProjectID{other.ID, p.ID})
	require.NoError(t, err)
	require.Len(t, got, 3)
	none, err := f.SignedOff(f.ctx, nil)
	require.NoError(t, err)
	require.Empty(t, none)
}

func testStaleProjects(t *testing.T, f *fixture) {
	now := kept(f.now())
	fresh, old, overtaken, unsigned := f.project(t, "fresh"), f.project(t, "old"), f.project(t, "overtaken"), f.project(t, "unsigned")
	limit := now.Add(-stride.StaleAfter)
	f.signOff(t, f.model(t, fresh, "main", 1), limit)
	f.signOff(t, f.model(t, old, "main", 1), limit.Add(-time.Microsecond))
	f.signOff(t, f.model(t, overtaken, "main", 1), now)
	f.endDraft(t, f.draft(t, f.model(t, overtaken, "main", 2)), stride.DraftSucceeded)
	f.endDraft(t, f.draft(t, f.model(t, unsigned, "main", 1)), stride.DraftSucceeded)
	for stale, want := range map[bool][]stride.ProjectID{true: {old.ID, overtaken.ID}, false: {fresh.ID, unsigned.ID}} {
		got, err := f.Projects(f.ctx, everything(), analysis.ProjectFilter{Stale: &stale, Now: now}, analysis.Page{Limit: 10})
		require.NoError(t, err)
		var ids []stride.ProjectID
		for _, p := range got.Items {
			ids = append(ids, p.ID)
			versions, err := f.SignedOff(f.ctx, []stride.ProjectID{p.ID})
			require.NoError(t, err)
			for _, v := range versions {
				require.Equal(t, stale, v.Stale(now) != "", p.Name)
			}
		}
		require.Equal(t, want, ids)
	}
}
