package draft

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/llm"
	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// served makes a pipeline that asks a server over a real connection.
func served(tb testing.TB, s *llmtest.Server, timeout time.Duration) *Pipeline {
	tb.Helper()
	client, err := llm.Open(llm.Config{Provider: "openai", Model: "parrot", BaseURL: s.URL, APIKey: "k", Timeout: timeout, Attempts: 2, Concurrency: 8},
		llm.Deps{Now: time.Now, Rand: rand.Float64})
	require.NoError(tb, err)
	set, err := prompts.Load("")
	require.NoError(tb, err)
	return NewHybrid(Model{Asker: client, Prompts: set})
}

// kilnThreats is an answer with two good items on the kiln service, "" for a
// question that is not about it.
func kilnThreats(q llmtest.Query, more ...map[string]any) string {
	id := idOf(llm.Request{User: q.User}, "Kiln service")
	if q.SchemaName != prompts.Threats && !strings.Contains(q.System, "You draft STRIDE threats") || id == "" {
		return ""
	}
	items := append([]map[string]any{
		threat(id, "tampering", "Ruined batch at the kiln service", "An operator can ruin a batch at the kiln service with a wrong plan because nobody compares plans, causing losses.", ""),
		threat(id, "denial_of_service", "Cold kiln after a flood of plans", "Anybody on the broker can flood the kiln service with plans because none is limited, causing a cold kiln.", ""),
	}, more...)
	b, err := json.Marshal(map[string]any{"threats": items})
	if err != nil {
		return ""
	}
	return string(b)
}

// Whatever a server does, the rules' floor stands, no good item that came whole is
// lost, nothing fake is kept, and the run ends.
func TestMisbehavingServers(t *testing.T) {
	t.Parallel()
	floor, err := New().Run(t.Context(), potteryInput(), nil)
	require.NoError(t, err)
	empty := llmtest.Always(llmtest.Text("{}"))
	on := func(reply func(text string) *llmtest.Reply, more ...map[string]any) []llmtest.Script {
		return []llmtest.Script{func(q llmtest.Query) *llmtest.Reply {
			if text := kilnThreats(q, more...); text != "" {
				return reply(text)
			}
			return nil
		}, empty}
	}
	const both, one, none = 2, 1, 0
	for name, c := range map[string]struct {
		script []llmtest.Script
		kept   int
		kind   llm.FailureKind // of what is missing, "" for nothing
	}{
		"well":                    {on(llmtest.Text), both, ""},
		"fenced":                  {on(llmtest.Fenced), both, ""},
		"trailing commas":         {on(llmtest.TrailingComma), both, ""},
		"invented ids":            {on(llmtest.Text, threat("e77", "tampering", "Fake", "Somebody can do something to a part that is not there at all.", "")), both, ""},
		"a wrong enum":            {on(llmtest.Text, threat("e1", "phishing", "Fake", "Somebody can do something to the customer of the web shop.", "")), both, ""},
		"a part of another group": {on(llmtest.Text, threat("", "tampering", "Fake", "Somebody can do something to nothing in particular here.", "")), both, ""},
		"cut off": {on(func(text string) *llmtest.Reply {
			return &llmtest.Reply{Text: text, Cut: len(text) * 3 / 4 / 4}
		}), one, llm.Truncated},
		"reset in mid-stream": {on(func(text string) *llmtest.Reply {
			return &llmtest.Reply{Text: text, BreakOff: true, Cut: len(text) * 3 / 4 / 4}
		}), one, llm.Unreachable},
		"refused":         {[]llmtest.Script{llmtest.Always(&llmtest.Reply{Refusal: "I cannot help with that."})}, none, llm.Refused},
		"empty":           {[]llmtest.Script{llmtest.Always(llmtest.Text(""))}, none, llm.Malformed},
		"words only":      {[]llmtest.Script{llmtest.Always(llmtest.Text("Certainly! The system is secure."))}, none, llm.Malformed},
		"401":             {[]llmtest.Script{llmtest.WantKey("another"), empty}, none, llm.Auth},
		"404 model":       {[]llmtest.Script{llmtest.WantModel("another"), empty}, none, llm.Auth},
		"429":             {[]llmtest.Script{llmtest.Always(llmtest.Limited("60"))}, none, llm.RateLimited},
		"500":             {[]llmtest.Script{llmtest.Always(llmtest.Failing(500, "server_error", "boom"))}, none, llm.Overloaded},
		"schema unwanted": {append([]llmtest.Script{llmtest.WithoutFormats("json_schema")}, on(llmtest.Text)...), both, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := served(t, llmtest.New(t, c.script...), time.Second).Run(t.Context(), potteryInput(), nil)
			require.NoError(t, err)
			kept := 0
			for _, p := range out.Threats {
				require.NotEqual(t, "Fake", p.Title)
				for _, k := range p.TargetIDs {
					require.NotEmpty(t, out.Architecture.TargetName(k))
				}
				if p.Rule == "" {
					kept++
				}
			}
			require.Equal(t, c.kept, kept)
			requireFloor(t, floor, out)
			if missing := out.LLM.Missing(); c.kind != "" {
				require.NotEmpty(t, missing)
				require.Equal(t, c.kind, missing[0].Kind, "%v", missing)
			} else {
				require.Empty(t, missing)
			}
		})
	}
}

// requireFloor checks that each proposal of the rules is there, in the rule's own
// words or with them beside.
func requireFloor(t *testing.T, floor, out Output) {
	t.Helper()
	for _, want := range floor.Threats {
		i := slices.IndexFunc(out.Threats, func(p stride.Proposal) bool { return p.ID == want.ID })
		require.GreaterOrEqual(t, i, 0, want.Title)
		got := out.Threats[i]
		require.Equal(t, want.Risk, got.Risk)
		require.True(t, got.Statement == want.Statement || len(got.Origins) > 0 && got.Origins[0].Statement == want.Statement, want.Title)
	}
}

// A model that hangs ends with its deadline, and the run with the caller's.
func TestHangingServer(t *testing.T) {
	t.Parallel()
	s := llmtest.New(t, llmtest.Always(&llmtest.Reply{Hang: llmtest.Never}))
	ctx, stop := context.WithCancel(t.Context())
	in := potteryInput()
	asked := 0
	_, err := served(t, s, time.Minute).Run(ctx, in, func(context.Context, Item) error {
		if asked++; asked == 1 {
			stop()
		}
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
}
