package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		one := func(i int) string { return w.suggestions[i] }
		tag := func(i int) string { return h.get(t, h.reviewer, "/v1/suggestions/"+one(i)).header.Get("ETag") }

		// accepted with an edit
		accepted := h.decide(t, http.StatusOK, h.reviewer, one(0), tag(0), fields{
			"decision": "accept", "text": "yes", "edits": fields{"title": "Better words", "likelihood": 1, "impact": 2},
		})
		require.Equal(t, "accepted", accepted.text(t, "state"))
		require.Equal(t, "Better words", accepted.text(t, "title"))
		require.Equal(t, "low", accepted.text(t, "severity"), "severity follows")
		require.NotEqual(t, "Better words", accepted.field(t, "proposal").(fields)["title"], "the proposal stays")
		threat := h.get(t, h.viewer, "/v1/threats/"+accepted.text(t, "threat_id"))
		require.Equal(t, "Better words", threat.text(t, "title"))
		require.Equal(t, one(0), threat.text(t, "suggestion_id"))
		require.Equal(t, "open", threat.text(t, "state"))
		seenAgain := h.get(t, h.viewer, "/v1/suggestions/"+one(0))
		decisions := seenAgain.field(t, "decisions").([]any)
		require.Len(t, decisions, 1)
		require.NotEmpty(t, decisions[0].(fields)["diff"])
		want, got := decode[fields](t, accepted), decode[fields](t, seenAgain)
		delete(got, "decisions")
		require.Empty(t, cmp.Diff(want, got), "the answer to a decision is the suggestion as it is stored")

		rejected := h.decide(t, http.StatusOK, h.reviewer, one(1), tag(1), fields{"decision": "reject", "reason": "other", "text": "not ours"})
		require.Equal(t, "rejected", rejected.text(t, "state"))
		reopened := h.decide(t, http.StatusOK, h.reviewer, one(1), rejected.header.Get("ETag"), fields{"decision": "reopen", "text": "not so"})
		require.Nil(t, reopened.field(t, "decided_by"))

		asked := h.decide(t, http.StatusOK, h.reviewer, one(2), tag(2), fields{"decision": "needs_info", "text": "Which port?"})
		require.Equal(t, "Which port?", asked.text(t, "ask"))

		merged := h.decide(t, http.StatusOK, h.reviewer, one(3), tag(3), fields{"decision": "merge", "into": one(1)})
		require.Equal(t, one(1), merged.text(t, "merged_into"))

		states := map[string]int{}
		for _, s := range h.get(t, h.viewer, "/v1/suggestions?limit=200&state=accepted,merged,needs_info&draft="+w.draft).items(t) {
			states[s["state"].(string)]++
		}
		require.Equal(t, map[string]int{"accepted": 1, "merged": 1, "needs_info": 1}, states)
	})
}

func TestDecideETagFlow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		id := w.suggestions[0]
		path := "/v1/suggestions/" + id
		first := h.get(t, h.reviewer, path)

		missing := h.do(t, http.StatusPreconditionRequired, call{method: "POST", path: path + "/decision", token: h.reviewer, body: fields{"decision": "accept"}, bad: true})
		require.Equal(t, id, missing.problem(t).Current["id"])
		require.Equal(t, first.header.Get("ETag"), missing.header.Get("ETag"), "the way on is shown")

		asked := h.decide(t, http.StatusOK, h.reviewer, id, first.header.Get("ETag"), fields{"decision": "needs_info", "text": "?"})
		stale := h.decide(t, http.StatusPreconditionFailed, h.reviewer, id, first.header.Get("ETag"), fields{"decision": "accept"})
		require.Equal(t, "needs_info", stale.problem(t).Current["state"])
		require.Equal(t, asked.header.Get("ETag"), stale.header.Get("ETag"))

		h.decide(t, http.StatusOK, h.reviewer, id, stale.header.Get("ETag"), fields{"decision": "reject", "reason": "duplicate"})
		// no longer open: 409 comes before 412
		gone := h.decide(t, http.StatusConflict, h.reviewer, id, first.header.Get("ETag"), fields{"decision": "accept"}).problem(t)
		require.Equal(t, "rejected", gone.Current["state"])
		require.Contains(t, gone.Type, "conflict")
	})
}

func TestListSuggestionsFilters(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		h.settle(t, "Other")
		all := h.get(t, h.viewer, "/v1/suggestions?limit=200&project="+w.project).items(t)
		require.Len(t, all, len(w.suggestions))
		for _, name := range []string{"category", "severity", "confidence", "state"} {
			value := all[0][name].(string)
			want := 0
			for _, s := range all {
				if s[name] == value {
					want++
				}
			}
			got := h.get(t, h.viewer, "/v1/suggestions?limit=200&project="+w.project+"&"+name+"="+value).items(t)
			require.Len(t, got, want, name)
			for _, s := range got {
				require.Equal(t, value, s[name])
			}
		}
		target := all[0]["target_ids"].([]any)[0].(string)
		for _, s := range h.get(t, h.viewer, "/v1/suggestions?target="+target+"&model="+w.model).items(t) {
			require.Contains(t, s["target_ids"], target)
		}
		require.Empty(t, h.get(t, h.viewer, "/v1/suggestions?submitted=true").items(t))
		h.post(t, http.StatusOK, h.author, "/v1/models/"+w.model+"/submit", nil)
		require.Len(t, h.get(t, h.viewer, "/v1/suggestions?limit=200&submitted=true").items(t), len(all))
	})
}
