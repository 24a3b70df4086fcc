package api_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

func TestModelsInMetricsOverTheAPI(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		d := h.drafted(t, chestShop)
		project := "/v1/projects/" + d.text(t, "project_id")
		require.Zero(t, metricsOf(t, h, "")["llm"].(fields)["calls"], "the project is not triaged")
		h.do(t, http.StatusOK, call{method: "PATCH", path: project, token: h.admin, body: fields{"in_scope": "true"}, header: anyVersion})

		accepted := 0
		var rule fields
		var prompt string
		for _, s := range h.suggestionsOf(t, d) {
			if s["rule"] != "" {
				rule = s
				continue
			}
			prompt = s["origins"].([]any)[0].(fields)["prompt"].(string)
			switch {
			case accepted < 2:
				accepted++
				h.judge(t, s, fields{"decision": "accept"})
			default:
				h.judge(t, s, fields{"decision": "reject", "reason": "too_generic"})
			}
		}
		h.judge(t, rule, fields{"decision": "accept"})

		total := h.get(t, h.viewer, "/v1/drafts/"+d.text(t, "id")+"/calls").field(t, "total").(fields)
		want := maps.Clone(total)
		want["drafts"] = 1.0
		want["tokens_per_accepted_threat"] = fields{
			"value": (total["tokens_in"].(float64) + total["tokens_out"].(float64)) / 2, "n": 2.0, "unit": "tokens",
		}
		want["cost_per_accepted_threat"] = fields{"value": total["cost_micro_usd"].(float64) / 2, "n": 2.0, "unit": "micro_usd"}
		for _, path := range []string{"", project[len("/v1"):]} {
			got := metricsOf(t, h, path)
			require.Empty(t, cmp.Diff(want, got["llm"].(fields)))
			parts := float64(len(h.elementsOf(t, d)))
			requirePrecision(t, got["precision_by_model"], "model", map[string][2]float64{"": {1, 1}, "openai/parrot": {2, parts}})
			requirePrecision(t, got["precision_by_prompt"], "prompt", map[string][2]float64{"": {1, 1}, prompt: {2, parts}})
		}
	})
}

// metricsOf is how the drafts are, over all projects or below a project's path.
func metricsOf(t *testing.T, h *house, below string) fields {
	t.Helper()
	return h.get(t, h.viewer, "/v1"+below+"/metrics").field(t, "drafting").(fields)
}

// requirePrecision holds lines to what was accepted and what was judged.
func requirePrecision(t *testing.T, lines any, key string, want map[string][2]float64) {
	t.Helper()
	got := map[string][2]float64{}
	for _, line := range lines.([]any) {
		l := line.(fields)
		got[l[key].(string)] = [2]float64{l["count"].(float64), l["n"].(float64)}
	}
	require.Equal(t, want, got)
}
