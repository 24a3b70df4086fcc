package llmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Reply is what the server does with one query. The zero Reply is an empty
// answer.
type Reply struct {
	Text string
	// Cut ends the text after so many tokens with finish reason "length", as
	// the query's own limit does; 0 does not.
	Cut int
	// Refusal is said in place of a text.
	Refusal string
	// Finish is the finish reason, "stop" where it is "".
	Finish string
	// Status of 400 or more is an error, with Code, Message and RetryAfter (the
	// header, as it is).
	Status                    int
	Code, Message, RetryAfter string
	// Hang stays silent, and Reset breaks the connection, after so many tokens;
	// 0 is never, use Never for "before the first".
	Hang, Reset int
	// BreakOff ends the stream in good order, but before the answer is whole.
	BreakOff bool
	// Unstreamed answers in one piece though a stream was asked for.
	Unstreamed bool
	// NoUsage counts no tokens. Cached is how many of the prompt's are reported
	// as cached.
	NoUsage bool
	Cached  int
	// FirstToken and TokensPerSecond stand in for the server's, where not 0.
	FirstToken      time.Duration
	TokensPerSecond float64
}

// Never is for Hang and Reset before anything is said.
const Never = -1

// Text is a well-behaved answer.
func Text(s string) *Reply { return &Reply{Text: s} }

// Fenced is the text in a code fence, with a word before it.
func Fenced(s string) *Reply {
	return &Reply{Text: "Here is the JSON you asked for:\n```json\n" + s + "\n```\n"}
}

// TrailingComma is the JSON text with a comma before its last bracket.
func TrailingComma(s string) *Reply {
	i := strings.LastIndexAny(s, "]}")
	if i < 0 {
		return Text(s)
	}
	return Text(s[:i] + "," + s[i:])
}

// Failing is an error as OpenAI puts it.
func Failing(status int, code, message string) *Reply {
	return &Reply{Status: status, Code: code, Message: message}
}

// Limited is a 429 that says when to come back ("" does not).
func Limited(retryAfter string) *Reply {
	return &Reply{Status: http.StatusTooManyRequests, Code: "rate_limit_exceeded", Message: "Rate limit reached", RetryAfter: retryAfter}
}

// Always gives the same reply to every query.
func Always(r *Reply) Script { return func(Query) *Reply { return r } }

// Sequence gives the first replies in the order of arrival, and then the last
// one for good.
func Sequence(replies ...*Reply) Script {
	return func(q Query) *Reply { return replies[min(q.Number, len(replies)-1)] }
}

// Asked gives the reply where the prompt holds the words.
func Asked(words string, r *Reply) Script {
	return func(q Query) *Reply {
		if strings.Contains(q.System+"\n"+q.User, words) {
			return r
		}
		return nil
	}
}

