package llm

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/threatdraft/threatdraft/internal/stride"
)

const (
	anthropicBase    = "https://api.anthropic.com"
	anthropicContext = 200_000
	// anthropicMaxTokens is asked for where the caller sets no limit: this API
	// wants one.
	anthropicMaxTokens = 8_192
	answerTool         = "answer"
)

// messages is Anthropic's Messages API. A schema becomes a tool that the model
// is forced to use, whose input streams as text; the system part is marked for
// caching.
type messages struct {
	config  Config
	service anthropic.MessageService
	secrets []string
}

// openAnthropic leaves the SDK's own client aside: that one takes keys and
// addresses out of the environment.
func openAnthropic(cfg Config, deps Deps) (Provider, error) {
	cfg, err := cfg.checked(anthropicBase, true)
	if err != nil {
		return nil, err
	}
	cfg.BaseURL = strings.TrimSuffix(strings.TrimRight(cfg.BaseURL, "/"), "/v1")
	if cfg.Context == 0 {
		cfg.Context = anthropicContext
	}
	options := []option.RequestOption{
		option.WithBaseURL(cfg.BaseURL),
		option.WithHTTPClient(httpClient(cfg, deps, false)),
		option.WithMaxRetries(0),
		option.WithoutOpenTelemetry(), // its spans can hold prompts
	}
	if cfg.APIKey != "" {
		options = append(options, option.WithAPIKey(string(cfg.APIKey)))
	}
	return &messages{config: cfg.public(), service: anthropic.NewMessageService(options...), secrets: cfg.secrets()}, nil
}

// Describe is Provider's.
func (m *messages) Describe() Description {
	return Description{
		Provider: m.config.Provider, Model: m.config.Model, Address: m.config.BaseURL,
		Mode: ModeSchema, Context: m.config.Context, StreamsUsage: true,
	}
}

// Complete is Provider's.
func (m *messages) Complete(ctx context.Context, r Request, sink Sink) (Answer, error) {
	question, err := m.question(r)
	if err != nil {
		return Answer{}, err
	}
	ctx, seen := withExchange(ctx)
	stream := m.service.NewStreaming(ctx, question)
	defer func() { _ = stream.Close() }()
	heard := collector{sink: sink}
	answer := Answer{Provider: m.config.Provider, Model: m.config.Model}
	done := false
	for !done && stream.Next() {
		event := stream.Current()
		done = event.Type == "message_stop"
		if err := listen(&answer, &heard, event, len(r.Schema.JSON) > 0); err != nil {
			answer.Text = heard.text.String()
			return answer, err
		}
	}
	answer.Text = heard.text.String()
	if err := stream.Err(); err != nil {
		return answer, m.failed(ctx, r, seen, err)
	}
	if !done || answer.Finish == "" {
		return answer, m.Describe().lost(ctx, io.ErrUnexpectedEOF)
	}
	return judged(m.Describe(), answer)
}

// listen adds an event to the answer. Of an answer to a schema only the tool's
// input counts; what is said beside it is a sign of life.
func listen(answer *Answer, heard *collector, event anthropic.MessageStreamEventUnion, schema bool) error {
	switch event.Type {
	case "message_start":
		u := event.Message.Usage
		answer.Usage.Prompt = int(u.InputTokens + u.CacheReadInputTokens + u.CacheCreationInputTokens)
		answer.Usage.Cached = int(u.CacheReadInputTokens)
		answer.Usage.Completion = int(u.OutputTokens)
	case "content_block_delta":
		if schema {
			return heard.add(event.Delta.PartialJSON)
		}
		return heard.add(event.Delta.Text)
	case "message_delta":
		if event.Usage.OutputTokens > 0 {
			answer.Usage.Completion = int(event.Usage.OutputTokens)
		}
		answer.Finish = finishOf(event.Delta.StopReason)
	}
	return nil
}

func finishOf(reason anthropic.StopReason) Finish {
	switch reason {
	case anthropic.StopReasonMaxTokens, anthropic.StopReasonModelContextWindowExceeded:
		return FinishLength
	case anthropic.StopReasonRefusal:
		return FinishRefused
	default:
		return FinishStop
	}
}

// question puts the request in this API's words. Returns Invalid where the
// schema is no JSON object.
func (m *messages) question(r Request) (anthropic.MessageNewParams, error) {
	q := anthropic.MessageNewParams{
		Model:     m.config.Model,
		MaxTokens: int64(r.MaxTokens),
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(r.User))},
	}
	if q.MaxTokens <= 0 {
		q.MaxTokens = anthropicMaxTokens
	}
	if r.System != "" {
		q.System = []anthropic.TextBlockParam{{Text: r.System, CacheControl: anthropic.NewCacheControlEphemeralParam()}}
	}
	if len(r.Schema.JSON) == 0 {
		return q, nil
	}
	input, err := inputSchema(r.Schema.JSON)
	if err != nil {
		return q, err
	}
	tool := anthropic.ToolParam{
		Name:        answerTool,
		Description: anthropic.String("Takes the whole answer."),
		InputSchema: input,
		// Otherwise the input comes one top-level property at a time, and a
		// list of threats in one piece at the end.
		EagerInputStreaming: anthropic.Bool(true),
	}
	if r.Schema.Name != "" {
		tool.Name = r.Schema.Name
	}
	q.Tools = []anthropic.ToolUnionParam{{OfTool: &tool}}
	q.ToolChoice = anthropic.ToolChoiceParamOfTool(tool.Name)
	return q, nil
}

// inputSchema takes the schema apart as the SDK wants it.
func inputSchema(schema json.RawMessage) (anthropic.ToolInputSchemaParam, error) {
	var parts map[string]any
	if err := json.Unmarshal(schema, &parts); err != nil {
		return anthropic.ToolInputSchemaParam{}, stride.Errorf(stride.Invalid, "the schema is no JSON object: %v", err)
	}
	input := anthropic.ToolInputSchemaParam{Properties: parts["properties"], ExtraFields: map[string]any{}}
	if required, ok := parts["required"].([]any); ok {
		for _, name := range required {
			if s, ok := name.(string); ok {
				input.Required = append(input.Required, s)
			}
		}
	}
	for name, value := range parts {
		switch name {
		case "properties", "required", "type":
		default:
			input.ExtraFields[name] = value
		}
	}
	return input, nil
}

// failed says what an error of the SDK means; the error itself holds the
// request, key and all, and goes no further.
func (m *messages) failed(ctx context.Context, r Request, seen *exchange, err error) error {
	var api *anthropic.Error
	if !errors.As(err, &api) {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return &Failure{Kind: Malformed, Message: m.config.Provider + " streams what is no message"}
		}
		return m.Describe().lost(ctx, err)
	}
	s := said{status: api.StatusCode, code: string(api.Type()), message: errorMessage(api.RawJSON())}
	if s.meant() < http.StatusBadRequest {
		s.status = http.StatusInternalServerError // an error in mid-stream without a type
	}
	f := m.Describe().failure(s)
	f.RetryAfter = seen.retryAfter
	return f.quoting(s, r, m.secrets)
}

// errorMessage takes the message out of {"error": {"message": ...}}, or gives
// the whole body.
func errorMessage(body string) string {
	var envelope struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal([]byte(body), &envelope); err == nil && envelope.Error.Message != "" {
		return envelope.Error.Message
	}
	return body
}
