package llm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "none"} {
		c, err := Open(Config{Provider: name}, testDeps())
		require.NoError(t, err)
		require.Nil(t, c)
	}
	for name, c := range map[string]struct {
		config Config
		words  string
	}{
		"unknown":          {Config{Provider: "oracle"}, `"oracle" is none of openai, azure`},
		"no model":         {Config{Provider: "ollama"}, "which model"},
		"no key":           {Config{Provider: "openai", Model: "m"}, "API key"},
		"anthropic no key": {Config{Provider: "anthropic", Model: "m"}, "API key"},
		"azure no address": {Config{Provider: "azure", Model: "m", APIKey: testKey}, "base URL"},
		"no address":       {Config{Provider: "openai", Model: "m", BaseURL: "localhost:80"}, "http(s)"},
		"a password":       {Config{Provider: "openai", Model: "m", BaseURL: "https://me:" + testKey + "@host"}, "password"},
		"a key in it":      {Config{Provider: "openai", Model: "m", BaseURL: "https://host/v1?key=" + testKey}, "query"},
		"bad fallback":     {Config{Provider: "ollama", Model: "m", Fallback: &Config{Provider: "oracle"}}, "oracle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(c.config, testDeps())
			require.Equal(t, stride.Invalid, stride.KindOf(err))
			require.ErrorContains(t, err, c.words)
			require.NotContains(t, err.Error(), testKey)
		})
	}
}

func TestDescribeListsTheProvidersInTheirOrder(t *testing.T) {
	t.Parallel()
	primary := remote("openai", "https://gateway.example/v1")
	fallback, err := primary.FallbackOf("ollama:qwen3:8b", "", "")
	require.NoError(t, err)
	primary.Fallback = fallback
	primary.Prices = Prices{"m-1": {Input: 1}}
	c, err := Open(primary, testDeps())
	require.NoError(t, err)
	require.Equal(t, []Description{
		{Provider: "openai", Model: "m-1", Address: "https://gateway.example/v1", Mode: ModeSchema, Context: 128_000, StreamsUsage: true, Priced: true},
		{Provider: "ollama", Model: "qwen3:8b", Address: "http://127.0.0.1:11434/v1", Mode: ModeSchema, Context: 4_096, StreamsUsage: true, Fallback: true},
	}, c.Describe())
}

func TestFallbackOf(t *testing.T) {
	t.Parallel()
	primary := remote("openai", "https://gateway.example/v1")
	own, err := primary.FallbackOf("openai:small", "", "")
	require.NoError(t, err)
	require.Equal(t, primary.APIKey, own.APIKey)
	require.Equal(t, primary.BaseURL, own.BaseURL)
	other, err := primary.FallbackOf("anthropic:m", "", "")
	require.NoError(t, err)
	require.Empty(t, string(other.APIKey), "a key goes to nobody but its provider")
	require.Empty(t, other.Headers)
	given, err := primary.FallbackOf("groq:m", "https://groq.example/v1", "own")
	require.NoError(t, err)
	require.Equal(t, &Config{Provider: "groq", Model: "m", BaseURL: "https://groq.example/v1", APIKey: "own"}, given)
	rekeyed, err := primary.FallbackOf("openai:small", "", "own")
	require.NoError(t, err)
	require.Equal(t, Key("own"), rekeyed.APIKey)
	require.Equal(t, primary.BaseURL, rekeyed.BaseURL)
	elsewhere, err := primary.FallbackOf("openai:small", "https://elsewhere.example/v1", "")
	require.NoError(t, err)
	require.Equal(t, "https://elsewhere.example/v1", elsewhere.BaseURL)
	require.Empty(t, string(elsewhere.APIKey), "a key goes to no other address")
	require.Empty(t, elsewhere.Headers)
	for _, spec := range []string{"", "ollama", ":m", "ollama:"} {
		_, err := primary.FallbackOf(spec, "", "")
		require.Equal(t, stride.Invalid, stride.KindOf(err), spec)
	}
}

