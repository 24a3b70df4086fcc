package api_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// twice runs every transaction two times and commits the second alone, as the
// store does where the database asks for it.
type twice struct{ *store.Store }

var errAgain = errors.New("run it again")

func again[T any](ctx context.Context, in func(context.Context, func(T) error) error, fn func(T) error) error {
	err := in(ctx, func(tx T) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errAgain
	})
	if !errors.Is(err, errAgain) {
		return err
	}
	return in(ctx, fn)
}

func (s twice) InAccessTx(ctx context.Context, fn func(analysis.AccessTx) error) error {
	return again(ctx, s.Store.InAccessTx, fn)
}

func (s twice) InProjectTx(ctx context.Context, fn func(analysis.ProjectTx) error) error {
	return again(ctx, s.Store.InProjectTx, fn)
}

func (s twice) InSubmitTx(ctx context.Context, fn func(analysis.SubmitTx) error) error {
	return again(ctx, s.Store.InSubmitTx, fn)
}

func (s twice) InModelTx(ctx context.Context, fn func(analysis.ModelTx) error) error {
	return again(ctx, s.Store.InModelTx, fn)
}

func (s twice) InAnswerTx(ctx context.Context, fn func(analysis.AnswerTx) error) error {
	return again(ctx, s.Store.InAnswerTx, fn)
}

func (s twice) InDraftTx(ctx context.Context, fn func(analysis.DraftTx) error) error {
	return again(ctx, s.Store.InDraftTx, fn)
}

func (s twice) InRunTx(ctx context.Context, fn func(analysis.RunTx) error) error {
	return again(ctx, s.Store.InRunTx, fn)
}

func (s twice) InReviewTx(ctx context.Context, fn func(analysis.ReviewTx) error) error {
	return again(ctx, s.Store.InReviewTx, fn)
}

func (s twice) InMitigationTx(ctx context.Context, fn func(analysis.MitigationTx) error) error {
	return again(ctx, s.Store.InMitigationTx, fn)
}

func (s twice) InTestCaseTx(ctx context.Context, fn func(analysis.TestCaseTx) error) error {
	return again(ctx, s.Store.InTestCaseTx, fn)
}

func (s twice) InThreatTx(ctx context.Context, fn func(analysis.ThreatTx) error) error {
	return again(ctx, s.Store.InThreatTx, fn)
}

// TestTransactionsMayRunTwice does the main job where every transaction is run
// again: use cases keep nothing of the first time.
func TestTransactionsMayRunTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouseOver(t, storetest.Open(t, url), func(s *store.Store) database { return twice{s} })
		w := h.settle(t, "Shop")
		model := h.get(t, h.admin, "/v1/models/"+w.model)
		corrected := h.do(t, http.StatusCreated, call{
			method: "PUT", path: "/v1/models/" + w.model + "/architecture", token: h.author, body: model.field(t, "architecture"),
		})
		requireQuotesHold(t, corrected)

		h.post(t, http.StatusCreated, h.author, "/v1/models/"+w.model+"/answers", fields{"question_id": w.question, "control": "absent"})
		h.decide(t, http.StatusOK, h.reviewer, w.suggestions[0], "*", fields{"decision": "accept", "edits": fields{"impact": 4}})
		h.decide(t, http.StatusOK, h.reviewer, w.suggestions[1], "*", fields{"decision": "merge", "into": w.suggestions[2]})
		require.Len(t, h.get(t, h.admin, "/v1/threats?project="+w.project).items(t), 2)

		threat := "/v1/threats/" + w.threat
		for _, to := range []string{"in_progress", "mitigated", "resolved", "open"} {
			token := h.author
			if to == "resolved" || to == "open" {
				token = h.reviewer
			}
			h.do(t, http.StatusOK, call{
				method: "POST", path: threat + "/transitions", token: token, body: fields{"to": to, "reason": "x"},
				header: map[string]string{"Idempotency-Key": to},
			})
		}
		require.EqualValues(t, 1, h.get(t, h.admin, threat).field(t, "reopen_count"))
		added := h.post(t, http.StatusCreated, h.author, threat+"/mitigations", fields{"text": "Sign refunds"})
		h.post(t, http.StatusOK, h.author, added.header.Get("Location")+"/transitions", fields{"to": "in_progress"})
		h.post(t, http.StatusOK, h.author, threat+"/test-cases/draft", nil)
		require.Len(t, h.get(t, h.admin, "/v1/mitigations?threat="+w.threat).items(t), 2)
		h.post(t, http.StatusOK, h.author, "/v1/models/"+w.model+"/submit", nil)
		for _, sug := range h.get(t, h.admin, "/v1/suggestions?limit=200&state=pending&model="+w.model).items(t) {
			h.decide(t, http.StatusOK, h.reviewer, sug["id"].(string), "*", fields{"decision": "reject", "reason": "not_applicable"})
		}
		h.post(t, http.StatusOK, h.reviewer, "/v1/models/"+w.model+"/sign-off", nil)
		h.post(t, http.StatusOK, h.admin, "/v1/projects/"+w.project+"/archive", nil)
	})
}

// requireQuotesHold compares each quote of a model's elements with the bytes of
// the source that it names.
func requireQuotesHold(t *testing.T, model answer) {
	t.Helper()
	contents := map[string]string{}
	for _, src := range model.field(t, "sources").([]any) {
		contents[src.(fields)["id"].(string)] = src.(fields)["content"].(string)
	}
	seen := 0
	for _, e := range model.field(t, "architecture").(fields)["elements"].([]any) {
		for _, ev := range e.(fields)["evidence"].([]any) {
			quote := ev.(fields)
			if quote["kind"] != "quoted" {
				continue
			}
			text := contents[quote["source_id"].(string)]
			require.Equal(t, quote["quote"], text[int(quote["start"].(float64)):int(quote["end"].(float64))])
			seen++
		}
	}
	require.NotZero(t, seen)
}
