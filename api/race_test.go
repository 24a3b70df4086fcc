package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// atOnce serves the calls at the same moment.
func (h *house) atOnce(t *testing.T, calls ...call) []answer {
	t.Helper()
	type result struct {
		at  int
		got answer
		err error
	}
	start, results := make(chan struct{}), make(chan result, len(calls))
	for i, c := range calls {
		go func() {
			<-start
			a, err := h.try(t.Context(), c)
			results <- result{i, a, err}
		}()
	}
	close(start)
	out := make([]answer, len(calls))
	for range calls {
		r := <-results
		require.NoError(t, r.err)
		out[r.at] = r.got
	}
	return out
}

// TestTwoReviewersAtOnce holds that one of two wins, and that the other is told
// what the suggestion is now; never two threats.
func TestTwoReviewersAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		second := h.token(t, "rolf", "reviewer", "")
		bodies := []fields{
			{"decision": "accept"}, {"decision": "accept", "edits": fields{"likelihood": 1}}, {"decision": "reject", "reason": "too_generic"},
			{"decision": "needs_info", "text": "?"},
		}
		for i, id := range w.suggestions {
			tag := h.get(t, h.reviewer, "/v1/suggestions/"+id).header.Get("ETag")
			mine, theirs := bodies[i%len(bodies)], bodies[(i/len(bodies))%len(bodies)]
			decide := func(token string, body fields) call {
				return call{
					method: "POST", path: "/v1/suggestions/" + id + "/decision", token: token, body: body, header: map[string]string{"If-Match": tag},
				}
			}
			answers := h.atOnce(t, decide(h.reviewer, mine), decide(second, theirs))
			won, lost := answers[0], answers[1]
			if won.status != http.StatusOK {
				won, lost = lost, won
			}
			require.Equal(t, http.StatusOK, won.status, "one of them wins")
			require.Contains(t, []int{http.StatusConflict, http.StatusPreconditionFailed}, lost.status, "%s", lost.body)
			current := lost.problem(t).Current
			require.Equal(t, id, current["id"])
			require.Equal(t, won.field(t, "state"), current["state"], "the loser sees what was decided")
			require.Equal(t, won.header.Get("ETag"), lost.header.Get("ETag"))
			require.Equal(t, won.field(t, "threat_id"), current["threat_id"])
			require.Len(t, h.get(t, h.viewer, "/v1/suggestions/"+id).field(t, "decisions"), 1)
		}
		accepted := h.get(t, h.viewer, "/v1/suggestions?limit=200&state=accepted&draft="+w.draft).items(t)
		require.NotEmpty(t, accepted)
		threats := h.get(t, h.viewer, "/v1/threats?limit=200&project="+w.project).items(t)
		require.Len(t, threats, len(accepted)+1, "one threat per acceptance, and the one of the start")
	})
}

// TestManyAtOnce holds the same for whatever else two may do at one moment.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		same := func(c call) []call { return []call{c, c, c, c} }
		count := func(status int, answers []answer) int {
			n := 0
			for _, a := range answers {
				if a.status == status {
					n++
				}
			}
			return n
		}
		made := h.atOnce(t, same(call{method: "POST", path: "/v1/projects", token: h.author, body: fields{"name": "Race"}})...)
		require.Equal(t, 1, count(201, made))
		require.Equal(t, 3, count(409, made))

		tag := h.get(t, h.admin, "/v1/projects/"+w.project).header.Get("ETag")
		patched := h.atOnce(t, same(call{
			method: "PATCH", path: "/v1/projects/" + w.project, token: h.admin, body: fields{"owner": "me"}, header: map[string]string{"If-Match": tag},
		})...)
		require.Equal(t, 1, count(200, patched))
		require.Equal(t, 3, count(412, patched))

		submitted := h.atOnce(t, same(call{method: "POST", path: "/v1/models/" + w.model + "/submit", token: h.author})...)
		require.Equal(t, 1, count(200, submitted))
		require.Equal(t, 3, count(409, submitted))

		moved := h.atOnce(t, same(call{
			method: "POST", path: "/v1/threats/" + w.threat + "/transitions", token: h.author, body: fields{"to": "in_progress", "reason": "x"},
		})...)
		require.Equal(t, 1, count(200, moved))
		require.Equal(t, 3, count(409, moved))

		// a project of one name and a sandbox are made once, and each draft is kept
		named := h.atOnce(t, same(call{method: "POST", path: "/v1/drafts", token: h.author, body: fields{"description": shop, "project_name": "Named"}})...)
		boxed := h.atOnce(t, same(call{method: "POST", path: "/v1/drafts", token: h.author, body: fields{"description": shop}})...)
		for _, answers := range [][]answer{named, boxed} {
			ids := map[string]bool{}
			for _, a := range answers {
				require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
				require.Equal(t, answers[0].text(t, "model_id"), a.text(t, "model_id"))
				ids[a.text(t, "id")] = true
			}
			require.Len(t, ids, 4)
		}
	})
}
