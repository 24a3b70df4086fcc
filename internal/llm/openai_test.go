package llm

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
)

func TestAServerIsAskedInThePlainestDialectThatItTakes(t *testing.T) {
	t.Parallel()
	const answer = `{"items": []}`
	refuseField := func(field, words string) llmtest.Script {
		return func(q llmtest.Query) *llmtest.Reply {
			if strings.Contains(string(q.Body), `"`+field+`":`) {
				return llmtest.Failing(http.StatusBadRequest, "unsupported_parameter", words)
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		refuses []llmtest.Script
		formats []string // of the queries of the first call
		mode    Mode
	}{
		"schema taken":         {nil, []string{"json_schema"}, ModeSchema},
		"object taken":         {[]llmtest.Script{llmtest.WithoutFormats("json_schema")}, []string{"json_schema", "json_object"}, ModeObject},
		"text alone":           {[]llmtest.Script{llmtest.WithoutFormats("json_schema", "json_object")}, []string{"json_schema", "json_object", ""}, ModeText},
		"usage refused":        {[]llmtest.Script{llmtest.WithoutUsage()}, []string{"json_schema", "json_schema"}, ModeSchema},
		"max_tokens is wanted": {[]llmtest.Script{refuseField("max_completion_tokens", "max_completion_tokens: Extra inputs are not permitted")}, []string{"json_schema", "json_schema"}, ModeSchema},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.New(t, append(c.refuses, llmtest.Always(llmtest.Text(answer)))...)
			p, err := open(remote("openai", server.URL), testDeps())
			require.NoError(t, err)
			for range 2 { // the second call needs no second question
				got, err := p.Complete(t.Context(), testRequest(), silent{})
				require.NoError(t, err)
				require.Empty(t, cmp.Diff(answer, got.Text))
			}
			queries := server.Queries()
			require.Len(t, queries, len(c.formats)+1)
			for i, want := range append(c.formats, c.formats[len(c.formats)-1]) {
				require.Equal(t, want, queries[i].Format)
			}
			last := queries[len(queries)-1]
			require.Equal(t, c.mode, p.Describe().Mode)
			require.Equal(t, c.mode != ModeSchema, strings.Contains(last.System, string(testRequest().Schema.JSON)))
			require.True(t, strings.HasPrefix(last.System, "You list threats."))
			require.Equal(t, testPrompt, last.User, "the data stays last")
			require.Equal(t, 1000, last.MaxTokens)
		})
	}
}

func TestAServerThatRefusesEverythingIsNotAskedForever(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t, llmtest.Always(llmtest.Failing(400, "", "max_completion_tokens and response_format and stream_options: no")))
	p, err := open(remote("openai", server.URL), testDeps())
	require.NoError(t, err)
	_, err = p.Complete(t.Context(), testRequest(), silent{})
	require.Equal(t, Malformed, KindOf(err))
	require.Less(t, len(server.Queries()), 6)
}

func TestReasoningModelsBehindAnotherPresetGetTheirField(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t, llmtest.Always(llmtest.Text(`{}`)))
	cfg := remote("openrouter", server.URL)
	cfg.Model = "gpt-5-mini"
	p, err := open(cfg, testDeps())
	require.NoError(t, err)
	_, err = p.Complete(t.Context(), testRequest(), silent{})
	require.NoError(t, err)
	require.Contains(t, string(server.Queries()[0].Body), `"max_completion_tokens":1000`)
}

func TestAServerThatDoesNotStreamIsNamed(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t, llmtest.Always(&llmtest.Reply{Text: `{}`, Unstreamed: true}))
	p, err := open(remote("openai", server.URL), testDeps())
	require.NoError(t, err)
	_, err = p.Complete(t.Context(), testRequest(), silent{})
	require.Equal(t, Malformed, KindOf(err))
	require.ErrorContains(t, err, "does not stream")
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	stranger := llmtest.New(t, llmtest.Always(llmtest.Text(`{}`)))
	for _, provider := range []string{"openai", "anthropic"} {
		server := httptest.NewServer(http.RedirectHandler(stranger.URL, http.StatusTemporaryRedirect))
		t.Cleanup(server.Close)
		p, err := open(remote(provider, server.URL), testDeps())
		require.NoError(t, err)
		_, err = p.Complete(t.Context(), testRequest(), silent{})
		require.Equal(t, Auth, KindOf(err), provider)
		require.ErrorContains(t, err, "redirects")
	}
	require.Empty(t, stranger.Queries())
}

