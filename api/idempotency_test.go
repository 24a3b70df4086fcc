package api_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

func keyed(c call, key string) call {
	c.header = maps.Clone(c.header)
	if c.header == nil {
		c.header = map[string]string{}
	}
	c.header["Idempotency-Key"] = key
	return c
}

// requireReplay holds that an answer is an earlier one again.
func requireReplay(t *testing.T, first, again answer) {
	t.Helper()
	require.Equal(t, first.status, again.status)
	require.Equal(t, string(first.body), string(again.body))
	for _, name := range []string{"Content-Type", "Location", "ETag"} {
		require.Equal(t, first.header.Get(name), again.header.Get(name), name)
	}
	require.Empty(t, first.header.Get("Idempotent-Replayed"))
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
}

// TestIdempotencyReplay sends each POST twice under one key: it happens once.
func TestIdempotencyReplay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		project, model := "/v1/projects/"+w.project, "/v1/models/"+w.model
		queued := h.post(t, http.StatusAccepted, h.author, model+"/drafts", nil).text(t, "id")
		inventory := raw("/v1/projects/import", "text/csv", "name\nImported\n")
		decision := post("/v1/suggestions/"+w.suggestions[0]+"/decision", fields{"decision": "accept"})
		decision.header = anyVersion
		for name, c := range map[string]call{
			"project": post("/v1/projects", fields{"name": "New"}), "import": inventory,
			"model":  post(project+"/models", fields{"scope": "b", "sources": []fields{{"content": shop}}}),
			"threat": post(project+"/threats", fields{"category": "spoofing", "title": "x", "likelihood": 1, "impact": 1}),
			"draft":  post("/v1/drafts", fields{"description": shop, "project_name": "Drafted"}), "model draft": post(model+"/drafts", nil),
			"answer": post(model+"/answers", fields{"question_id": w.question, "control": "absent"}), "cancel": post("/v1/drafts/"+queued+"/cancel", nil),
			"decision": decision, "transition": post("/v1/threats/"+w.threat+"/transitions", fields{"to": "in_progress", "reason": "x"}),
			"submit": post(model+"/submit", nil),
		} {
			t.Run(name, func(t *testing.T) {
				c.token = h.admin
				c = keyed(c, "key-of-"+strings.ReplaceAll(name, " ", "-"))
				first, err := h.try(t.Context(), c)
				require.NoError(t, err)
				require.Less(t, first.status, 300, "%s", first.body)
				before := h.rows(t)
				again, err := h.try(t.Context(), c)
				require.NoError(t, err)
				requireReplay(t, first, again)
				require.Equal(t, before, h.rows(t), "it happens once")
			})
		}
	})
}

func TestIdempotencyRules(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		decision := call{
			method: "POST", path: "/v1/suggestions/" + w.suggestions[0] + "/decision", token: h.reviewer,
			body: fields{"decision": "reject", "reason": "duplicate"}, header: map[string]string{"If-Match": `"1"`},
		}
		first := h.do(t, http.StatusOK, keyed(decision, "k1"))
		requireReplay(t, first, h.do(t, http.StatusOK, keyed(decision, "k1")))
		decision.header["If-Match"] = `"77"`
		requireReplay(t, first, h.do(t, http.StatusOK, keyed(decision, "k1")))
		h.do(t, http.StatusConflict, decision)

		other := decision
		other.body = fields{"decision": "accept"}
		reused := h.do(t, http.StatusUnprocessableEntity, keyed(other, "k1")).problem(t)
		require.Equal(t, "Idempotency-Key", reused.Errors[0].Field)

		// keys are a user's own, and a route's own
		project := call{method: "POST", path: "/v1/projects", token: h.author, body: fields{"name": "One"}}
		mine := h.do(t, http.StatusCreated, keyed(project, "k1"))
		project.token, project.body = h.reviewer, fields{"name": "Two"}
		theirs := h.do(t, http.StatusCreated, keyed(project, "k1"))
		require.NotEqual(t, mine.text(t, "id"), theirs.text(t, "id"))

		// what failed did not happen, and may be tried again
		project.body = fields{"name": "One"}
		h.do(t, http.StatusConflict, keyed(project, "k2"))
		project.body = fields{"name": "Three"}
		h.do(t, http.StatusCreated, keyed(project, "k2"))

		// after a day a key is free
		h.ahead.Add(25 * 3600)
		project.body = fields{"name": "Four"}
		h.do(t, http.StatusCreated, keyed(project, "k2"))
	})
}

func TestIdempotencyAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		c := keyed(call{method: "POST", path: "/v1/projects", token: h.author, body: fields{"name": "Once"}}, "k")
		answers := h.atOnce(t, c, c, c, c, c, c)
		replayed := 0
		for _, a := range answers {
			require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
			require.Equal(t, string(answers[0].body), string(a.body))
			if a.header.Get("Idempotent-Replayed") == "true" {
				replayed++
			}
		}
		require.Equal(t, len(answers)-1, replayed)
		require.Len(t, h.get(t, h.viewer, "/v1/projects").items(t), 1)
	})
}
