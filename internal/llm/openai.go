package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	openai "github.com/sashabaranov/go-openai"
)

// chat is a server that speaks OpenAI's chat completions.
type chat struct {
	config  Config
	preset  preset
	client  *openai.Client
	secrets []string

	mutex  sync.Mutex
	spoken dialect // what the server has not refused yet
}

// dialect is how a request is put. A server that refuses a part of it is asked
// again without, and never again with it.
type dialect struct {
	mode     Mode
	askUsage bool
	field    tokensField
}

// maxEmptyLines bounds the lines between two events: servers under load send
// comments to keep the connection.
const maxEmptyLines = 100_000

func openOpenAI(cfg Config, p preset, deps Deps) (Provider, error) {
	cfg, err := cfg.checked(p.base, p.needsKey)
	if err != nil {
		return nil, err
	}
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	sdk := openai.DefaultConfig(string(cfg.APIKey))
	if p.name == "azure" {
		cfg.BaseURL = strings.TrimSuffix(cfg.BaseURL, "/openai")
		sdk = openai.DefaultAzureConfig(string(cfg.APIKey), cfg.BaseURL)
		sdk.APIVersion = azureAPIVersion
		if cfg.APIVersion != "" {
			sdk.APIVersion = cfg.APIVersion
		}
		sdk.AzureModelMapperFunc = func(deployment string) string { return deployment }
	}
	sdk.BaseURL = cfg.BaseURL
	sdk.OrgID = cfg.Organisation
	sdk.HTTPClient = httpClient(cfg, deps, true)
	sdk.EmptyMessagesLimit = maxEmptyLines
	if cfg.Context == 0 {
		cfg.Context = p.context
	}
	return &chat{
		config: cfg.public(), preset: p, client: openai.NewClientWithConfig(sdk), secrets: cfg.secrets(),
		spoken: dialect{mode: p.mode, askUsage: p.askUsage, field: p.field},
	}, nil
}

// Describe is Provider's.
func (c *chat) Describe() Description {
	spoken := c.dialect()
	return Description{
		Provider: c.config.Provider, Model: c.config.Model, Address: c.config.BaseURL,
		Mode: spoken.mode, Context: c.config.Context, StreamsUsage: spoken.askUsage || !c.preset.askUsage,
	}
}

func (c *chat) dialect() dialect {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.spoken
}

// Complete is Provider's. A refusal of the dialect costs no tokens, so asking
// again in a plainer one is the same attempt.
func (c *chat) Complete(ctx context.Context, r Request, sink Sink) (Answer, error) {
	tried := map[dialect]bool{}
	for {
		spoken := c.dialect()
		tried[spoken] = true
		answer, err := c.stream(ctx, r, spoken, sink)
		var refusal *refusedDialect
		if !errors.As(err, &refusal) {
			return answer, err
		}
		if tried[refusal.plainer] {
			return answer, refusal.otherwise
		}
		c.mutex.Lock()
		if c.spoken == spoken {
			c.spoken = refusal.plainer
		}
		c.mutex.Unlock()
	}
}

// refusedDialect is a server that does not understand a field of the request.
// otherwise is the failure where the plainer dialect was refused before.
type refusedDialect struct {
	plainer   dialect
	otherwise *Failure
}

func (*refusedDialect) Error() string { return "the server refuses a field of the request" }

// stream makes one HTTP request and reads its answer.
func (c *chat) stream(ctx context.Context, r Request, spoken dialect, sink Sink) (Answer, error) {
	ctx, seen := withExchange(ctx)
	stream, err := c.client.CreateChatCompletionStream(ctx, c.request(r, spoken))
	if err != nil {
		return Answer{}, c.failed(ctx, r, spoken, seen, err)
	}
	defer func() { _ = stream.Close() }()
	heard := collector{sink: sink}
	answer := Answer{Provider: c.config.Provider, Model: c.config.Model}
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && answer.Finish != "" {
			break // the answer is whole; what is lost is the count of tokens
		}
		if err != nil {
			answer.Text = heard.text.String()
			return answer, c.failed(ctx, r, spoken, seen, err)
		}
		if err := take(&answer, &heard, chunk); err != nil {
			answer.Text = heard.text.String()
			return answer, err
		}
	}
	answer.Text = heard.text.String()
	if answer.Finish == "" {
		return answer, c.unfinished(ctx, answer, seen)
	}
	return judged(c.Describe(), answer)
}

// unfinished says why a stream ended before the model was done.
func (c *chat) unfinished(ctx context.Context, answer Answer, seen *exchange) error {
	if answer.Text == "" && seen.contentType == "application/json" {
		return &Failure{
			Kind: Malformed, final: true,
			Message: fmt.Sprintf("%s does not stream its answers at %s", c.config.Provider, c.config.BaseURL),
		}
	}
	return c.Describe().lost(ctx, io.ErrUnexpectedEOF)
}

// take adds an event to the answer.
func take(answer *Answer, heard *collector, chunk openai.ChatCompletionStreamResponse) error {
	if u := chunk.Usage; u != nil && u.PromptTokens+u.CompletionTokens > 0 {
		answer.Usage = Usage{Prompt: u.PromptTokens, Completion: u.CompletionTokens}
		if u.PromptTokensDetails != nil {
			answer.Usage.Cached = u.PromptTokensDetails.CachedTokens
		}
	}
	if len(chunk.Choices) == 0 {
		return nil
	}
	choice := chunk.Choices[0]
	switch choice.FinishReason {
	case "", openai.FinishReasonNull:
	case openai.FinishReasonLength:
		answer.Finish = FinishLength
	case openai.FinishReasonContentFilter:
		answer.Finish = FinishRefused
	default:
		if answer.Finish == "" {
			answer.Finish = FinishStop
		}
	}
	if choice.Delta.Refusal != "" {
		answer.Finish = FinishRefused
	}
	return heard.add(choice.Delta.Content)
}

