package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
)

// asking are the settings for a model behind the server.
func asking(s *llmtest.Server, more ...string) []string {
	return append([]string{
		"THREATDRAFT_LLM_PROVIDER=openai", "THREATDRAFT_LLM_BASE_URL=" + s.URL, "THREATDRAFT_LLM_API_KEY=top-secret", "THREATDRAFT_LLM_MODEL=parrot",
	}, more...)
}

// lockerThreat answers questions about the parcel lockers' API with one threat.
func lockerThreat(q llmtest.Query) *llmtest.Reply {
	for line := range strings.Lines(q.User) {
		id, rest, ok := strings.Cut(line, " = ")
		if ok && strings.HasPrefix(rest, "Locker API (") && q.SchemaName == "threats" {
			return llmtest.Text(`{"threats":[{"targets":["` + id + `"],"category":"tampering","title":"Compartments opened in bulk through the Locker API",` +
				`"statement":"A courier with a forged list can open all compartments through the Locker API because one call takes many codes, causing theft.",` +
				`"quote":"","likelihood":2,"impact":3,"cwe":["CWE-799"],"improves":""}]}`)
		}
	}
	return llmtest.Text("{}")
}

func TestHybridDraftOnTheCommandLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "parcel-lockers.md")
	byRules := threatdraft(t, "", nil, "draft", "--format", "json", file)
	s := llmtest.New(t, llmtest.WantKey("top-secret"), lockerThreat)
	hybrid := threatdraft(t, "", asking(s), "draft", "--format", "json", file)
	require.Equal(t, exitOK, hybrid.code, hybrid.stderr)
	require.Empty(t, hybrid.stderr)
	var out struct {
		Threats []struct{ Title string }
		LLM     struct{ Model string }
	}
	require.NoError(t, json.Unmarshal([]byte(hybrid.stdout), &out))
	require.Contains(t, hybrid.stdout, "Compartments opened in bulk through the Locker API")
	require.Equal(t, "parrot", out.LLM.Model)
	require.Equal(t, byRules, threatdraft(t, "", asking(s), "draft", "--rules", "--format", "json", file), "--rules asks nobody")
}

func TestHybridDraftSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "parcel-lockers.md")
	for name, c := range map[string]struct {
		environ func(s *llmtest.Server) []string
		want    string
	}{
		"a wrong key": {func(s *llmtest.Server) []string { return asking(s) }, "auth: "},
		"over its price": {func(s *llmtest.Server) []string {
			return asking(s, "THREATDRAFT_LLM_BUDGET_USD=0.000001", "THREATDRAFT_LLM_PRICES_FILE="+prices(t))
		}, "budget_exceeded: the budget of 0.00 USD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := llmtest.New(t, llmtest.WantKey("another"), lockerThreat)
			got := threatdraft(t, "", c.environ(s), "draft", "--format", "json", file)
			require.Equal(t, exitOK, got.code, "the rules' draft is there all the same")
			require.Contains(t, got.stderr, "without the model's answer on threats: "+c.want)
			require.NotContains(t, got.stderr+got.stdout, "top-secret")
			require.Contains(t, got.stdout, `"threats"`)
		})
	}
}

// prices writes a file in which the model is not free.
func prices(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prices.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"parrot":{"input":1000000,"cached":100000,"output":4000000}}`), 0o600))
	return path
}

func TestLLMCheck(t *testing.T) {
	t.Parallel()
	ready := llmtest.New(t, llmtest.Always(llmtest.Text(`{"status": "ready", "words": ["one", "two", "three"]}`)))
	got := threatdraft(t, "", asking(ready), "llm", "check")
	require.Equal(t, exitOK, got.code, got.stdout+got.stderr)
	for _, part := range []string{"reachability", "auth", "model", "json_schema", "streaming", "latency"} {
		require.Contains(t, got.stdout, part)
	}
	refusing := llmtest.New(t, llmtest.WantKey("another"))
	got = threatdraft(t, "", asking(refusing), "llm", "check")
	require.Equal(t, exitFailure, got.code)
	require.Contains(t, got.stdout, "failed   auth")
	require.NotContains(t, got.stdout+got.stderr, "top-secret")

	none := threatdraft(t, "", nil, "llm", "check")
	require.Equal(t, exitUsage, none.code)
	require.Contains(t, none.stderr, "THREATDRAFT_LLM_PROVIDER is not set")
	wrong := threatdraft(t, "", []string{"THREATDRAFT_LLM_PROVIDER=oracle"}, "llm", "check")
	require.Equal(t, exitUsage, wrong.code)
	require.Contains(t, wrong.stderr, "oracle")
}

// A budget that nothing can be counted against is refused, by the server too.
func TestABudgetWantsPrices(t *testing.T) {
	t.Parallel()
	s := llmtest.New(t, lockerThreat)
	for name, args := range map[string][]string{
		"draft": {"draft", filepath.Join("testdata", "parcel-lockers.md")},
		"serve": {"serve", "--database-url", "sqlite:" + filepath.Join(t.TempDir(), "x.db"), "--addr", "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := threatdraft(t, "", asking(s, "THREATDRAFT_LLM_BUDGET_USD=5"), args...)
			require.Equal(t, exitUsage, got.code)
			require.Contains(t, got.stderr, "THREATDRAFT_LLM_PRICES_FILE")
			require.Contains(t, got.stderr, "parrot of openai")
		})
	}
	require.Empty(t, s.Queries())
}

// What was recorded drafts the same again, without key or network.
func TestRecordedDraftIsReplayed(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "parcel-lockers.md")
	folder := "THREATDRAFT_LLM_FOLDER=" + t.TempDir()
	s := llmtest.New(t, lockerThreat)
	recorded := threatdraft(t, "", append(asking(s), "THREATDRAFT_LLM_PROVIDER=record:openai", folder), "draft", "--format", "json", file)
	require.Equal(t, exitOK, recorded.code, recorded.stderr)
	require.Contains(t, recorded.stdout, "Compartments opened in bulk through the Locker API")
	asked := len(s.Queries())
	replayed := threatdraft(t, "", []string{"THREATDRAFT_LLM_PROVIDER=replay", "THREATDRAFT_LLM_MODEL=parrot", folder}, "draft", "--format", "json", file)
	require.Equal(t, exitOK, replayed.code, replayed.stderr)
	require.Empty(t, replayed.stderr)
	require.Equal(t, recorded.stdout, strings.ReplaceAll(strings.ReplaceAll(replayed.stdout, `"replay`, `"openai`), `"provider": "replay"`, `"provider": "openai"`))
	require.Len(t, s.Queries(), asked)
}
