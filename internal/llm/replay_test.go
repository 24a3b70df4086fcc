package llm

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestReplaySaysWhatRecordHeard(t *testing.T) {
	t.Parallel()
	const answer = `{"items": ["naïve café", "a text that is longer than one of the pieces that replay says at a time"]}`
	folder := filepath.Join(t.TempDir(), "recordings")
	server := llmtest.New(t, llmtest.Asked("cut", &llmtest.Reply{Text: answer, Cut: 5}),
		llmtest.Asked("broken", llmtest.Failing(500, "", "oops")),
		llmtest.Always(llmtest.Text(answer+" for "+testKey)))
	cfg := remote("record:openai", server.URL)
	cfg.Folder = folder
	recorder, err := open(cfg, testDeps())
	require.NoError(t, err)
	require.Equal(t, "openai", recorder.Describe().Provider)

	r := testRequest()
	r.Nonce = "7f3a"
	r.User = "7f3a my key is " + testKey + " and the header " + testHeader + " 7f3a"
	first, err := recorder.Complete(t.Context(), r, silent{})
	require.NoError(t, err)
	cut := r
	cut.User += " cut"
	_, err = recorder.Complete(t.Context(), cut, silent{})
	require.Equal(t, Truncated, KindOf(err))
	broken := r
	broken.User += " broken"
	_, err = recorder.Complete(t.Context(), broken, silent{})
	require.Equal(t, Overloaded, KindOf(err))

	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, files, 2, "failures are not recorded")
	for _, f := range files {
		body, err := os.ReadFile(filepath.Join(folder, f.Name()))
		require.NoError(t, err)
		require.NotContains(t, string(body), testKey)
		require.NotContains(t, string(body), testHeader)
		require.NotContains(t, string(body), "7f3a")
	}

	player, err := open(Config{Provider: "replay", Folder: folder}, testDeps())
	require.NoError(t, err)
	heard := &ear{}
	r.User, r.Nonce = "99e1"+r.User[4:len(r.User)-4]+"99e1", "99e1"
	got, err := player.Complete(t.Context(), r, heard)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(answer+" for [masked]", got.Text))
	require.Equal(t, got.Text, heard.text())
	require.Greater(t, len(heard.pieces), 1)
	require.Equal(t, first.Usage, got.Usage)
	require.Equal(t, first.Finish, got.Finish)

	got, err = player.Complete(t.Context(), cut, silent{})
	require.Equal(t, Truncated, KindOf(err))
	require.Equal(t, answer[:20], got.Text)
}

func TestARecordingIsOfOneQuestion(t *testing.T) {
	t.Parallel()
	base := testRequest()
	same := base
	same.PromptVersion, same.PromptHash, same.MaxTokens = "v9", "other", 1
	require.Equal(t, base.fileName(), same.fileName())
	for name, change := range map[string]func(*Request){
		"task":   func(r *Request) { r.Task = "gaps" },
		"system": func(r *Request) { r.System += "." },
		"user":   func(r *Request) { r.User += "." },
		"schema": func(r *Request) { r.Schema.JSON = []byte(`{}`) },
		"shifted": func(r *Request) {
			r.System, r.User = r.System+r.User[:1], r.User[1:]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := base
			change(&r)
			require.NotEqual(t, base.fileName(), r.fileName())
		})
	}
	odd := Request{Task: "../../etc"}
	require.Equal(t, filepath.Base(odd.fileName()), odd.fileName())
	require.NotContains(t, odd.fileName(), "..")
}

func TestAMissingRecordingIsNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	player, err := open(Config{Provider: "replay", Folder: folder}, testDeps())
	require.NoError(t, err)
	_, err = player.Complete(t.Context(), testRequest(), silent{})
	var f *Failure
	require.ErrorAs(t, err, &f)
	require.Equal(t, Malformed, f.Kind)
	require.False(t, f.Retryable())
	require.ErrorContains(t, err, filepath.Join(folder, testRequest().fileName()))

	require.NoError(t, os.WriteFile(filepath.Join(folder, testRequest().fileName()), []byte("{"), 0o600))
	_, err = player.Complete(t.Context(), testRequest(), silent{})
	require.ErrorContains(t, err, "cannot be read")
}

func TestFoldersAreChecked(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"replay without":  {Provider: "replay"},
		"replay nowhere":  {Provider: "replay", Folder: filepath.Join(t.TempDir(), "nowhere")},
		"record without":  {Provider: "record:ollama", Model: "m"},
		"record nothing":  {Provider: "record:", Model: "m", Folder: t.TempDir()},
		"record of a lie": {Provider: "record:nobody", Model: "m", Folder: t.TempDir()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(cfg, testDeps())
			require.Equal(t, stride.Invalid, stride.KindOf(err))
		})
	}
}

func TestReplayHasNothingToCheck(t *testing.T) {
	t.Parallel()
	c, err := Open(Config{Provider: "replay", Folder: t.TempDir()}, testDeps())
	require.NoError(t, err)
	findings := c.Check(t.Context())
	require.Len(t, findings, len(checks))
	for i, f := range findings {
		require.Equal(t, Finding{
			Provider: "replay", Model: "recorded", Check: checks[i], Result: Skipped, Message: "replay has no service to check",
		}, f)
	}
}
