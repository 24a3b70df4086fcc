package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// pages reads a list to its end, calling between before each page but the first.
func (h *house) pages(t *testing.T, path string, between func(page int)) []fields {
	t.Helper()
	var out []fields
	for cursor, page := "", 1; ; page++ {
		require.Less(t, page, 100, "the list does not end")
		if page > 1 {
			between(page)
		}
		a := h.get(t, h.viewer, path+cursor)
		out = append(out, a.items(t)...)
		next, more := a.field(t, "next_cursor").(string)
		if !more {
			return out
		}
		cursor = "&cursor=" + url.QueryEscape(next)
	}
}

func ids(items []fields) []string {
	var out []string
	for _, item := range items {
		out = append(out, item["id"].(string))
	}
	return out
}

// requireOnce holds that what was there at the first page was seen exactly once.
func requireOnce(t *testing.T, first, seen []string) {
	t.Helper()
	for _, id := range first {
		n := 0
		for _, s := range seen {
			if s == id {
				n++
			}
		}
		require.Equal(t, 1, n, "%s was seen %d times", id, n)
	}
}

func TestListsInPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, databaseURL string) {
		h := newHouse(t, databaseURL)
		w := h.settle(t, "Shop")
		project := "/v1/projects/" + w.project
		add := map[string]func(i int){
			"/v1/projects?limit=4": func(i int) {
				h.post(t, http.StatusCreated, h.author, "/v1/projects", fields{"name": fmt.Sprintf("Project %d", i)})
			},
			project + "/models?limit=4": func(i int) {
				h.post(t, http.StatusCreated, h.admin, project+"/models", fields{"scope": fmt.Sprintf("s%d", i), "sources": []fields{{"content": shop}}})
			},
			"/v1/models/" + w.model + "/drafts?limit=4": func(int) {
				h.post(t, http.StatusAccepted, h.admin, "/v1/models/"+w.model+"/drafts", nil)
			},
			"/v1/threats?limit=4": func(i int) {
				h.post(t, http.StatusCreated, h.admin, project+"/threats", fields{
					"category": "spoofing", "title": fmt.Sprintf("Threat %d", i), "likelihood": 1, "impact": 1,
				})
			},
		}
		for path, one := range add {
			for i := range 9 {
				one(i)
			}
			first := ids(h.pages(t, path, func(int) {}))
			require.True(t, slices.IsSorted(first), "oldest first")
			require.GreaterOrEqual(t, len(first), 9)
			seen := ids(h.pages(t, path, func(page int) {
				if page < 4 {
					one(100 + page)
				}
			}))
			requireOnce(t, first, seen)
		}
	})
}

func TestQueueInPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, databaseURL string) {
		h := newHouse(t, databaseURL)
		h.settle(t, "One")
		h.settle(t, "Two")
		for _, sort := range []string{"priority", "created_at", "-created_at"} {
			path := "/v1/suggestions?limit=7&sort=" + sort
			first := h.pages(t, path, func(int) {})
			pending := slices.DeleteFunc(slices.Clone(first), func(s fields) bool { return s["state"] != "pending" })
			got := h.pages(t, path, func(page int) {
				if page == 2 && sort != "created_at" {
					h.settle(t, "More "+sort)
				}
				// deciding moves nothing to another page
				h.decide(t, http.StatusOK, h.reviewer, pending[page]["id"].(string), "*", fields{"decision": "accept", "edits": fields{"impact": 1}})
			})
			requireOnce(t, ids(first), ids(got))
			requireOrder(t, sort, first)
		}
		next := h.get(t, h.viewer, "/v1/suggestions?limit=1").text(t, "next_cursor")
		p := h.do(t, http.StatusBadRequest, call{method: "GET", path: "/v1/suggestions?sort=created_at&cursor=" + next, token: h.viewer}).problem(t)
		require.Equal(t, "cursor", p.Errors[0].Field, "a cursor holds in its own order alone")
	})
}

// requireOrder holds that a page of the queue stands in its order, by what was
// drafted.
func requireOrder(t *testing.T, sort string, items []fields) {
	t.Helper()
	risk := func(s fields) float64 {
		p := s["proposal"].(fields)
		return p["likelihood"].(float64) * p["impact"].(float64)
	}
	for i := 1; i < len(items); i++ {
		switch before, after := items[i-1], items[i]; sort {
		case "priority":
			require.GreaterOrEqual(t, risk(before), risk(after))
		case "created_at":
			require.False(t, moment(t, after).Before(moment(t, before)))
		default:
			require.False(t, moment(t, before).Before(moment(t, after)))
		}
	}
}

func moment(t *testing.T, s fields) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s["created_at"].(string))
	require.NoError(t, err)
	return at
}

// TestCursorBelongsToItsQuery: a place in one list is none in another.
func TestCursorBelongsToItsQuery(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		h.settle(t, "Shop")
		cursor := h.get(t, h.admin, "/v1/suggestions?limit=1&state=pending").text(t, "next_cursor")
		h.get(t, h.admin, "/v1/suggestions?limit=2&state=pending&cursor="+cursor)
		refused := h.do(t, http.StatusBadRequest, call{
			method: "GET", path: "/v1/suggestions?limit=1&state=rejected&cursor=" + cursor, token: h.admin,
		})
		require.Contains(t, string(refused.body), "belongs to another query")
	})
}
