package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func reviewTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"comes back whole":           testSuggestionRoundTrip,
		"proposal once per draft":    testSuggestionOnce,
		"out of reach is not found":  testSuggestionReach,
		"filters":                    testSuggestionFilters,
		"orders":                     testSuggestionOrders,
		"pages hold each row once":   testSuggestionPages,
		"cursor of another order":    testSuggestionCursor,
		"update is guarded":          testSuggestionUpdate,
		"one of two deciders wins":   testDecideRace,
		"decisions in order":         testDecisions,
		"earlier decisions":          testEarlier,
		"remerge":                    testRemerge,
		"same in scope":              testSameInScope,
		"pending in scope":           testPendingInScope,
		"all of a model":             testSuggestionsOf,
		"NUL in a proposal":          testSuggestionText,
		"threat and submission show": testSuggestionJoins,
	}
}

func testSuggestionRoundTrip(t *testing.T, f *fixture) {
	want := f.newSuggestion(f.run(t, "shop"), "SQL injection")
	want.State, want.Ask, want.MergedInto = stride.SuggestionNeedsInfo, "où?", "another"
	want.Current.Title, want.Current.Severity = "edited", stride.SeverityLow
	want.DecidedAt, want.DecidedBy = keptPtr(f.now()), "rev"
	f.insertSuggestion(t, want)
	got, err := f.Suggestion(f.ctx, everything(), want.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	require.NoError(t, f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error {
		got, err := tx.SuggestionByID(f.ctx, want.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got))
		_, err = tx.SuggestionByID(f.ctx, newID[stride.SuggestionID]())
		requireKind(t, stride.NotFound, err)
		return nil
	}))
}

func testSuggestionOnce(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	f.suggestion(t, r, "same")
	err := f.InRunTx(f.ctx, func(tx analysis.RunTx) error { return tx.InsertSuggestion(f.ctx, f.newSuggestion(r, "same")) })
	requireKind(t, stride.Conflict, err)
	f.suggestion(t, r, "Same")
}

