package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// TestMainJobOnRealDesigns takes published designs through the API. They stand
// beside the repository; without them it is skipped.
func TestMainJobOnRealDesigns(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", "dev", "*.json"))
	require.NoError(t, err)
	if len(found) == 0 {
		t.Skip("no published designs beside the repository")
	}
	require.GreaterOrEqual(t, len(found), 5)
	h := newHouse(t, storetest.SQLite(t))
	for i := range 5 {
		path := found[i*(len(found)-1)/4]
		t.Run(filepath.Base(path), func(t *testing.T) {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			var design struct{ Title, Description string }
			require.NoError(t, json.Unmarshal(content, &design))
			h.requireDraft(t, design.Title, design.Description)
		})
	}
}

// requireDraft holds that a design gives suggestions on parts that it names, and
// that every quote stands in it byte for byte.
func (h *house) requireDraft(t *testing.T, title, description string) {
	t.Helper()
	d := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": description, "project_name": title})
	h.work(t)
	done := h.get(t, h.viewer, d.header.Get("Location"))
	require.Equal(t, "succeeded", done.text(t, "state"), "%s", done.body)

	model := decode[struct {
		Sources      []struct{ ID, Content string }
		Architecture struct {
			Elements, Flows []struct{ ID, Name string }
		}
	}](t, h.get(t, h.viewer, "/v1/models/"+d.text(t, "model_id")))
	require.Len(t, model.Sources, 1)
	require.Equal(t, description, model.Sources[0].Content)
	names := map[string]string{}
	for _, e := range append(model.Architecture.Elements, model.Architecture.Flows...) {
		names[e.ID] = e.Name
	}

	suggestions := decode[struct {
		Items []struct {
			Title    string
			Targets  []string
			IDs      []string `json:"target_ids"`
			Evidence []struct {
				Kind, Quote string
				SourceID    string `json:"source_id"`
				Start, End  int
			}
		}
	}](t, h.get(t, h.viewer, "/v1/suggestions?limit=200&draft="+d.text(t, "id"))).Items
	require.NotEmpty(t, suggestions)
	quotes := 0
	for _, s := range suggestions {
		require.NotEmpty(t, s.IDs, s.Title)
		for i, id := range s.IDs {
			require.Equal(t, names[id], s.Targets[i], s.Title)
		}
		for _, e := range s.Evidence {
			if e.Kind == "quoted" {
				quotes++
				require.Equal(t, model.Sources[0].ID, e.SourceID)
				require.Equal(t, description[e.Start:e.End], e.Quote, s.Title)
			}
		}
	}
	require.Positive(t, quotes)
}