func TestPresets(t *testing.T) {
	t.Parallel()
	for _, preset := range presets {
		t.Run(preset.name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.New(t, llmtest.WantKey(testKey), llmtest.Always(llmtest.Text(`{}`)))
			cfg := remote(preset.name, strings.TrimSuffix(server.URL, "/v1"))
			cfg.Organisation = "org-1"
			p, err := open(cfg, testDeps())
			require.NoError(t, err)
			_, err = p.Complete(t.Context(), testRequest(), silent{})
			require.NoError(t, err)
			q := server.Queries()[0]
			require.Equal(t, string(preset.mode), q.Format)
			require.Equal(t, preset.askUsage, q.AsksUsage)
			require.Equal(t, preset.field == maxCompletionTokens, strings.Contains(string(q.Body), "max_completion_tokens"))
			require.Equal(t, "Bearer "+testHeader, q.Header.Get("X-Extra"))
			require.Equal(t, "org-1", q.Header.Get("Openai-Organization"))

			bare := Config{Provider: preset.name, Model: "m"}
			_, err = open(bare, testDeps())
			require.Equal(t, preset.needsKey, err != nil)
		})
	}
}

func TestAzureHasItsOwnPathAndHeader(t *testing.T) {
	t.Parallel()
	var path, query, key string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, query, key = r.URL.Path, r.URL.RawQuery, r.Header.Get("Api-Key")
		http.Error(w, `{"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}}`, http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	cfg := remote("azure", server.URL+"/openai/")
	cfg.Model, cfg.APIVersion = "gpt-4.1:mine", "2030-01-01"
	p, err := open(cfg, testDeps())
	require.NoError(t, err)
	_, err = p.Complete(t.Context(), testRequest(), silent{})
	require.Equal(t, Auth, KindOf(err))
	require.Equal(t, "/openai/deployments/gpt-4.1:mine/chat/completions", path)
	require.Equal(t, "api-version=2030-01-01", query)
	require.Equal(t, testKey, key)
}

func TestWhatServersSay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said said
		kind FailureKind
	}{
		"OpenAI quota":              {said{429, "insufficient_quota", "You exceeded your current quota"}, Auth},
		"OpenAI rate":               {said{429, "rate_limit_exceeded", "Rate limit reached"}, RateLimited},
		"OpenAI context":            {said{400, "context_length_exceeded", "This model's maximum context length is 8192"}, ContextTooLong},
		"Groq, too large for a day": {said{413, "rate_limit_exceeded", "Request too large for model"}, ContextTooLong},
		"llama.cpp context":         {said{400, "exceed_context_size_error", "the request exceeds the available context size"}, ContextTooLong},
		"llama.cpp of old":          {said{500, "", "the request exceeds the available context size"}, ContextTooLong},
		"Azure filter":              {said{400, "content_filter", "The response was filtered"}, Refused},
		"OpenRouter in mid-stream":  {said{0, "502", "Provider disconnected"}, Overloaded},
		"Ollama model":              {said{404, "", `model "x" not found, try pulling it first`}, Auth},
		"wrong path":                {said{405, "", ""}, Auth},
		"moved":                     {said{308, "", ""}, Auth},
		"not ours":                  {said{418, "", ""}, Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.kind, Description{Provider: "p"}.failure(c.said).Kind)
		})
	}
}