func testSuggestionReach(t *testing.T, f *fixture) {
	r, other := f.run(t, "shop"), f.run(t, "other")
	s := f.suggestion(t, r, "one")
	_, err := f.Suggestion(f.ctx, only(r.project.ID), s.ID)
	require.NoError(t, err)
	for _, reach := range []stride.Reach{only(other.project.ID), only()} {
		_, err := f.Suggestion(f.ctx, reach, s.ID)
		requireKind(t, stride.NotFound, err)
		list, err := f.Suggestions(f.ctx, reach, analysis.SuggestionFilter{}, analysis.Page{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, list.Items)
		list, err = f.Suggestions(f.ctx, reach, analysis.SuggestionFilter{Project: r.project.ID}, analysis.Page{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, list.Items)
	}
}

func titles(suggestions []stride.Suggestion) []string {
	out := []string{}
	for _, s := range suggestions {
		out = append(out, s.Proposal.Title)
	}
	return out
}

func testSuggestionFilters(t *testing.T, f *fixture) {
	r, other := f.run(t, "shop"), f.run(t, "other")
	f.moveModel(t, other.model, stride.ModelInReview, "")
	add := func(r run, title string, change func(*stride.Suggestion)) {
		s := f.newSuggestion(r, title)
		change(&s)
		f.insertSuggestion(t, s)
	}
	add(r, "a", func(*stride.Suggestion) {})
	add(r, "b", func(s *stride.Suggestion) { s.State = stride.SuggestionRejected; s.Current.Category = stride.Spoofing })
	add(r, "c", func(s *stride.Suggestion) {
		s.Current.Severity = stride.SeverityLow
		s.Current.Confidence = stride.ConfidenceHigh
	})
	add(other, "d", func(s *stride.Suggestion) { s.Fingerprints = map[stride.Key]string{"DB": "x"} })
	yes, no := true, false
	cases := []struct {
		name   string
		filter analysis.SuggestionFilter
		want   []string
	}{
		{"none", analysis.SuggestionFilter{}, []string{"a", "b", "c", "d"}},
		{"project", analysis.SuggestionFilter{Project: r.project.ID}, []string{"a", "b", "c"}},
		{"model", analysis.SuggestionFilter{Model: other.model.ID}, []string{"d"}},
		{"draft", analysis.SuggestionFilter{Draft: r.draft.ID}, []string{"a", "b", "c"}},
		{"submitted", analysis.SuggestionFilter{Submitted: &yes}, []string{"d"}},
		{"not submitted", analysis.SuggestionFilter{Submitted: &no}, []string{"a", "b", "c"}},
		{"state", analysis.SuggestionFilter{State: []stride.SuggestionState{stride.SuggestionRejected}}, []string{"b"}},
		{"states", analysis.SuggestionFilter{State: []stride.SuggestionState{stride.SuggestionPending, stride.SuggestionRejected}}, []string{"a", "b", "c", "d"}},
		{"category", analysis.SuggestionFilter{Category: []stride.Category{stride.Spoofing}}, []string{"b"}},
		{"severity", analysis.SuggestionFilter{Severity: []stride.Severity{stride.SeverityLow}}, []string{"c"}},
		{"confidence", analysis.SuggestionFilter{Confidence: []stride.Confidence{stride.ConfidenceMedium}}, []string{"a", "b", "d"}},
		{"target", analysis.SuggestionFilter{Target: "db"}, []string{"a", "b", "c"}},
		{"target in other case", analysis.SuggestionFilter{Target: "DB"}, []string{"d"}},
		{"no such target", analysis.SuggestionFilter{Target: "%"}, []string{}},
		{"all at once", analysis.SuggestionFilter{
			Project: r.project.ID, Submitted: &no, State: []stride.SuggestionState{stride.SuggestionPending},
			Category: []stride.Category{stride.Tampering}, Severity: []stride.Severity{stride.SeverityHigh}, Target: "web-db",
		}, []string{"a"}},
	}
	for _, c := range cases {
		got, err := f.Suggestions(f.ctx, everything(), c.filter, analysis.Page{Limit: 10})
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, titles(got.Items), c.name)
	}
}

func testSuggestionOrders(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	add := func(title string, likelihood, impact int, c stride.Confidence) {
		s := f.newSuggestion(r, title)
		s.Proposal.Risk, s.Proposal.Confidence = stride.Risk{Likelihood: likelihood, Impact: impact}, c
		f.insertSuggestion(t, s)
	}
	add("middle", 2, 3, stride.ConfidenceLow)
	add("top", 4, 4, stride.ConfidenceLow)
	add("middle again", 3, 2, stride.ConfidenceLow)
	add("middle, surer", 2, 3, stride.ConfidenceHigh)
	want := map[analysis.SuggestionSort][]string{
		"":                    {"top", "middle, surer", "middle", "middle again"},
		analysis.SortPriority: {"top", "middle, surer", "middle", "middle again"},
		analysis.SortOldest:   {"middle", "top", "middle again", "middle, surer"},
		analysis.SortNewest:   {"middle, surer", "middle again", "top", "middle"},
	}
	for sort, order := range want {
		for _, limit := range []int{1, 2, 3, 10} {
			got := pages(t, limit, nil, func(p analysis.Page) (analysis.Listing[stride.Suggestion], error) {
				return f.Suggestions(f.ctx, everything(), analysis.SuggestionFilter{Sort: sort}, p)
			})
			require.Equal(t, order, titles(got), "%s by %d", sort, limit)
		}
	}
	_, err := f.Suggestions(f.ctx, everything(), analysis.SuggestionFilter{Sort: "title; drop table users"}, analysis.Page{})
	requireKind(t, stride.Invalid, err)
}

func testSuggestionPages(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	add := func(i int) stride.SuggestionID {
		s := f.newSuggestion(r, named("suggestion", i))
		s.Proposal.Risk = stride.Risk{Likelihood: 1 + i%4, Impact: 2}
		return f.insertSuggestion(t, s).ID
	}
	for i, sort := range []analysis.SuggestionSort{analysis.SortPriority, analysis.SortOldest, analysis.SortNewest} {
		present := make(map[stride.SuggestionID]int)
		for n := range 12 {
			present[add(1000*i+n)] = 0
		}
		added := 1000*i + 500
		seen := make(map[stride.SuggestionID]int)
		for _, s := range pages(t, 3, func() { add(added); added++ },
			func(p analysis.Page) (analysis.Listing[stride.Suggestion], error) {
				return f.Suggestions(f.ctx, everything(), analysis.SuggestionFilter{Sort: sort}, p)
			}) {
			seen[s.ID]++
		}
		for id := range present {
			require.Equal(t, 1, seen[id], "%s", sort)
		}
		for id, n := range seen {
			require.Equal(t, 1, n, "%s: %s", sort, id)
		}
	}
}

func testSuggestionCursor(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	f.suggestion(t, r, "a")
	f.suggestion(t, r, "b")
	first, err := f.Suggestions(f.ctx, everything(), analysis.SuggestionFilter{}, analysis.Page{Limit: 1})
	require.NoError(t, err)
	require.NotNil(t, first.Next)
	_, err = f.Suggestions(f.ctx, everything(), analysis.SuggestionFilter{Sort: analysis.SortOldest},
		analysis.Page{Limit: 1, After: first.Next})
	requireKind(t, stride.Invalid, err)
}

func testSuggestionUpdate(t *testing.T, f *fixture) {
	stored := f.suggestion(t, f.run(t, "shop"), "one")
	s := stored
	s.State, s.Ask, s.MergedInto = stride.SuggestionMerged, "ask", "into"
	s.DecidedAt, s.DecidedBy = keptPtr(f.now()), "rev"
	s.Current.Category, s.Current.Severity, s.Current.Confidence = stride.Repudiation, stride.SeverityLow, stride.ConfidenceHigh
	s.Fingerprints = map[stride.Key]string{"web": "new"}
	s.Proposal = stride.Proposal{}
	guarded := []func(*stride.Suggestion) stride.SuggestionState{
		func(*stride.Suggestion) stride.SuggestionState { return stride.SuggestionNeedsInfo },
		func(s *stride.Suggestion) stride.SuggestionState { s.Revision = 2; return stride.SuggestionPending },
		func(s *stride.Suggestion) stride.SuggestionState { s.ID = "none"; return stride.SuggestionPending },
	}
	require.NoError(t, f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error {
		for _, change := range guarded {
			wrong := s
			from := change(&wrong)
			requireKind(t, stride.Conflict, tx.UpdateSuggestion(f.ctx, wrong, from))
		}
		return tx.UpdateSuggestion(f.ctx, s, stride.SuggestionPending)
	}))
	s.Revision++
	s.Proposal = stored.Proposal
	got, err := f.Suggestion(f.ctx, everything(), s.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(s, got), "the proposal never changes")
	list, err := f.Suggestions(f.ctx, everything(), analysis.SuggestionFilter{
		Category: []stride.Category{stride.Repudiation}, Severity: []stride.Severity{stride.SeverityLow},
		Confidence: []stride.Confidence{stride.ConfidenceHigh}, Target: "web",
	}, analysis.Page{Limit: 2})
	require.NoError(t, err)
	require.Len(t, list.Items, 1, "found by its current content")
}

