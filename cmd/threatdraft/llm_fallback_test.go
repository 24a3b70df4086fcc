package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
)

func TestLLMFallbackHasItsOwnKeyAndAddress(t *testing.T) {
	t.Parallel()
	ready := llmtest.Always(llmtest.Text(`{"status": "ready", "words": ["one", "two", "three"]}`))
	primary := llmtest.New(t, llmtest.WantKey("top-secret"), ready)
	second := llmtest.New(t, llmtest.WantKey("second-secret"), llmtest.WantModel("llama"), ready)
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("second-secret\n"), 0o600))
	for name, key := range map[string]string{
		"key":           "THREATDRAFT_LLM_FALLBACK_API_KEY=second-secret",
		"key in a file": "THREATDRAFT_LLM_FALLBACK_API_KEY_FILE=" + file,
		"no key":        "THREATDRAFT_LLM_FALLBACK_API_KEY=",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := threatdraft(t, "", asking(primary, "THREATDRAFT_LLM_FALLBACK=groq:llama", "THREATDRAFT_LLM_FALLBACK_BASE_URL="+second.URL, key), "llm", "check")
			require.NotContains(t, got.stdout+got.stderr, "second-secret")
			require.NotContains(t, got.stdout+got.stderr, "top-secret")
			require.Contains(t, got.stdout, "ok       reachability  groq llama: groq answers at "+second.URL)
			require.Contains(t, got.stdout, "ok       auth          openai parrot")
			want := "ok       auth          groq llama"
			if name == "no key" {
				want = "failed   auth          groq llama"
			}
			require.Contains(t, got.stdout, want)
		})
	}
}

func TestLLMSettingsThatAreMissingAreNamedOnce(t *testing.T) {
	t.Parallel()
	s := llmtest.New(t)
	for name, c := range map[string]struct {
		environ []string
		want    string
	}{
		"key": {
			[]string{"THREATDRAFT_LLM_PROVIDER=openai", "THREATDRAFT_LLM_MODEL=m"},
			"THREATDRAFT_LLM_API_KEY is missing: openai wants one\n",
		},
		"model": {[]string{"THREATDRAFT_LLM_PROVIDER=ollama"}, "THREATDRAFT_LLM_MODEL is missing: ollama has to be told which model to ask\n"},
		"key of a fallback": {
			asking(s, "THREATDRAFT_LLM_FALLBACK=groq:llama"), "THREATDRAFT_LLM_FALLBACK_API_KEY is missing: groq wants one\n",
		},
		"address of a fallback": {
			asking(s, "THREATDRAFT_LLM_FALLBACK=azure:m"), "THREATDRAFT_LLM_FALLBACK_BASE_URL is missing: azure has none of its own\n",
		},
		"a fallback nobody knows": {asking(s, "THREATDRAFT_LLM_FALLBACK=oracle:m"), "THREATDRAFT_LLM_FALLBACK \"oracle\" is none of openai"},
		"a fallback of no model":  {asking(s, "THREATDRAFT_LLM_FALLBACK=groq"), "THREATDRAFT_LLM_FALLBACK is not provider:model\n"},
		"folder":                  {[]string{"THREATDRAFT_LLM_PROVIDER=replay"}, "THREATDRAFT_LLM_FOLDER is missing: replay reads its answers there\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := threatdraft(t, "", c.environ, "llm", "check")
			require.Equal(t, exitUsage, got.code)
			require.Contains(t, got.stderr, "threatdraft llm: "+c.want)
		})
	}
}

func TestLLMCheckOfRecordedAnswers(t *testing.T) {
	t.Parallel()
	got := threatdraft(t, "", []string{"THREATDRAFT_LLM_PROVIDER=replay", "THREATDRAFT_LLM_FOLDER=" + t.TempDir()}, "llm", "check")
	require.Equal(t, exitOK, got.code, got.stdout+got.stderr)
	require.Contains(t, got.stdout, "skipped  reachability  replay recorded: replay has no service to check\n")
	require.NotContains(t, got.stdout, "failed")
}
