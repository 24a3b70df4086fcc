package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
)

const (
	testKey    = "sk-very-secret-0123456789"
	testHeader = "header-secret-987654321"
	testPrompt = "The quarterly payroll batch is copied to a share that nobody owns."
)

func testDeps() Deps {
	return Deps{Now: time.Now, Rand: func() float64 { return 0 }, Transport: &http.Transport{DisableKeepAlives: true}}
}

func testRequest() Request {
	return Request{
		Task: "threats", PromptVersion: "v1", PromptHash: "abc", System: "You list threats.", User: testPrompt, MaxTokens: 1000,
		Schema: Schema{Name: "threats", JSON: json.RawMessage(
			`{"type":"object","additionalProperties":false,"required":["items"],"properties":{"items":{"type":"array","items":{"type":"string"}}}}`)},
	}
}

// ear is a Sink that remembers.
type ear struct {
	begun  int
	pieces []string
	hear   func(piece string) error
}

func (e *ear) Begin(Description) { e.begun++ }

func (e *ear) Text(piece string) error {
	if piece == "" {
		return nil
	}
	e.pieces = append(e.pieces, piece)
	if e.hear != nil {
		return e.hear(piece)
	}
	return nil
}

func (e *ear) text() string { return strings.Join(e.pieces, "") }

// providerSuite holds a provider to Provider's comment. serve starts a server
// that gives every question the reply, in the provider's protocol, and returns
// the provider that asks it.
func providerSuite(t *testing.T, serve func(t *testing.T, reply llmtest.Reply) Provider) {
	t.Helper()
	const answer = `{"items": ["naïve café", "two", "three"]}`

	t.Run("an answer streams and is counted", func(t *testing.T) {
		t.Parallel()
		p := serve(t, llmtest.Reply{Text: answer, Cached: 7})
		heard := &ear{}
		got, err := p.Complete(t.Context(), testRequest(), heard)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(answer, got.Text))
		require.Empty(t, cmp.Diff(answer, heard.text()))
		require.Greater(t, len(heard.pieces), 2)
		require.Zero(t, heard.begun, "Begin is the client's")
		require.Equal(t, FinishStop, got.Finish)
		require.Positive(t, got.Usage.Prompt)
		require.Equal(t, 7, got.Usage.Cached)
		require.Equal(t, tokens(len(answer)), got.Usage.Completion)
		d := p.Describe()
		require.Equal(t, d.Provider, got.Provider)
		require.Equal(t, d.Model, got.Model)
		require.Equal(t, ModeSchema, d.Mode)
		require.Positive(t, d.Context)
	})

	for name, c := range map[string]struct {
		reply     llmtest.Reply
		kind      FailureKind
		status    int
		retryable bool
		after     time.Duration
		text      string
	}{
		"key":              {llmtest.Reply{Status: 401, Message: "Incorrect API key provided: " + testKey}, Auth, 401, false, 0, ""},
		"forbidden":        {llmtest.Reply{Status: 403, Message: "no"}, Auth, 403, false, 0, ""},
		"payment":          {llmtest.Reply{Status: 402, Message: "Insufficient Balance"}, Auth, 402, false, 0, ""},
		"model":            {llmtest.Reply{Status: 404, Message: "no such model"}, Auth, 404, false, 0, ""},
		"request timeout":  {llmtest.Reply{Status: 408, Message: "slow"}, Timeout, 408, true, 0, ""},
		"gateway timeout":  {llmtest.Reply{Status: 504, Message: "slow"}, Timeout, 504, true, 0, ""},
		"too large":        {llmtest.Reply{Status: 413, Message: "large"}, ContextTooLong, 413, false, 0, ""},
		"context":          {llmtest.Reply{Status: 400, Message: "prompt is too long: 9 tokens > 8 maximum"}, ContextTooLong, 400, false, 0, ""},
		"invalid":          {llmtest.Reply{Status: 400, Message: "messages: at least one"}, Malformed, 400, false, 0, ""},
		"rate":             {llmtest.Reply{Status: 429, Message: "slow down", RetryAfter: "7"}, RateLimited, 429, true, 7 * time.Second, ""},
		"rate, no word":    {llmtest.Reply{Status: 429, Message: "slow down"}, RateLimited, 429, true, 0, ""},
		"broken":           {llmtest.Reply{Status: 500, Message: "oops"}, Overloaded, 500, true, 0, ""},
		"bad gateway":      {llmtest.Reply{Status: 502, Message: "oops"}, Overloaded, 502, true, 0, ""},
		"unavailable":      {llmtest.Reply{Status: 503, Message: "oops", RetryAfter: "3"}, Overloaded, 503, true, 3 * time.Second, ""},
		"overloaded":       {llmtest.Reply{Status: 529, Message: "oops"}, Overloaded, 529, true, 0, ""},
		"refusal":          {llmtest.Reply{Refusal: "I cannot help with that.", Finish: "content_filter"}, Refused, 0, false, 0, ""},
		"filter":           {llmtest.Reply{Text: `{"items"`, Finish: "content_filter"}, Refused, 0, false, 0, `{"items"`},
		"truncated":        {llmtest.Reply{Text: answer, Cut: 4}, Truncated, 0, false, 0, answer[:16]},
		"empty":            {llmtest.Reply{}, Malformed, 0, true, 0, ""},
		"reset first":      {llmtest.Reply{Text: answer, Reset: llmtest.Never}, Unreachable, 0, true, 0, ""},
		"reset midway":     {llmtest.Reply{Text: answer, Reset: 3}, Unreachable, 0, true, 0, ""},
		"broken off":       {llmtest.Reply{Text: "abcdefgh", BreakOff: true}, Unreachable, 0, true, 0, "abcdefgh"},
		"echoes the words": {llmtest.Reply{Status: 400, Message: "cannot parse: " + testPrompt}, Malformed, 400, false, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := serve(t, c.reply).Complete(t.Context(), testRequest(), &ear{})
			var f *Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, c.kind, f.Kind, f.Message)
			require.Equal(t, c.status, f.Status)
			require.Equal(t, c.retryable, f.Retryable())
			require.Equal(t, c.after, f.RetryAfter)
			if c.text != "" {
				require.Equal(t, c.text, got.Text)
			}
			requireNoSecret(t, err)
		})
	}

	t.Run("a hang ends with its context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		heard := &ear{hear: func(string) error { cancel(); return nil }}
		_, err := serve(t, llmtest.Reply{Text: answer, Hang: 2}).Complete(ctx, testRequest(), heard)
		require.Equal(t, Canceled, KindOf(err))
	})

	t.Run("the sink's error ends the call", func(t *testing.T) {
		t.Parallel()
		enough := errors.New("enough")
		heard := &ear{hear: func(string) error { return enough }}
		_, err := serve(t, llmtest.Reply{Text: answer}).Complete(t.Context(), testRequest(), heard)
		require.ErrorIs(t, err, enough)
		require.Len(t, heard.pieces, 1)
	})
}

