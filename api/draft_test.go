package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

func TestCreateDraft(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		d := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop})
		path := d.header.Get("Location")
		require.Equal(t, "/v1/drafts/"+d.text(t, "id"), path)
		require.Equal(t, "queued", d.text(t, "state"))
		otto := h.token(t, "otto", "author", "")
		require.Empty(t, cmp.Diff(decode[fields](t, d), decode[fields](t, h.get(t, otto, path))))
		h.work(t)
		done := h.get(t, otto, path)
		require.Equal(t, "succeeded", done.text(t, "state"))
		require.Nil(t, done.field(t, "error"))
		suggestions := h.get(t, otto, "/v1/suggestions?limit=200&draft="+d.text(t, "id")).items(t)
		require.InEpsilon(t, len(suggestions), done.field(t, "outcome").(fields)["suggestions"], 0)

		// it landed in the caller's sandbox, which lists leave out and which is nobody else's
		project := h.get(t, otto, "/v1/projects/"+d.text(t, "project_id"))
		require.Equal(t, true, project.field(t, "sandbox"))
		require.Empty(t, h.get(t, otto, "/v1/projects").items(t))
		require.Len(t, h.get(t, otto, "/v1/projects?sandboxes=true").items(t), 1)

		// somebody whose name differs in case alone has one of their own
		twin := h.post(t, http.StatusAccepted, h.token(t, "OTTO", "author", ""), "/v1/drafts", fields{"description": shop})
		require.NotEqual(t, d.text(t, "project_id"), twin.text(t, "project_id"))

		// the same text drafts the same version again, another text another one
		again := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop})
		require.Equal(t, d.text(t, "model_id"), again.text(t, "model_id"))
		other := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop + "\nThe web shop uses a Redis cache."})
		require.NotEqual(t, d.text(t, "model_id"), other.text(t, "model_id"))
	})
}

func TestCreateDraftRaw(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	for _, tt := range []struct{ name, contentType, query, body, format string }{
		{"markdown", "text/markdown", "?project_name=A&name=shop.md", shop, "prose"},
		{"with a charset", "text/plain; charset=UTF-8", "?project_name=B&scope=checkout", shop, "prose"},
		{"other markdown", "text/x-markdown", "?project_name=C&format=prose&drafter=offline", shop, "prose"},
		{"diagram", "text/vnd.mermaid", "?project_name=D", "flowchart LR\n b[Browser] --> s[Web shop]\n s --> db[(PostgreSQL)]\n", "mermaid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := h.do(t, http.StatusAccepted, call{
				method: "POST", path: "/v1/drafts" + tt.query, token: h.author, body: tt.body, header: map[string]string{"Content-Type": tt.contentType},
			})
			m := h.get(t, h.admin, "/v1/models/"+d.text(t, "model_id"))
			source := m.field(t, "sources").([]any)[0].(fields)
			require.Equal(t, tt.format, source["format"])
			require.Equal(t, tt.body, source["content"], "not a byte is changed")
			project := h.get(t, h.admin, "/v1/projects/"+d.text(t, "project_id"))
			require.Equal(t, "unknown", project.text(t, "in_scope"))
		})
	}
}

// dense says so much of few parts that the ceiling holds some of it back.
const dense = `Customers use a browser to log in to the web shop over HTTP with a password and a session cookie, upload PDF invoices and pay by card.
The web shop is a multi-tenant Node.js application that writes orders, card numbers and passwords to PostgreSQL, stores uploads in an S3 bucket,
publishes orders to RabbitMQ, calls Stripe, sends mail by SendGrid and asks OpenAI to summarise tickets. Stripe calls a webhook of the web shop.
Admins use an admin console over the internet. Jenkins deploys the web shop to Kubernetes from GitHub.`

func TestWhatWasHeldBackCanBeAskedFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		ended := func(path string, body fields) (held, queued float64) {
			d := h.post(t, http.StatusAccepted, h.author, path, body)
			h.work(t)
			d = h.get(t, h.author, d.header.Get("Location"))
			require.Equal(t, body["all"] == true, d.field(t, "all"))
			require.Len(t, h.get(t, h.author, "/v1/suggestions?limit=200&state=pending").items(t), int(d.field(t, "outcome").(fields)["suggestions"].(float64)))
			outcome := d.field(t, "outcome").(fields)
			return outcome["held_back"].(float64), outcome["suggestions"].(float64)
		}
		held, queued := ended("/v1/drafts", fields{"description": dense, "project_name": "Shop"})
		require.NotZero(t, held)
		model := h.get(t, h.author, "/v1/suggestions?limit=1").items(t)[0]["model_id"].(string)
		none, all := ended("/v1/models/"+model+"/drafts", fields{"all": true})
		require.Zero(t, none)
		require.InDelta(t, held+queued, all, 0)
		raw := h.do(t, http.StatusAccepted, call{
			method: "POST", path: "/v1/drafts?project_name=Shop&all=true", token: h.author, body: dense, header: map[string]string{"Content-Type": "text/plain"},
		})
		require.Equal(t, true, raw.field(t, "all"))
	})
}

