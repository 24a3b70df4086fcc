package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

func TestAuditTrail(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		own, other := h.settle(t, "Own"), h.settle(t, "Other")
		threat := h.addThreat(t, own.project, 2, 2)
		none := func(int) {}

		whole := h.pages(t, "/v1/audit-events?limit=200", none)
		require.Equal(t, whole, h.pages(t, "/v1/audit-events?limit=7", none), "pages are the list")
		projects := make(map[any]int)
		for _, e := range whole {
			projects[e["project_id"]]++
		}
		require.Len(t, projects, 2)

		oldest := h.pages(t, "/v1/audit-events?order=asc&limit=9&project="+own.project, none)
		require.Len(t, oldest, projects[own.project])
		previous := ""
		for i, e := range oldest {
			require.EqualValues(t, i+1, e["seq"])
			require.Equal(t, previous, e["prev_hash"], "the rows of a project are chained")
			previous = e["hash"].(string)
		}

		id := h.get(t, h.viewer, threat).text(t, "id")
		made := h.pages(t, "/v1/audit-events?subject=threat&subject_id="+id+"&kind=threat.created,threat.moved", none)
		require.Len(t, made, 1)
		require.Equal(t, "threat.created", made[0]["kind"])
		by := h.pages(t, "/v1/audit-events?actor="+made[0]["actor_id"].(string), none)
		require.NotEmpty(t, by)
		for _, e := range by {
			require.Equal(t, made[0]["actor_id"], e["actor_id"])
		}
		at := made[0]["at"].(string)
		require.NotContains(t, h.pages(t, "/v1/audit-events?until="+at, none), made[0])
		require.Contains(t, h.pages(t, "/v1/audit-events?since="+at, none), made[0])

		insider := h.token(t, "insider", "viewer", other.project)
		for _, e := range h.get(t, insider, "/v1/audit-events?limit=200").items(t) {
			require.Equal(t, other.project, e["project_id"])
		}
		require.Empty(t, h.get(t, insider, "/v1/audit-events?project="+own.project).items(t))
	})
}

func TestAuditTrailRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	for query, field := range map[string]string{
		"kind=threat.killed": "kind", "subject=project_scope": "subject", "subject_id=x": "subject_id", "since=yesterday": "since",
		"order=up": "order", "since=2026-01-02&until=2026-01-02": "until", "limit=0": "limit", "cursor=x": "cursor", "user=x": "user",
	} {
		h.refuse(t, badInput{query, call{method: http.MethodGet, path: "/v1/audit-events?" + query, token: h.admin}, http.StatusBadRequest, field})
	}
}