// requireNoSecret looks for keys and prompts in every way an error is shown.
func requireNoSecret(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		shown := fmt.Sprintf("%s %v %+v %#v", e, e, e, e)
		require.NotContains(t, shown, testKey)
		require.NotContains(t, shown, testHeader)
		require.NotContains(t, shown, "payroll")
	}
}

func remote(provider, url string) Config {
	return Config{Provider: provider, Model: "m-1", BaseURL: url, APIKey: testKey, Headers: Headers{"X-Extra": "Bearer " + testHeader}}
}

func TestOpenAI(t *testing.T) {
	t.Parallel()
	providerSuite(t, func(t *testing.T, reply llmtest.Reply) Provider {
		t.Helper()
		server := llmtest.New(t, llmtest.Always(&reply))
		p, err := open(remote("openai", server.URL), testDeps())
		require.NoError(t, err)
		return p
	})
}

func TestAnthropic(t *testing.T) {
	t.Parallel()
	providerSuite(t, func(t *testing.T, reply llmtest.Reply) Provider {
		t.Helper()
		server := httptest.NewServer(&anthropicFake{reply: reply})
		t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
		p, err := open(remote("anthropic", server.URL+"/v1"), testDeps())
		require.NoError(t, err)
		return p
	})
}

// anthropicFake says an llmtest.Reply in Anthropic's protocol.
type anthropicFake struct {
	reply llmtest.Reply
	body  map[string]any
	head  http.Header
}