func TestAConfigurationDoesNotPrintItsSecrets(t *testing.T) {
	t.Parallel()
	cfg := remote("openai", "https://host/v1")
	cfg.Fallback = &cfg
	var shown bytes.Buffer
	flat := cfg
	flat.Fallback = nil
	body, err := json.Marshal(flat)
	require.NoError(t, err)
	shown.Write(body)
	c, err := Open(flat, testDeps())
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&shown, verb, cfg)
		fmt.Fprintf(&shown, verb, cfg.APIKey)
		fmt.Fprintf(&shown, verb, cfg.Headers)
		fmt.Fprintf(&shown, verb, c)
		fmt.Fprintf(&shown, verb, c.Describe())
	}
	slog.New(slog.NewTextHandler(&shown, nil)).Info("configured", "key", cfg.APIKey, "headers", cfg.Headers, "config", flat)
	for _, secret := range []string{testKey, testHeader, fmt.Sprintf("%x", testKey)} {
		require.NotContains(t, shown.String(), secret)
	}
	require.Contains(t, shown.String(), "X-Extra")
}

func TestPrices(t *testing.T) {
	t.Parallel()
	prices, err := ReadPrices(strings.NewReader(`{"m": {"input": 2500000, "output": 10000000}, "p/m": {"input": 1, "cached": 0, "output": 0}}`))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		provider, model string
		usage           Usage
		want            int64
		priced          bool
	}{
		"whole tokens":            {"x", "m", Usage{Prompt: 1000, Completion: 100}, 3500, true},
		"cached without a price":  {"x", "m", Usage{Prompt: 1000, Cached: 900}, 2500, true},
		"rounded up":              {"p", "m", Usage{Prompt: 3}, 1, true},
		"nothing":                 {"x", "m", Usage{}, 0, true},
		"unknown":                 {"x", "n", Usage{Prompt: 1000}, 0, false},
		"more cached than prompt": {"x", "m", Usage{Prompt: 4, Cached: 9}, 10, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, priced := prices.Cost(c.provider, c.model, c.usage)
			require.Equal(t, c.want, got)
			require.Equal(t, c.priced, priced)
		})
	}
	for _, bad := range []string{``, `[]`, `{"m": {"in": 1}}`, `{"m": {"input": -1}}`, `{"m": {"input": 1000000000001}}`, `{"m": 5}`} {
		_, err := ReadPrices(strings.NewReader(bad))
		require.Equal(t, stride.Invalid, stride.KindOf(err), bad)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	ready := llmtest.Always(llmtest.Text(`{"status": "ready", "words": ["one", "two", "three"]}`))
	for name, c := range map[string]struct {
		script []llmtest.Script
		want   string // the results' initials in the order of the checks
		words  string
	}{
		"all is well":       {[]llmtest.Script{ready}, "oooooo", "held to the schema"},
		"wrong key":         {[]llmtest.Script{llmtest.WantKey("another")}, "ofssss", "check the configured key"},
		"wrong model":       {[]llmtest.Script{llmtest.WantModel("another")}, "oofsss", "check the model's name"},
		"no schema":         {[]llmtest.Script{llmtest.WithoutFormats("json_schema"), ready}, "ooofoo", "json_object is used"},
		"schema is ignored": {[]llmtest.Script{llmtest.Always(llmtest.Fenced("{}"))}, "ooofoo", "repair calls"},
		"weak and plain":    {[]llmtest.Script{llmtest.WithoutFormats("json_schema", "json_object"), llmtest.Always(llmtest.Text("I am ready"))}, "ooofoo", "stronger model"},
		"refuses":           {[]llmtest.Script{llmtest.Always(&llmtest.Reply{Refusal: "no"})}, "ooofss", "refused"},
		"broken":            {[]llmtest.Script{llmtest.Always(llmtest.Failing(503, "", "down"))}, "fsssss", "overloaded"},
		"rate":              {[]llmtest.Script{llmtest.Always(llmtest.Limited("3"))}, "oofsss", "limits the rate"},
		"in one piece":      {[]llmtest.Script{llmtest.Always(llmtest.Text(`{}`))}, "ooof" + "fo", "in one piece"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.New(t, c.script...)
			client, err := Open(remote("openai", server.URL), testDeps())
			require.NoError(t, err)
			var got, words strings.Builder
			for i, f := range client.Check(t.Context()) {
				require.Equal(t, checks[i], f.Check)
				got.WriteByte(f.Result[0])
				words.WriteString(f.Message + "\n")
			}
			require.Equal(t, c.want, got.String(), words.String())
			require.Contains(t, words.String(), c.words)
			require.NotContains(t, words.String(), testKey)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		client, err := Open(remote("openai", "http://127.0.0.1:1/v1"), testDeps())
		require.NoError(t, err)
		first := client.Check(t.Context())[0]
		require.Equal(t, Failed, first.Result)
		require.Contains(t, first.Message, "cannot be reached at http://127.0.0.1:1/v1")
	})
}