// testDecideRace accepts one suggestion many times at once: never two threats.
func testDecideRace(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	s := f.suggestion(t, r, "one")
	threats := make([]stride.Threat, 8)
	for i := range threats {
		threats[i] = f.newThreat(r.project, &s)
	}
	results := race(len(threats), func(i int) error {
		return f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error {
			mine := s
			mine.State = stride.SuggestionAccepted
			if err := tx.UpdateSuggestion(f.ctx, mine, stride.SuggestionPending); err != nil {
				return err
			}
			return tx.InsertThreat(f.ctx, threats[i])
		})
	})
	require.Equal(t, 1, winners(t, results, stride.Conflict))
	require.Equal(t, 1, f.countRows(t, "threats"))
}

func testDecisions(t *testing.T, f *fixture) {
	s := f.suggestion(t, f.run(t, "shop"), "one")
	want := []stride.Decision{
		{Kind: stride.DecisionReject, Reason: stride.ReasonOther, Text: "where? “ö”"},
		{Kind: stride.DecisionReopen},
		{Kind: stride.DecisionAccept, Diff: []stride.Change{{Field: "title", From: "one", To: "two"}, {Field: "likelihood", From: 1.0, To: 2.0}}},
		{Kind: stride.DecisionMerge, Into: "another"},
	}
	for i := range want {
		want[i].ID, want[i].SuggestionID, want[i].ActorID, want[i].At = newID[stride.DecisionID](), s.ID, "rev", kept(f.now())
		require.NoError(t, f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error { return tx.InsertDecision(f.ctx, want[i]) }))
	}
	got, err := f.Decisions(f.ctx, s.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	got, err = f.Decisions(f.ctx, newID[stride.SuggestionID]())
	require.NoError(t, err)
	require.Empty(t, got)
}

