package llm

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// narrow is a provider with a context, which notes what it is asked.
type narrow struct {
	name    string
	context int
	fail    *Failure

	mutex sync.Mutex
	asked []Request
}

func (p *narrow) Describe() Description {
	return Description{Provider: p.name, Model: "m", Mode: ModeSchema, Context: p.context}
}

func (p *narrow) Complete(_ context.Context, r Request, _ Sink) (Answer, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.asked = append(p.asked, r)
	if p.fail != nil {
		return Answer{}, p.fail
	}
	return Answer{Text: "ok", Finish: FinishStop}, nil
}

func TestAQuestionIsHeldToTheContext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		context, prompt, answer int // tokens
		want                    int // the bound on the answer, or
		tooLong                 bool
	}{
		"fits":                          {1000, 400, 600, 600, false},
		"a shorter answer fits":         {1000, 401, 600, 599, false},
		"a quarter is left":             {1000, 750, 600, 250, false},
		"less than a quarter is left":   {1000, 751, 600, 0, true},
		"a short answer fits":           {1000, 900, 100, 100, false},
		"a short answer does not fit":   {1000, 901, 100, 0, true},
		"the prompt alone is too long":  {1000, 1001, 600, 0, true},
		"no bound":                      {1000, 900, 0, 0, false},
		"no bound, but a prompt beyond": {1000, 1001, 0, 0, true},
		"nobody knows the context":      {0, 1_000_000, 6000, 6000, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, second := &narrow{name: "p", context: c.context}, &narrow{name: "second"}
			ledger := &account{}
			prices := Prices{"m": {Output: perTokens}}
			r := Request{Task: "threats", System: strings.Repeat("s", bytesPerToken), User: strings.Repeat("u", (c.prompt-1)*bytesPerToken), MaxTokens: c.answer}
			_, err := testClient(Config{Prices: prices}, p, second).Ask(t.Context(), r, nil, ledger)
			if c.tooLong {
				require.Equal(t, ContextTooLong, KindOf(err))
				require.ErrorContains(t, err, "1000 tokens")
				require.Empty(t, p.asked)
				require.Empty(t, second.asked, "the caller splits it first")
				require.Empty(t, ledger.asked)
				require.Empty(t, ledger.attempts)
				return
			}
			require.NoError(t, err)
			require.Len(t, p.asked, 1)
			require.Equal(t, c.want, p.asked[0].MaxTokens)
			require.Equal(t, []int64{int64(c.want)}, ledger.asked, "what may be said is what may be spent")
		})
	}
}

// The bound for one provider is not the bound for the next.
func TestEachProviderIsAskedWithinItsOwnContext(t *testing.T) {
	t.Parallel()
	p := &narrow{name: "p", context: 1000, fail: &Failure{Kind: Auth, Message: "no key"}}
	second := &narrow{name: "second", context: 10_000}
	r := Request{User: strings.Repeat("u", 500*bytesPerToken), MaxTokens: 2000}
	_, err := testClient(Config{}, p, second).Ask(t.Context(), r, nil, nil)
	require.NoError(t, err)
	require.Equal(t, 500, p.asked[0].MaxTokens)
	require.Equal(t, 2000, second.asked[0].MaxTokens)
}

func TestTheConfiguredContextCounts(t *testing.T) {
	t.Parallel()
	cfg := remote("openai", "http://127.0.0.1:1/v1")
	cfg.Context, cfg.Attempts = 100, 1
	c, err := Open(cfg, testDeps())
	require.NoError(t, err)
	_, err = c.Ask(t.Context(), Request{User: strings.Repeat("u", 80*bytesPerToken), MaxTokens: 50}, nil, nil)
	require.Equal(t, ContextTooLong, KindOf(err))
}