// request puts the question in the dialect.
func (c *chat) request(r Request, spoken dialect) openai.ChatCompletionRequest {
	system := r.System
	q := openai.ChatCompletionRequest{Model: c.config.Model}
	if len(r.Schema.JSON) > 0 {
		switch spoken.mode {
		case ModeSchema:
			q.ResponseFormat = &openai.ChatCompletionResponseFormat{
				Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
				JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{
					Name: r.Schema.Name, Schema: r.Schema.JSON, Strict: strictable(r.Schema.JSON),
				},
			}
		case ModeObject:
			q.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
			system = withSchema(system, r.Schema)
		case ModeText:
			system = withSchema(system, r.Schema)
		}
	}
	if system != "" {
		q.Messages = append(q.Messages, openai.ChatCompletionMessage{Role: openai.ChatMessageRoleSystem, Content: system})
	}
	q.Messages = append(q.Messages, openai.ChatCompletionMessage{Role: openai.ChatMessageRoleUser, Content: r.User})
	if spoken.askUsage {
		q.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	}
	if spoken.field == maxCompletionTokens {
		q.MaxCompletionTokens = r.MaxTokens
	} else {
		q.MaxTokens = r.MaxTokens //nolint:staticcheck // all but OpenAI's own servers know this field alone
	}
	return q
}

// withSchema says in words what a server does not enforce. It goes behind the
// fixed part, so that the data stays last.
func withSchema(system string, s Schema) string {
	return system + "\n\nAnswer with one JSON object and nothing else: no explanation, no code fence. " +
		"It must match this JSON schema:\n" + string(s.JSON)
}

// failed says what an error of the SDK means.
func (c *chat) failed(ctx context.Context, r Request, spoken dialect, seen *exchange, err error) error {
	if errors.Is(err, openai.ErrReasoningModelMaxTokensDeprecated) {
		spoken.field = maxCompletionTokens
		return &refusedDialect{spoken, &Failure{Kind: Malformed, Message: c.config.Model + " takes no limit on its answer", final: true}}
	}
	s, ok := heardError(err)
	if !ok {
		var syntax *json.SyntaxError
		var wrongType *json.UnmarshalTypeError
		if errors.As(err, &syntax) || errors.As(err, &wrongType) {
			return &Failure{Kind: Malformed, Message: c.config.Provider + " streams what is no chat completion"}
		}
		return c.Describe().lost(ctx, err)
	}
	f := c.Describe().failure(s)
	f.RetryAfter = seen.retryAfter
	f = f.quoting(s, r, c.secrets)
	if plainer, ok := spoken.without(s, len(r.Schema.JSON) > 0); ok {
		return &refusedDialect{plainer, f}
	}
	return f
}

// heardError takes what a server said out of the SDK's error, which must not
// travel on: it may repeat the key or the prompt.
func heardError(err error) (said, bool) {
	var api *openai.APIError
	if errors.As(err, &api) {
		s := said{status: api.HTTPStatusCode, message: api.Message}
		if api.Code != nil {
			s.code = fmt.Sprint(api.Code)
		}
		// The code is the finer word where we know it: quota is a code of type
		// insufficient_quota, but a number says less than any type.
		if codes[strings.ToLower(s.code)] == 0 && codes[strings.ToLower(api.Type)] != 0 {
			s.code = api.Type
		}
		if s.status == 0 && s.meant() == 0 {
			s.status = http.StatusInternalServerError // an error in mid-stream without a code
		}
		return s, true
	}
	var request *openai.RequestError
	if errors.As(err, &request) {
		return said{status: request.HTTPStatusCode, message: string(request.Body)}, true
	}
	return said{}, false
}

// without is the dialect less the part that the server refuses, and whether
// there is one.
func (d dialect) without(s said, schema bool) (dialect, bool) {
	if s.status != http.StatusBadRequest && s.status != http.StatusUnprocessableEntity && s.status != http.StatusNotImplemented {
		return d, false
	}
	names := func(words ...string) bool {
		lower := strings.ToLower(s.message)
		for _, w := range words {
			if strings.Contains(lower, w) {
				return true
			}
		}
		return false
	}
	switch {
	case d.askUsage && names("stream_options", "include_usage"):
		d.askUsage = false
	case d.field == maxTokens && names("max_completion_tokens"):
		d.field = maxCompletionTokens
	case d.field == maxCompletionTokens && names("max_completion_tokens") && !names("too large", "at most", "less than"):
		d.field = maxTokens
	case schema && d.mode == ModeSchema && names("response_format", "response format", "schema", "structured output", "grammar"):
		d.mode = ModeObject
	case schema && d.mode == ModeObject && names("response_format", "response format", "json_object", "json mode", "json object", "grammar"):
		d.mode = ModeText
	default:
		return d, false
	}
	return d, true
}

// strictable says whether the schema keeps to what OpenAI's strict mode asks:
// every object is closed and requires all of its properties. Where it cannot tell
// it says no, which costs nothing but the guarantee.
// Source: OpenAI's guide to structured outputs.
func strictable(schema json.RawMessage) bool {
	var root any
	if err := json.Unmarshal(schema, &root); err != nil {
		return false
	}
	return closed(root)
}

func closed(node any) bool {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			if !closed(item) {
				return false
			}
		}
	case map[string]any:
		properties, isObject := n["properties"].(map[string]any)
		required, _ := n["required"].([]any)
		if isObject && (n["additionalProperties"] != false || len(required) != len(properties)) {
			return false
		}
		for _, value := range n {
			if !closed(value) {
				return false
			}
		}
	}
	return true
}