func testEarlier(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	rejected, superseded := f.suggestion(t, r, "old"), f.suggestion(t, r, "older")
	unrelated := f.suggestion(t, r, "unrelated")
	rejected = f.decide(t, rejected, stride.DecisionReject, stride.SuggestionRejected, "rev")
	f.decide(t, superseded, stride.DecisionSupersede, stride.SuggestionSuperseded, "")
	f.decide(t, unrelated, stride.DecisionReject, stride.SuggestionRejected, "rev")
	s := f.newSuggestion(r, "new")
	s.Fingerprints = map[stride.Key]string{
		"db": rejected.Fingerprints["db"], "web-db": rejected.Fingerprints["web-db"], "web": superseded.Fingerprints["db"],
	}
	f.insertSuggestion(t, s)
	want := []stride.EarlierDecision{{
		SuggestionID: rejected.ID, Decision: stride.DecisionReject, Text: "because", ActorID: "rev", At: *rejected.DecidedAt,
	}}
	got, err := f.Suggestion(f.ctx, everything(), s.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got.Earlier), "once, though both targets match; and not what nobody decided")
	list, err := f.Suggestions(f.ctx, everything(), analysis.SuggestionFilter{Sort: analysis.SortNewest}, analysis.Page{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, list.Items[0].Earlier))
	require.Empty(t, list.Items[1].Earlier)
	own, err := f.Suggestion(f.ctx, everything(), rejected.ID)
	require.NoError(t, err)
	require.Empty(t, own.Earlier, "its own decisions are not earlier ones")
}

func testRemerge(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	a, b, c := f.suggestion(t, r, "a"), f.suggestion(t, r, "b"), f.suggestion(t, r, "c")
	a.MergedInto = b.ID
	a = f.decide(t, a, stride.DecisionMerge, stride.SuggestionMerged, "rev")
	require.NoError(t, f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error {
		moved, err := tx.MergedInto(f.ctx, b.ID)
		if err != nil {
			return err
		}
		return tx.PointMerged(f.ctx, moved, c.ID)
	}))
	got, err := f.Suggestion(f.ctx, everything(), a.ID)
	require.NoError(t, err)
	require.Equal(t, c.ID, got.MergedInto)
	require.Equal(t, a.Revision+1, got.Revision, "who read it before has to read it again")
	got, err = f.Suggestion(f.ctx, everything(), c.ID)
	require.NoError(t, err)
	require.Empty(t, got.MergedInto)
}

