package draft

import (
	"cmp"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/llm"
	"github.com/threatdraft/threatdraft/prompts"
)

// A model of any quality may add little; it may not take the floor away, nor have
// anything kept that does not verify.
func TestAgainstARealServer(t *testing.T) {
	t.Parallel()
	url := os.Getenv("THREATDRAFT_TEST_LLM_URL")
	if url == "" {
		t.Skip("THREATDRAFT_TEST_LLM_URL names no server; see CONTRIBUTING.md")
	}
	client, err := llm.Open(llm.Config{
		Provider: "openai", BaseURL: url, Model: cmp.Or(os.Getenv("THREATDRAFT_TEST_LLM_MODEL"), "default"),
		APIKey: llm.Key(cmp.Or(os.Getenv("THREATDRAFT_TEST_LLM_KEY"), "none")), Timeout: 20 * time.Minute, Concurrency: 2,
	}, llm.Deps{Now: time.Now, Rand: rand.Float64})
	require.NoError(t, err)
	set, err := prompts.Load("")
	require.NoError(t, err)
	floor, err := New().Run(t.Context(), potteryInput(), nil)
	require.NoError(t, err)
	out, err := NewHybrid(Model{Asker: client, Prompts: set}).Run(t.Context(), potteryInput(), nil)
	require.NoError(t, err)
	requireFloor(t, floor, out)
	for _, p := range out.Threats {
		for _, e := range p.Evidence {
			require.True(t, e.Holds(potteryInput().Sources))
		}
	}
	t.Logf("%d threats, %d of them the rules'; missing: %v; dropped: %v", len(out.Threats), len(floor.Threats), out.LLM.Missing(), out.LLM.Dropped)
}