func (a *anthropicFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.head = r.Header.Clone()
	if err := json.NewDecoder(r.Body).Decode(&a.body); err != nil || r.URL.Path != "/v1/messages" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	if a.reply.Status >= 400 {
		if a.reply.RetryAfter != "" {
			w.Header().Set("Retry-After", a.reply.RetryAfter)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.reply.Status)
		_ = json.NewEncoder(w).Encode(map[string]any{"type": "error", "error": map[string]any{"type": a.reply.Code, "message": a.reply.Message}})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	a.say(w, r)
}

func (a *anthropicFake) say(w http.ResponseWriter, r *http.Request) {
	send := func(kind string, more map[string]any) {
		more["type"] = kind
		body, _ := json.Marshal(more)
		fmt.Fprintf(w, "event: %s\ndata: %s\n\n", kind, body)
	}
	text, finish := a.reply.Text, "tool_use"
	if a.reply.Cut > 0 {
		text, finish = text[:a.reply.Cut*bytesPerToken], "max_tokens"
	}
	if a.reply.Finish == "content_filter" {
		finish = "refusal"
	}
	send("message_start", map[string]any{"message": map[string]any{"usage": map[string]any{
		"input_tokens": 20, "cache_read_input_tokens": a.reply.Cached, "output_tokens": 1}}})
	send("content_block_start", map[string]any{"index": 0, "content_block": map[string]any{"type": "tool_use", "id": "t", "name": "threats", "input": map[string]any{}}})
	const step = 5
	for i := 0; ; i++ {
		_ = http.NewResponseController(w).Flush()
		due := func(n int) bool { return n == llmtest.Never && i == 0 || n > 0 && n == i }
		switch {
		case due(a.reply.Hang):
			<-r.Context().Done()
			return
		case due(a.reply.Reset):
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		if text == "" {
			break
		}
		piece := head(text, step)
		text = text[len(piece):]
		send("content_block_delta", map[string]any{"index": 0, "delta": map[string]any{"type": "input_json_delta", "partial_json": piece}})
	}
	if a.reply.BreakOff {
		return
	}
	if a.reply.Code != "" {
		send("error", map[string]any{"error": map[string]any{"type": a.reply.Code, "message": a.reply.Message}})
		return
	}
	send("content_block_stop", map[string]any{"index": 0})
	send("message_delta", map[string]any{"delta": map[string]any{"stop_reason": finish}, "usage": map[string]any{"output_tokens": tokens(len(a.reply.Text))}})
	send("message_stop", map[string]any{})
}

func TestAnthropicAsksForAToolAndCachesTheSystemPart(t *testing.T) {
	t.Parallel()
	fake := &anthropicFake{reply: llmtest.Reply{Text: `{}`}}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	p, err := open(remote("anthropic", server.URL), testDeps())
	require.NoError(t, err)
	_, err = p.Complete(t.Context(), testRequest(), silent{})
	require.NoError(t, err)
	require.Equal(t, testKey, fake.head.Get("X-Api-Key"))
	require.Equal(t, "Bearer "+testHeader, fake.head.Get("X-Extra"))
	want := map[string]any{
		"model": "m-1", "max_tokens": 1000.0, "stream": true,
		"system":   []any{map[string]any{"type": "text", "text": "You list threats.", "cache_control": map[string]any{"type": "ephemeral"}}},
		"messages": []any{map[string]any{"role": "user", "content": []any{map[string]any{"type": "text", "text": testPrompt}}}},
		"tools": []any{map[string]any{
			"name": "threats", "description": "Takes the whole answer.", "eager_input_streaming": true,
			"input_schema": map[string]any{
				"type": "object", "additionalProperties": false, "required": []any{"items"},
				"properties": map[string]any{"items": map[string]any{"type": "array", "items": map[string]any{"type": "string"}}},
			},
		}},
		"tool_choice": map[string]any{"type": "tool", "name": "threats"},
	}
	require.Empty(t, cmp.Diff(want, fake.body))
}

func TestAnthropicErrorsInMidStream(t *testing.T) {
	t.Parallel()
	for code, kind := range map[string]FailureKind{
		"overloaded_error": Overloaded, "rate_limit_error": RateLimited, "api_error": Overloaded, "something_new": Overloaded,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(&anthropicFake{reply: llmtest.Reply{Text: `{"a`, Code: code}})
			t.Cleanup(server.Close)
			p, err := open(remote("anthropic", server.URL), testDeps())
			require.NoError(t, err)
			got, err := p.Complete(t.Context(), testRequest(), silent{})
			require.Equal(t, kind, KindOf(err))
			require.Equal(t, `{"a`, got.Text)
		})
	}
}

// An answer without an end, in pieces of a megabyte.
func TestAnEndlessAnswerIsStopped(t *testing.T) {
	t.Parallel()
	for provider, event := range map[string]string{
		"openai":    `data: {"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}`,
		"anthropic": "event: content_block_delta\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"%s"}}`,
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			piece := fmt.Sprintf(event, strings.Repeat("x", maxAnswerBytes/2))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				for r.Context().Err() == nil {
					fmt.Fprint(w, piece+"\n\n")
				}
			}))
			t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
			p, err := open(remote(provider, server.URL), testDeps())
			require.NoError(t, err)
			got, err := p.Complete(t.Context(), testRequest(), silent{})
			var f *Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, Malformed, f.Kind)
			require.False(t, f.Retryable())
			require.Len(t, got.Text, maxAnswerBytes)
		})
	}
}

func TestABodyIsReadUpToItsLimit(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"openai", "anthropic"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			deps := testDeps()
			body := &endless{}
			deps.Transport = answering{http.StatusBadGateway, body}
			p, err := open(remote(provider, "http://host.example"), deps)
			require.NoError(t, err)
			_, err = p.Complete(t.Context(), testRequest(), silent{})
			require.Equal(t, Overloaded, KindOf(err))
			require.Less(t, len(err.Error()), 1000)
			require.LessOrEqual(t, body.read, maxErrorBytes)
		})
	}
}

// answering is a network with one answer.
type answering struct {
	status int
	body   io.ReadCloser
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: a.body, Request: r}, nil
}

// endless is a body that goes on.
type endless struct{ read int }

func (e *endless) Close() error { return nil }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}