func TestPreferWait(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	wait := func(status int, path, prefer string, body any) answer {
		return h.do(t, status, call{method: "POST", path: path, token: h.author, body: body, header: map[string]string{"Prefer": prefer}})
	}
	late := wait(http.StatusAccepted, "/v1/drafts", "respond-async, wait=1", fields{"description": shop, "project_name": "Shop"})
	require.Equal(t, "queued", late.text(t, "state"), "nobody works")
	require.Equal(t, "wait=1", late.header.Get("Preference-Applied"))
	h.work(t)

	worker := make(chan error, 1)
	go func() { worker <- h.runner.Run(t.Context(), <-h.queued) }()
	ended := wait(http.StatusOK, "/v1/models/"+late.text(t, "model_id")+"/drafts", `wait="30"`, nil)
	require.NoError(t, <-worker)
	require.Equal(t, "succeeded", ended.text(t, "state"))
	require.Equal(t, "/v1/drafts/"+ended.text(t, "id"), ended.header.Get("Location"))

	// a first sandbox is made by the very request that waits for it
	go func() { worker <- h.runner.Run(t.Context(), <-h.queued) }()
	fresh := h.token(t, "nina", "author", "")
	mine := h.do(t, http.StatusOK, call{
		method: "POST", path: "/v1/drafts", token: fresh, body: fields{"description": shop}, header: map[string]string{"Prefer": "wait=30"},
	})
	require.NoError(t, <-worker)
	require.Equal(t, "succeeded", mine.text(t, "state"))

	// a replay does not wait: it shows the draft as it was queued
	go func() { worker <- h.runner.Run(t.Context(), <-h.queued) }()
	once := call{
		method: "POST", path: "/v1/drafts", token: h.author, body: fields{"description": shop, "project_name": "Shop"},
		header: map[string]string{"Prefer": "wait=30", "Idempotency-Key": "k"},
	}
	first := h.do(t, http.StatusOK, once)
	require.NoError(t, <-worker)
	again := h.do(t, http.StatusAccepted, once)
	require.Equal(t, first.header.Get("Location"), again.header.Get("Location"))
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))

	close(h.closing)
	wait(http.StatusAccepted, "/v1/drafts", "wait=60", fields{"description": shop, "project_name": "Shop"})
}

func TestCancelDraft(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		d := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop, "project_name": "Shop"})
		path := d.header.Get("Location")
		canceled := h.post(t, http.StatusOK, h.author, path+"/cancel", fields{})
		require.Equal(t, "canceled", canceled.text(t, "state"))
		h.post(t, http.StatusOK, h.author, path+"/cancel", nil)
		h.work(t)
		require.Equal(t, "canceled", h.get(t, h.viewer, path).text(t, "state"), "a stale job changes nothing")
		require.Empty(t, h.get(t, h.viewer, "/v1/suggestions?draft="+d.text(t, "id")).items(t))

		// a running one is asked to stop; nothing is published
		running := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop, "project_name": "Shop"})
		asked := false
		h.runner.Probe = func(string) {
			if !asked {
				asked = true
				a, err := h.try(t.Context(), call{method: "POST", path: running.header.Get("Location") + "/cancel", token: h.author})
				require.NoError(t, err)
				require.Equal(t, http.StatusAccepted, a.status)
				require.Equal(t, true, a.field(t, "cancel_requested"))
			}
		}
		h.work(t)
		require.True(t, asked)
		require.Equal(t, "canceled", h.get(t, h.viewer, running.header.Get("Location")).text(t, "state"))
		require.Empty(t, h.get(t, h.viewer, "/v1/suggestions?draft="+running.text(t, "id")).items(t))
		events := string(h.get(t, h.viewer, running.header.Get("Location")+"/events").body)
		require.Equal(t, 1, strings.Count(events, `"state":"canceled"`))
	})
}
