package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

func TestModelLife(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		project := h.post(t, http.StatusCreated, h.author, "/v1/projects", fields{"name": "Shop"}).header.Get("Location")
		made := h.post(t, http.StatusCreated, h.author, project+"/models", fields{"scope": "checkout", "sources": []fields{
			{"name": "shop.md", "content": shop}, {"name": "more.mmd", "format": "mermaid", "content": "flowchart LR\n a[Mail service] --> b[(Mail store)]\n"},
		}})
		path := made.header.Get("Location")
		got := h.get(t, h.viewer, path)
		require.Empty(t, cmp.Diff(decode[fields](t, made), decode[fields](t, got)))
		require.Equal(t, "checkout", got.text(t, "scope"))
		list := h.get(t, h.viewer, project+"/models?scope=checkout&state=draft").items(t)
		require.Len(t, list, 1)
		require.NotContains(t, list[0], "architecture")
		require.Empty(t, h.get(t, h.viewer, project+"/models?state=completed").items(t))

		// nothing is drafted yet: not ready
		submitted := h.post(t, http.StatusOK, h.author, path+"/submit", fields{"assignee": "rita"})
		require.Equal(t, "in_review", submitted.text(t, "state"))
		require.Equal(t, h.get(t, h.reviewer, "/v1/me").text(t, "id"), submitted.text(t, "assignee_id"))
		missing := h.post(t, http.StatusConflict, h.reviewer, path+"/sign-off", nil).problem(t)
		require.Equal(t, "drafts", missing.Errors[0].Field)
		require.Equal(t, "in_review", missing.Current["state"])
		returned := h.post(t, http.StatusOK, h.reviewer, path+"/return", fields{"reason": "draft it first"})
		require.Equal(t, "draft", returned.text(t, "state"))
		h.post(t, http.StatusConflict, h.reviewer, path+"/return", fields{"reason": "again"})

		d := h.post(t, http.StatusAccepted, h.author, path+"/drafts", fields{"drafter": "offline"})
		h.work(t)
		drafts := h.get(t, h.viewer, path+"/drafts").items(t)
		require.Len(t, drafts, 1)
		require.Equal(t, "succeeded", drafts[0]["state"])

		coverage := decode[struct {
			Cells   []struct{ State string } `json:"cells"`
			Summary map[string]int           `json:"summary"`
		}](t, h.get(t, h.viewer, path+"/coverage"))
		require.Positive(t, coverage.Summary["threat"])
		total := 0
		for _, n := range coverage.Summary {
			total += n
		}
		require.Len(t, coverage.Cells, total)

		h.do(t, http.StatusPreconditionFailed, call{
			method: "POST", path: path + "/submit", token: h.author, header: map[string]string{"If-Match": made.header.Get("ETag")},
		})
		h.post(t, http.StatusOK, h.author, path+"/submit", nil)
		open := h.post(t, http.StatusConflict, h.reviewer, path+"/sign-off", nil).problem(t)
		require.Equal(t, "suggestions", open.Errors[0].Field)
		h.rejectAll(t, d.text(t, "id"))
		done := h.post(t, http.StatusOK, h.reviewer, path+"/sign-off", fields{})
		require.Equal(t, "completed", done.text(t, "state"))
		require.NotNil(t, done.field(t, "completed_by"))
		h.post(t, http.StatusConflict, h.author, path+"/drafts", nil)
	})
}

// rejectAll decides all that a draft proposed.
func (h *house) rejectAll(t *testing.T, draft string) {
	t.Helper()
	for _, s := range h.get(t, h.reviewer, "/v1/suggestions?limit=200&state=pending&draft="+draft).items(t) {
		h.decide(t, http.StatusOK, h.reviewer, s["id"].(string), "*", fields{"decision": "reject", "reason": "not_applicable"})
	}
}

func (h *house) decide(t *testing.T, status int, token, id, match string, body fields) answer {
	t.Helper()
	return h.do(t, status, call{
		method: "POST", path: "/v1/suggestions/" + id + "/decision", token: token, body: body, header: map[string]string{"If-Match": match},
	})
}

func TestCorrectArchitecture(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		path := "/v1/models/" + w.model
		first := h.get(t, h.author, path)
		architecture := first.field(t, "architecture").(fields)
		elements := architecture["elements"].([]any)
		elements[0].(fields)["name"] = "Renamed by its author"
		architecture["elements"] = append(elements, fields{"name": "Fraud service", "kind": "process"})

		put := func(status int, match string, body any) answer {
			return h.do(t, status, call{method: "PUT", path: path + "/architecture", token: h.author, body: body, header: map[string]string{"If-Match": match}})
		}
		put(http.StatusPreconditionFailed, `"99"`, architecture)
		second := put(http.StatusCreated, first.header.Get("ETag"), architecture)
		require.InEpsilon(t, 2, second.field(t, "version"), 0)
		corrected := second.field(t, "architecture").(fields)["elements"].([]any)
		require.Len(t, corrected, len(elements)+1)
		require.Equal(t, elements[0].(fields)["id"], corrected[0].(fields)["id"], "a rename keeps the key")
		require.Equal(t, first.field(t, "content_hash"), second.field(t, "content_hash"))
		for _, e := range corrected[0].(fields)["evidence"].([]any) {
			if e.(fields)["kind"] == "quoted" {
				require.Equal(t, second.field(t, "sources").([]any)[0].(fields)["id"], e.(fields)["source_id"])
			}
		}
		late := put(http.StatusConflict, "*", architecture).problem(t)
		require.Equal(t, second.text(t, "id"), late.Current["id"], "the newer version is shown")
	})
}

func TestAnswerQuestion(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		path := "/v1/models/" + w.model
		q := h.get(t, h.author, path+"/questions").items(t)[0]
		require.Nil(t, q["answer"])
		require.NotEmpty(t, q["suggestion_ids"])

		absent := h.post(t, http.StatusCreated, h.author, path+"/answers", fields{"question_id": q["id"], "control": "absent", "apply_to": "model"})
		require.Equal(t, path+"/questions", absent.header.Get("Location"))
		raised := absent.field(t, "raised").([]any)
		require.NotEmpty(t, raised)
		certain := h.get(t, h.author, "/v1/suggestions/"+raised[0].(string))
		require.Equal(t, "high", certain.text(t, "confidence"))
		require.Equal(t, "pending", certain.text(t, "state"))

		present := h.post(t, http.StatusCreated, h.author, path+"/answers", fields{
			"question_id": q["id"], "control": "present", "text": "since 2023", "apply_to": "model",
		})
		superseded := present.field(t, "superseded").([]any)
		require.NotEmpty(t, superseded)
		settled := h.get(t, h.author, "/v1/suggestions/"+superseded[0].(string))
		require.Equal(t, "superseded", settled.text(t, "state"))
		require.Equal(t, "supersede", settled.field(t, "decisions").([]any)[0].(fields)["decision"])
		again := h.get(t, h.author, path+"/questions").items(t)[0]
		require.Equal(t, "present", again["answer"].(fields)["control"])

		reopened := h.decide(t, http.StatusOK, h.reviewer, superseded[0].(string), settled.header.Get("ETag"), fields{"decision": "reopen", "text": "not so"})
		require.Equal(t, "pending", reopened.text(t, "state"))
	})
}
