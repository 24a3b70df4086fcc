package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

func TestThreatLife(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		model := h.get(t, h.author, "/v1/models/"+w.model)
		element := model.field(t, "architecture").(fields)["elements"].([]any)[0].(fields)
		made := h.post(t, http.StatusCreated, h.author, "/v1/projects/"+w.project+"/threats", fields{
			"model_id": w.model, "category": "tampering", "title": " Prices can be changed ", "likelihood": 3, "impact": 4,
			"target_ids": []any{element["id"]}, "cwe": []string{"CWE-602"}, "mitigations": []fields{{"text": "Check prices on the server"}},
		})
		path := made.header.Get("Location")
		require.Equal(t, "critical", made.text(t, "severity"))
		require.Equal(t, []any{element["name"]}, made.field(t, "targets"))
		got := h.get(t, h.viewer, path)
		require.Empty(t, cmp.Diff(decode[fields](t, made), decode[fields](t, got)))
		require.Len(t, h.get(t, h.viewer, "/v1/threats?state=open,mitigated&category=tampering&severity=critical&model="+w.model).items(t), 1)

		patch := func(status int, match string, body fields) answer {
			return h.do(t, status, call{method: "PATCH", path: path, token: h.author, body: body, header: map[string]string{"If-Match": match}})
		}
		edited := patch(http.StatusOK, got.header.Get("ETag"), fields{"owner": "team-shop", "likelihood": 1})
		require.Equal(t, "medium", edited.text(t, "severity"))
		stale := patch(http.StatusPreconditionFailed, got.header.Get("ETag"), fields{"owner": "x"})
		require.Equal(t, "team-shop", stale.problem(t).Current["owner"])
		missing := h.do(t, http.StatusPreconditionRequired, call{method: "PATCH", path: path, token: h.author, body: fields{"owner": "x"}, bad: true})
		require.Equal(t, edited.header.Get("ETag"), missing.header.Get("ETag"))
		require.Len(t, h.get(t, h.viewer, "/v1/threats?owner=team-shop").items(t), 1)

		h.followThreat(t, path)

		history := h.get(t, h.viewer, path+"/history").items(t)
		var kinds []any
		for _, e := range history {
			kinds = append(kinds, e["kind"])
		}
		require.Equal(t, []any{
			"threat.created", "threat.updated", "threat.moved", "threat.moved", "threat.moved", "threat.moved",
			"references.replaced", "reference.acknowledged",
		}, kinds)
	})
}

// followThreat takes a threat through its states.
func (h *house) followThreat(t *testing.T, path string) {
	t.Helper()
	move := func(status int, token string, body fields) answer {
		return h.post(t, status, token, path+"/transitions", body)
	}
	jump := move(http.StatusConflict, h.reviewer, fields{"to": "resolved", "reason": "done"}).problem(t)
	require.Equal(t, "open", jump.Current["state"])
	move(http.StatusOK, h.author, fields{"to": "in_progress", "reason": "planned"})
	move(http.StatusOK, h.author, fields{"to": "mitigated", "reason": "prices are checked"})
	move(http.StatusForbidden, h.author, fields{"to": "resolved", "reason": "trust me"})
	resolved := move(http.StatusOK, h.reviewer, fields{"to": "resolved", "reason": "tested"})
	require.NotNil(t, resolved.field(t, "resolved_at"))
	reopened := move(http.StatusOK, h.reviewer, fields{"to": "open", "reason": "came back"})
	require.InEpsilon(t, 1, reopened.field(t, "reopen_count"), 0)
	require.Nil(t, reopened.field(t, "resolved_at"))

	refs := fields{"references": []fields{{"system": "jira", "key": "SEC-1", "url": "https://jira.example.com/SEC-1", "acknowledged_at": "2025-06-01T10:00:00Z"}}}
	referenced := h.do(t, http.StatusOK, call{method: "PUT", path: path + "/references", token: h.author, body: refs})
	require.Equal(t, "SEC-1", referenced.field(t, "references").([]any)[0].(fields)["key"])
}

func TestMetricsOverTheAPI(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		empty := h.get(t, h.viewer, "/v1/metrics")
		require.Nil(t, empty.field(t, "projects_covered").(fields)["value"], "an empty denominator is null")
		w := h.settle(t, "Shop")
		require.InEpsilon(t, 1, h.get(t, h.viewer, "/v1/metrics").field(t, "untriaged_projects"), 0)

		project := "/v1/projects/" + w.project
		h.do(t, http.StatusOK, call{method: "PATCH", path: project, token: h.admin, body: fields{"in_scope": "true"}, header: map[string]string{"If-Match": "*"}})
		h.decide(t, http.StatusOK, h.reviewer, w.suggestions[0], "*", fields{"decision": "accept"})
		h.rejectAll(t, w.draft)
		h.post(t, http.StatusOK, h.author, "/v1/models/"+w.model+"/submit", nil)
		h.post(t, http.StatusOK, h.reviewer, "/v1/models/"+w.model+"/sign-off", nil)
		h.do(t, http.StatusOK, call{method: "PUT", path: "/v1/threats/" + w.threat + "/references", token: h.author, body: fields{
			"references": []fields{{"system": "jira", "key": "SEC-1", "acknowledged_at": "2025-06-01T10:00:00Z"}},
		}})

		for _, path := range []string{"/v1/metrics", project + "/metrics?from=2025-01-01&to=2027-01-01T00:00:00Z"} {
			got := h.get(t, h.viewer, path)
			value := func(name string) any { return got.field(t, name).(fields)["value"] }
			require.InEpsilon(t, 1, value("threat_models_done"), 0)
			require.InEpsilon(t, 100, value("projects_covered"), 0)
			require.InEpsilon(t, 2, value("threats_per_project"), 0)
			require.InEpsilon(t, 1, value("total_reported_threats"), 0)
			require.InEpsilon(t, 1, value("average_reported_threats"), 0)
			require.InEpsilon(t, 100, got.field(t, "open_closed").(fields)["open"].(fields)["value"], 0)
			require.Nil(t, value("mean_time_to_resolution"))
			require.InEpsilon(t, 50, got.field(t, "drafting").(fields)["miss_rate"].(fields)["value"], 0)
		}
		past := h.get(t, h.viewer, "/v1/metrics?as_of=2024-01-01")
		require.InDelta(t, 0, past.field(t, "eligible_projects"), 0, "nothing was there then")
	})
}