func TestOpenAIErrorsInMidStream(t *testing.T) {
	t.Parallel()
	for body, kind := range map[string]FailureKind{
		`{"error":{"message":"Provider disconnected","code":502}}`:             Overloaded,
		`{"error":{"message":"slow","type":"rate_limit_exceeded"}}`:            RateLimited,
		`{"error":{"message":"boom"}}`:                                         Overloaded,
		`{"error":{"message":"no credit","code":"insufficient_quota"}}`:        Auth,
		`{"choices":[{"index":0,"delta":{"content":7}}]}`:                      Malformed,
		`{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}`: Malformed,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = w.Write([]byte(": a comment\n\ndata: " + body + "\n\n"))
			}))
			t.Cleanup(server.Close)
			p, err := open(remote("openai", server.URL), testDeps())
			require.NoError(t, err)
			_, err = p.Complete(t.Context(), testRequest(), silent{})
			require.Equal(t, kind, KindOf(err), err)
		})
	}
}

func TestServersWordsAreQuotedWhereTheyHoldNothingSecret(t *testing.T) {
	t.Parallel()
	r := Request{User: "first line of the design\nsecond: the vault"}
	for name, c := range map[string]struct{ words, want string }{
		"a remedy":          {"try pulling\n it first", "m; it says: try pulling it first"},
		"a key":             {"bad key " + testKey, "m; it says: bad key [masked]"},
		"the prompt":        {`unexpected "first line of the design"`, "m"},
		"the escaped words": {`near line of the design\nsecond: the`, "m"},
		"nothing":           {"", "m"},
		"too much":          {strings.Repeat("é", 200), "m; it says: " + strings.Repeat("é", 150) + " ..."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := (&Failure{Message: "m"}).quoting(said{message: c.words}, r, []string{testKey})
			require.Equal(t, c.want, f.Message)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		header, value string
		want          time.Duration
	}{
		"none":         {"Retry-After", "", 0},
		"seconds":      {"Retry-After", "12", 12 * time.Second},
		"fractions":    {"Retry-After", "0.5", 500 * time.Millisecond},
		"milliseconds": {"Retry-After-Ms", "250", 250 * time.Millisecond},
		"a date":       {"Retry-After", "Fri, 01 May 2026 12:00:30 GMT", 30 * time.Second},
		"a past date":  {"Retry-After", "Fri, 01 May 2026 11:00:00 GMT", 0},
		"negative":     {"Retry-After", "-5", 0},
		"not a number": {"Retry-After", "NaN", 0},
		"for ever":     {"Retry-After", "1e300", maxRetryAfter},
		"words":        {"Retry-After", "soon", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			h.Set(c.header, c.value)
			require.Equal(t, c.want, retryAfter(h, now))
		})
	}
}

func TestStrictIsAskedOnlyOfSchemasThatAllowIt(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]bool{
		string(testRequest().Schema.JSON):                                                                                               true,
		`{"type":"object","properties":{"a":{}},"required":["a"]}`:                                                                      false,
		`{"type":"object","properties":{"a":{},"b":{}},"required":["a"],"additionalProperties":false}`:                                  false,
		`{"type":"object","properties":{"a":{"type":"array","items":{"properties":{}}}},"required":["a"],"additionalProperties":false}`: false,
		`{"$defs":{"x":{"properties":{"y":{}}}},"type":"object","properties":{},"required":[],"additionalProperties":false}`:            false,
		`nonsense`: false,
	} {
		require.Empty(t, cmp.Diff(want, strictable(json.RawMessage(schema))), schema)
	}
}

func TestAnAnswerThatIsWholeSurvivesALostConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte(`data: {"choices":[{"index":0,"delta":{"content":"whole"},"finish_reason":"stop"}]}` + "\n\n"))
		control := http.NewResponseController(w)
		_ = control.Flush()
		if conn, _, err := control.Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	t.Cleanup(server.Close)
	p, err := open(remote("openai", server.URL), testDeps())
	require.NoError(t, err)
	got, err := p.Complete(t.Context(), testRequest(), silent{})
	require.NoError(t, err)
	require.Equal(t, "whole", got.Text)
}