func testSameInScope(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	want := []stride.SuggestionID{}
	for _, state := range stride.SuggestionStates() {
		s := f.newSuggestion(r, string(state))
		s.State = state
		s.Fingerprints = map[stride.Key]string{"db": "same", "web": "also the same"}
		f.insertSuggestion(t, s)
		if state == stride.SuggestionPending || state == stride.SuggestionNeedsInfo ||
			state == stride.SuggestionAwaitingSecond || state == stride.SuggestionAccepted {
			want = append(want, s.ID)
		}
	}
	beta := run{project: r.project, model: f.model(t, r.project, "beta", 1)}
	beta.draft = f.draft(t, beta.model)
	next := run{project: r.project, model: f.model(t, r.project, r.model.Scope, 2)}
	next.draft = f.draft(t, next.model)
	for _, r := range []run{beta, f.run(t, "other"), next} {
		s := f.newSuggestion(r, "elsewhere")
		s.Fingerprints = map[stride.Key]string{"db": "same"}
		f.insertSuggestion(t, s)
		if r.draft.ID == next.draft.ID {
			want = append(want, s.ID)
		}
	}
	f.suggestion(t, r, "different")
	f.inRunTx(t, func(tx analysis.RunTx) error {
		found, err := tx.SameInScope(f.ctx, r.project.ID, r.model.Scope, []string{"same", "also the same", "none"})
		require.NoError(t, err)
		got := []stride.SuggestionID{}
		for _, s := range found {
			got = append(got, s.ID)
			require.NotEmpty(t, s.Fingerprints)
		}
		require.Equal(t, want, got)
		found, err = tx.SameInScope(f.ctx, r.project.ID, r.model.Scope, nil)
		require.Empty(t, found)
		return err
	})
}

func testPendingInScope(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	var want []stride.SuggestionID
	for _, state := range stride.SuggestionStates() {
		s := f.newSuggestion(r, string(state))
		s.State = state
		f.insertSuggestion(t, s)
		if state == stride.SuggestionPending {
			want = append(want, s.ID)
		}
	}
	beta := run{project: r.project, model: f.model(t, r.project, "beta", 1)}
	beta.draft = f.draft(t, beta.model)
	next := run{project: r.project, model: f.model(t, r.project, r.model.Scope, 2)}
	next.draft = f.draft(t, next.model)
	later := run{project: r.project, model: f.model(t, r.project, r.model.Scope, 3)}
	later.draft = f.draft(t, later.model)
	for _, r := range []run{beta, f.run(t, "other"), next, later} {
		f.suggestion(t, r, "elsewhere")
	}
	f.inRunTx(t, func(tx analysis.RunTx) error {
		found, err := tx.PendingInScope(f.ctx, r.project.ID, r.model.Scope, 2, next.draft.ID)
		require.NoError(t, err)
		var got []stride.SuggestionID
		for _, s := range found {
			got = append(got, s.ID)
			require.Equal(t, 1, s.ModelNumber)
			require.Equal(t, r.model.Scope, s.Scope)
		}
		require.Equal(t, want, got, "not of its own draft, of a later version or of another scope")
		return nil
	})
}

func testSuggestionsOf(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	f.suggestion(t, f.run(t, "other"), "x")
	var want []stride.Suggestion
	for i := range 520 {
		want = append(want, f.newSuggestion(r, named("suggestion", i)))
	}
	f.inRunTx(t, func(tx analysis.RunTx) error {
		for _, s := range want {
			require.NoError(t, tx.InsertSuggestion(f.ctx, s))
		}
		return nil
	})
	got, err := f.SuggestionsOf(f.ctx, r.model.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
}

func testSuggestionText(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	for name, change := range map[string]func(*stride.Suggestion){
		"quote":  func(s *stride.Suggestion) { s.Proposal.Evidence[0].Quote = "a\x00b" },
		"edited": func(s *stride.Suggestion) { s.Current.Title = "\x00" },
		"target": func(s *stride.Suggestion) { s.Fingerprints = map[stride.Key]string{"\x00": "x"} },
	} {
		s := f.newSuggestion(r, name)
		change(&s)
		err := f.InRunTx(f.ctx, func(tx analysis.RunTx) error { return tx.InsertSuggestion(f.ctx, s) })
		require.Equal(t, stride.Invalid, stride.KindOf(err), "%s: %v", name, err)
	}
	require.Zero(t, f.countRows(t, "suggestions"))
}

func testSuggestionJoins(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	s := f.suggestion(t, r, "one")
	threat := f.insertThreat(t, f.newThreat(r.project, &s))
	f.moveModel(t, r.model, stride.ModelInReview, "")
	got, err := f.Suggestion(f.ctx, everything(), s.ID)
	require.NoError(t, err)
	require.Equal(t, threat.ID, got.ThreatID)
	require.True(t, got.Submitted)
}
