package llmtest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func ask(ctx context.Context, t *testing.T, s *Server, body string) (status int, text string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/chat/completions", strings.NewReader(body))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	all, err := io.ReadAll(res.Body)
	return res.StatusCode, string(all), err
}

const streamed = `{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"system","content":"1234"},{"role":"user","content":"12345"}]}`

func TestTheServerStreamsTokenByToken(t *testing.T) {
	t.Parallel()
	s := New(t, Asked("12345", Text("ab€cdefgh")))
	s.FirstToken, s.TokensPerSecond = 30*time.Millisecond, 100
	start := time.Now()
	status, body, err := ask(t.Context(), t, s, streamed)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)
	var pieces []string
	var usage map[string]any
	for _, line := range strings.Split(body, "\n\n") {
		var chunk struct {
			Choices []struct {
				Delta struct {
					Content string `json:"content"`
				} `json:"delta"`
			} `json:"choices"`
			Usage map[string]any `json:"usage"`
		}
		if json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &chunk) != nil {
			continue
		}
		if len(chunk.Choices) > 0 && chunk.Choices[0].Delta.Content != "" {
			pieces = append(pieces, chunk.Choices[0].Delta.Content)
		}
		if chunk.Usage != nil {
			usage = chunk.Usage
		}
	}
	require.Equal(t, []string{"ab", "€c", "defg", "h"}, pieces)
	require.InDelta(t, 3, usage["prompt_tokens"], 0)
	require.True(t, strings.HasSuffix(body, "data: [DONE]\n\n"))
	prompt, completion := s.Tokens()
	require.Equal(t, 3, prompt)
	require.Equal(t, 4, completion)
}

func TestTheServerAnswersInOnePieceWhereNoStreamIsAsked(t *testing.T) {
	t.Parallel()
	s := New(t, Always(TrailingComma(`{"a": [1, 2]}`)))
	_, body, err := ask(t.Context(), t, s, `{"model":"m","max_tokens":2,"messages":[]}`)
	require.NoError(t, err)
	require.Contains(t, body, `"finish_reason":"length"`)
	require.Contains(t, body, `"content":"{\"a\": [1"`)
	require.Empty(t, cmp.Diff(`{"a": [1, 2],}`, TrailingComma(`{"a": [1, 2]}`).Text))
}

func TestTheServerBreaksTheConnection(t *testing.T) {
	t.Parallel()
	for _, after := range []int{Never, 1} {
		s := New(t, Always(&Reply{Text: "abcdefgh", Reset: after}))
		_, _, err := ask(t.Context(), t, s, streamed)
		require.Error(t, err)
	}
}

func TestTheServerHangsUntilTheClientLeaves(t *testing.T) {
	t.Parallel()
	s := New(t, Always(&Reply{Text: "abcdefgh", Hang: 1}))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err := ask(ctx, t, s, streamed)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestTheServerCountsWhoIsThere(t *testing.T) {
	t.Parallel()
	var together sync.WaitGroup
	together.Add(3)
	s := New(t, func(Query) *Reply {
		together.Done()
		together.Wait()
		return Text("ok")
	})
	var calls sync.WaitGroup
	for range 3 {
		calls.Go(func() { _, _, _ = ask(t.Context(), t, s, streamed) })
	}
	calls.Wait()
	require.Equal(t, 3, s.Widest())
	require.Len(t, s.Queries(), 3)
}

func TestTheScriptMisbehavesInOrder(t *testing.T) {
	t.Parallel()
	s := New(t, WantModel("m"), WithoutUsage(), Sequence(Limited("2"), Failing(500, "", "oops"), Text("ok")))
	for body, want := range map[string]int{strings.Replace(streamed, `"m"`, `"n"`, 1): 404, streamed: 422} {
		status, _, err := ask(t.Context(), t, s, body)
		require.NoError(t, err)
		require.Equal(t, want, status)
	}
	plain := New(t, Sequence(Limited("2"), Failing(500, "", "oops"), Text("ok")))
	for _, want := range []int{429, 500, 200, 200} {
		status, _, err := ask(t.Context(), t, plain, streamed)
		require.NoError(t, err)
		require.Equal(t, want, status)
	}
}