// WantKey refuses every other key, and says it as OpenAI does, key and all.
func WantKey(key string) Script {
	return func(q Query) *Reply {
		if q.Key == key {
			return nil
		}
		return Failing(http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided: "+q.Key)
	}
}

// WantModel knows no other model.
func WantModel(model string) Script {
	return func(q Query) *Reply {
		if q.Model == model {
			return nil
		}
		return Failing(http.StatusNotFound, "model_not_found", fmt.Sprintf("The model `%s` does not exist", q.Model))
	}
}

// WithoutFormats refuses these response formats.
func WithoutFormats(formats ...string) Script {
	return func(q Query) *Reply {
		if q.Format == "" || !slices.Contains(formats, q.Format) {
			return nil
		}
		return Failing(http.StatusBadRequest, "", fmt.Sprintf("'response_format.type' : value '%s' is not supported", q.Format))
	}
}

// WithoutUsage refuses stream_options as Mistral does.
func WithoutUsage() Script {
	return func(q Query) *Reply {
		if !q.AsksUsage {
			return nil
		}
		return Failing(http.StatusUnprocessableEntity, "", "stream_options.include_usage: Extra inputs are not permitted")
	}
}

func fail(w http.ResponseWriter, reply Reply) {
	if reply.RetryAfter != "" {
		w.Header().Set("Retry-After", reply.RetryAfter)
	}
	detail := map[string]any{"message": reply.Message, "type": "invalid_request_error"}
	if reply.Code != "" {
		detail["code"] = reply.Code
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(reply.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": detail})
}

// said is the text as far as the limits let it go, and its finish reason.
func (r Reply) said(q Query) (text, finish string) {
	text, finish = r.Text, r.Finish
	if finish == "" {
		finish = "stop"
	}
	limit := r.Cut
	if q.MaxTokens > 0 && (limit == 0 || q.MaxTokens < limit) {
		limit = q.MaxTokens
	}
	if limit > 0 && len(text) > limit*tokenBytes {
		text, finish = text[:limit*tokenBytes], "length"
	}
	return strings.ToValidUTF8(text, ""), finish
}

func (r Reply) usage(q Query, text string) map[string]any {
	if r.NoUsage {
		return nil
	}
	n := tokens(len(text))
	return map[string]any{
		"prompt_tokens": q.PromptTokens, "completion_tokens": n, "total_tokens": q.PromptTokens + n,
		"prompt_tokens_details": map[string]any{"cached_tokens": r.Cached},
	}
}

// whole answers in one piece.
func (s *Server) whole(w http.ResponseWriter, q Query, reply Reply) {
	text, finish := reply.said(q)
	message := map[string]any{"role": "assistant", "content": text}
	if reply.Refusal != "" {
		message["refusal"] = reply.Refusal
	}
	s.spoke(tokens(len(text)))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"object": "chat.completion", "model": q.Model, "usage": reply.usage(q, text),
		"choices": []any{map[string]any{"index": 0, "message": message, "finish_reason": finish}},
	})
}

// stream answers token by token.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, q Query, reply Reply) {
	w.Header().Set("Content-Type", "text/event-stream")
	text, finish := reply.said(q)
	speed := reply.TokensPerSecond
	if speed == 0 {
		speed = s.TokensPerSecond
	}
	var tick <-chan time.Time
	if speed > 0 {
		ticker := time.NewTicker(time.Duration(float64(time.Second) / speed))
		defer ticker.Stop()
		tick = ticker.C
	}
	pieces := split(text)
	for i := 0; i <= len(pieces); i++ {
		if broken(w, r, reply, i) {
			return
		}
		if i == len(pieces) {
			break
		}
		if i > 0 && tick != nil {
			select {
			case <-tick:
			case <-r.Context().Done():
				return
			}
		}
		s.spoke(1)
		event(w, q, map[string]any{"content": pieces[i]}, "")
	}
	if reply.BreakOff {
		return
	}
	delta := map[string]any{}
	if reply.Refusal != "" {
		delta["refusal"] = reply.Refusal
	}
	event(w, q, delta, finish)
	if usage := reply.usage(q, text); usage != nil && q.AsksUsage {
		send(w, map[string]any{"object": "chat.completion.chunk", "model": q.Model, "choices": []any{}, "usage": usage})
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// broken hangs or resets where it is time to; it says whether that was the end.
func broken(w http.ResponseWriter, r *http.Request, reply Reply, sent int) bool {
	due := func(after int) bool { return after == Never && sent == 0 || after > 0 && sent == after }
	flush(w)
	switch {
	case due(reply.Hang):
		<-r.Context().Done()
		return true
	case due(reply.Reset):
		reset(w)
		return true
	}
	return false
}

// reset breaks the connection so that the other side sees an error and no end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func event(w http.ResponseWriter, q Query, delta map[string]any, finish string) {
	choice := map[string]any{"index": 0, "delta": delta, "finish_reason": nil}
	if finish != "" {
		choice["finish_reason"] = finish
	}
	send(w, map[string]any{"object": "chat.completion.chunk", "model": q.Model, "choices": []any{choice}})
	flush(w)
}

func send(w http.ResponseWriter, chunk map[string]any) {
	body, err := json.Marshal(chunk)
	if err != nil {
		return
	}
	fmt.Fprintf(w, "data: %s\n\n", body)
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// split cuts the text into tokens, which never cut a character.
func split(text string) []string {
	var pieces []string
	for text != "" {
		n := 0
		for i, c := range text {
			if i > 0 && i+len(string(c)) > tokenBytes {
				break
			}
			n = i + len(string(c))
		}
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	return pieces
}

func pick(own, general time.Duration) time.Duration {
	if own != 0 {
		return own
	}
	return general
}

// pause says whether the client is still there after it.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
