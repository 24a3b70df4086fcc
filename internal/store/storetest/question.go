package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func questionTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"those of the newest draft":   testQuestions,
		"last answer":                 testLastAnswer,
		"of another model":            testQuestionOfOther,
		"open suggestions by control": testOpenByControl,
	}
}

// question stores a question of the run's draft.
func (f *fixture) question(t *testing.T, r run, rank int) stride.StoredQuestion {
	t.Helper()
	q := stride.StoredQuestion{
		ID: newID[stride.QuestionID](), ModelID: r.model.ID, DraftID: r.draft.ID, Rank: rank,
		Text: "Is it encrypted, où?", Control: stride.EncryptionAtRest, Targets: []stride.Key{"db"},
		Suggestions: []stride.SuggestionID{"one", "two"},
	}
	f.inRunTx(t, func(tx analysis.RunTx) error { return tx.InsertQuestion(f.ctx, q) })
	return q
}

// answer stores an answer.
func (f *fixture) answer(t *testing.T, r run, q stride.StoredQuestion, state stride.ControlState) stride.StoredAnswer {
	t.Helper()
	a := stride.StoredAnswer{
		ID: newID[stride.AnswerID](), ModelID: r.model.ID, QuestionID: q.ID, ApplyTo: stride.ApplyToZone, ActorID: "author",
		At: kept(f.now()),
		Answer: stride.Answer{
			Control: q.Control, State: state, Targets: []stride.Key{"db", "web"}, Text: "",
		},
	}
	require.NoError(t, f.InAnswerTx(f.ctx, func(tx analysis.AnswerTx) error { return tx.InsertAnswer(f.ctx, a) }))
	return a
}

func testQuestions(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	f.question(t, r, 1)
	got, err := f.Questions(f.ctx, r.model.ID)
	require.NoError(t, err)
	require.Empty(t, got, "nothing has been published")
	f.endDraft(t, r.draft, stride.DraftSucceeded)

	newer := r
	newer.draft = f.draft(t, r.model)
	second, first := f.question(t, newer, 2), f.question(t, newer, 1)
	f.endDraft(t, newer.draft, stride.DraftPartial)
	failed := r
	failed.draft = f.draft(t, r.model)
	f.question(t, failed, 1)
	f.endDraft(t, failed.draft, stride.DraftFailed)

	got, err = f.Questions(f.ctx, r.model.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]stride.StoredQuestion{first, second}, got))
}

func testLastAnswer(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	q, unanswered := f.question(t, r, 1), f.question(t, r, 2)
	f.endDraft(t, r.draft, stride.DraftSucceeded)
	first := f.answer(t, r, q, stride.ControlAbsent)
	last := f.answer(t, r, q, stride.ControlPresent)
	got, err := f.Questions(f.ctx, r.model.ID)
	require.NoError(t, err)
	q.Answer = &last
	require.Empty(t, cmp.Diff([]stride.StoredQuestion{q, unanswered}, got))
	require.NoError(t, f.InAnswerTx(f.ctx, func(tx analysis.AnswerTx) error {
		one, err := tx.Question(f.ctx, r.model.ID, q.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(q, one))
		all, err := tx.AnswersOf(f.ctx, r.model.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff([]stride.StoredAnswer{first, last}, all))
		return nil
	}))
}

func testQuestionOfOther(t *testing.T, f *fixture) {
	r, other := f.run(t, "shop"), f.run(t, "other")
	q := f.question(t, other, 1)
	require.NoError(t, f.InAnswerTx(f.ctx, func(tx analysis.AnswerTx) error {
		_, err := tx.Question(f.ctx, r.model.ID, q.ID)
		requireKind(t, stride.NotFound, err)
		_, err = tx.Question(f.ctx, other.model.ID, newID[stride.QuestionID]())
		requireKind(t, stride.NotFound, err)
		return nil
	}))
}

func testOpenByControl(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	var want []stride.SuggestionID
	for _, state := range stride.SuggestionStates() {
		s := f.newSuggestion(r, string(state))
		s.State = state
		f.insertSuggestion(t, s)
		if state == stride.SuggestionPending || state == stride.SuggestionNeedsInfo {
			want = append(want, s.ID)
		}
	}
	answered := f.newSuggestion(r, "settled by an answer")
	answered.State, answered.DecidedBy = stride.SuggestionSuperseded, "ann"
	f.insertSuggestion(t, answered)
	want = append(want, answered.ID)
	other := f.newSuggestion(r, "another control")
	other.Current.Control = stride.RateLimiting
	f.insertSuggestion(t, other)
	f.suggestion(t, f.run(t, "other"), "another model")
	require.NoError(t, f.InAnswerTx(f.ctx, func(tx analysis.AnswerTx) error {
		open, err := tx.OpenByControl(f.ctx, r.model.ID, stride.ParameterizedQueries)
		require.NoError(t, err)
		var got []stride.SuggestionID
		for _, s := range open {
			got = append(got, s.ID)
			require.Len(t, s.Fingerprints, 2, "can be updated as it is")
		}
		require.Equal(t, want, got)
		return nil
	}))
}
