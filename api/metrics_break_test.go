package api_test

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	threatdraft "github.com/threatdraft/threatdraft"
	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// triaged settles projects that count.
func triaged(t *testing.T, h *house, names ...string) []world {
	t.Helper()
	var out []world
	for _, name := range names {
		w := h.settle(t, name)
		h.do(t, http.StatusOK, call{
			method: "PATCH", path: "/v1/projects/" + w.project, token: h.admin, header: anyVersion,
			body: fields{"in_scope": "true", "tags": []string{"=team", "both"}},
		})
		out = append(out, w)
	}
	return out
}

func TestMetricsByGroup(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		worlds := triaged(t, h, "One", "Two", "Three")
		whole := h.get(t, h.viewer, "/v1/metrics")
		total := whole.field(t, "threats_per_project").(fields)["total"].(float64)
		require.Positive(t, total)
		for _, by := range metrics.GroupBys() {
			a := h.get(t, h.viewer, "/v1/metrics?limit=200&group_by="+string(by))
			require.Equal(t, string(by), a.field(t, "group_by"))
			require.Len(t, a.field(t, "null_by_nature"), len(by.NullByNature()))
			sum := 0.0
			for _, g := range a.items(t) {
				r := g["report"].(fields)
				sum += r["threats_per_project"].(fields)["total"].(float64)
				if !by.OfProjects() {
					require.Nil(t, r["projects_covered"].(fields)["value"])
					require.InDelta(t, 3, r["eligible_projects"], 0)
				}
			}
			if by == metrics.ByTag {
				sum /= 2 // each project has two tags
			}
			require.InDelta(t, total, sum, 0, "by %s", by)
		}
		var seen []string
		for path := "/v1/metrics?group_by=project&limit=1"; path != ""; {
			a := h.get(t, h.viewer, path)
			for _, g := range a.items(t) {
				seen = append(seen, g["key"].(string))
			}
			path = ""
			if next, more := a.field(t, "next_cursor").(string); more {
				path = "/v1/metrics?group_by=project&limit=1&cursor=" + next
			}
		}
		require.Equal(t, []string{worlds[0].project, worlds[1].project, worlds[2].project}, seen, "each is on one page")
		one := h.get(t, h.viewer, "/v1/projects/"+worlds[1].project+"/metrics?group_by=project").items(t)
		require.Len(t, one, 1)
		require.Equal(t, "Two", one[0]["label"])
	})
}

func TestMetricsSeriesOverTheAPI(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := triaged(t, h, "One")[0]
		const series = "/v1/metrics?from=2025-10-01&series=month"
		before := h.get(t, h.viewer, series).items(t)
		last := before[len(before)-1]
		require.Equal(t, "2025-10-31T23:59:59.999999Z", before[0]["as_of"])
		require.InDelta(t, 0, before[0]["report"].(fields)["eligible_projects"], 0, "it did not exist yet")
		require.InDelta(t, 1, last["report"].(fields)["eligible_projects"], 0)
		at := "&to=" + last["to"].(string)
		h.do(t, http.StatusOK, call{method: "POST", path: "/v1/projects/" + w.project + "/archive", token: h.admin})
		require.Equal(t, before, h.get(t, h.viewer, series+at).items(t), "history does not move")
		require.InDelta(t, 0, h.get(t, h.viewer, "/v1/metrics").field(t, "eligible_projects"), 0)
		grouped := h.get(t, h.viewer, series+at+"&group_by=category").items(t)
		require.Len(t, grouped[0]["groups"], 6)
		require.NotContains(t, grouped[0], "report")
	})
}

func TestMetricsAsCSV(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	triaged(t, h, `=HYPERLINK("x"), quoted`)
	formulas := map[string]bool{}
	for _, f := range metrics.Formulas() {
		formulas[f.Metric] = true
	}
	ask := func(path, accept string) [][]string {
		a := h.do(t, http.StatusOK, call{method: "GET", path: path, token: h.viewer, header: map[string]string{"Accept": accept}})
		require.Contains(t, string(a.body), "\r\n")
		lines, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
		require.NoError(t, err)
		require.Equal(t, []string{
			"group", "label", "as_of", "from", "to", "metric", "key", "name", "value", "n", "unit", "count", "low", "high", "p50", "p90",
		}, lines[0])
		require.Greater(t, len(lines), 30)
		return lines[1:]
	}
	lines := ask("/v1/metrics", "text/csv")
	require.Len(t, ask("/v1/metrics?format=csv", "application/json"), len(lines))
	for _, l := range lines {
		require.True(t, formulas[l[5]], "%s has no formula", l[5])
	}
	named := slices.IndexFunc(lines, func(l []string) bool { return l[5] == "threats_per_project.by_project.threats" })
	require.Equal(t, `'=HYPERLINK("x"), quoted`, lines[named][7])
	require.Equal(t, "1", lines[slices.IndexFunc(lines, func(l []string) bool { return l[5] == "eligible_projects" })][8])
	tags := ask("/v1/metrics?format=csv&group_by=tag", "")
	require.Equal(t, "'=team", tags[0][0])
	require.NotEmpty(t, ask("/v1/metrics?format=csv&from=2025-10-01&series=month&group_by=category", ""))
}

// TestContractTellsTheFormulas holds the contract's text to the one that stands.
func TestContractTellsTheFormulas(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	require.Len(t, h.get(t, h.viewer, "/v1/metrics/formulas").items(t), len(metrics.Formulas()))
	contract := strings.Join(strings.Fields(string(threatdraft.OpenAPI)), " ")
	for _, f := range metrics.Formulas() {
		line := "- `" + f.Metric + "`: " + f.Formula + " (" + string(f.Unit)
		if f.N != "" {
			line += "; n: " + f.N
		}
		require.Contains(t, contract, line+")")
	}
}
