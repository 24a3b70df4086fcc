package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type callWire struct {
	ID            stride.LLMCallID  `json:"id"`
	Run           int               `json:"run"`
	Task          string            `json:"task"`
	PromptVersion string            `json:"prompt_version"`
	PromptHash    string            `json:"prompt_hash"`
	Provider      string            `json:"provider"`
	Model         string            `json:"model"`
	Attempt       int               `json:"attempt"`
	TokensIn      int               `json:"tokens_in"`
	TokensCached  int               `json:"tokens_cached"`
	TokensOut     int               `json:"tokens_out"`
	Estimated     bool              `json:"estimated"`
	CostMicroUSD  *int64            `json:"cost_micro_usd"`
	FirstTokenMS  *int64            `json:"first_token_ms"`
	TotalMS       int64             `json:"total_ms"`
	Finish        string            `json:"finish"`
	Failure       stride.LLMFailure `json:"failure"`
	StartedAt     time.Time         `json:"started_at"`
	EndedAt       *time.Time        `json:"ended_at"`
}

func callOut(c stride.LLMCall) callWire {
	out := callWire{
		ID: c.ID, Run: c.Run, Task: c.Task, PromptVersion: c.PromptVersion, PromptHash: c.PromptHash, Provider: c.Provider, Model: c.Model,
		Attempt: c.Attempt, TokensIn: c.TokensIn, TokensCached: c.TokensCached, TokensOut: c.TokensOut, Estimated: c.Estimated,
		TotalMS: c.Total.Milliseconds(), Finish: c.Finish, Failure: c.Failure, StartedAt: c.StartedAt.UTC(), EndedAt: timeOf(c.EndedAt),
	}
	if c.Priced {
		out.CostMicroUSD = &c.CostMicroUSD
	}
	if c.FirstToken > 0 {
		ms := c.FirstToken.Milliseconds()
		out.FirstTokenMS = &ms
	}
	return out
}

// callList is a page of calls with the sums over all pages.
type callList struct {
	list[callWire]
	Total stride.LLMUsage `json:"total"`
}

func (s *server) listDraftCalls(c *gin.Context) error {
	q := readQuery(c, "limit", "cursor")
	page := q.page()
	if err := q.err(); err != nil {
		return err
	}
	found, total, err := s.Drafts.Calls(c.Request.Context(), actor(c), draftID(c), page)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: callList{listOf(found, q.filter(), callOut), total}})
}

func (s *server) resumeDraft(c *gin.Context) error {
	wait, err := preferWait(c)
	if err != nil {
		return err
	}
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	d, replayed, err := once(c, body, func(call analysis.Call) (stride.Draft, error) {
		return s.Drafts.Resume(c.Request.Context(), call, draftID(c))
	}, draftReply)
	if err != nil || replayed {
		return err
	}
	return s.answerDraft(c, d, wait)
}

type providerWire struct {
	Provider     string    `json:"provider"`
	Model        string    `json:"model"`
	Address      string    `json:"address"`
	Mode         string    `json:"mode"`
	Context      int       `json:"context"`
	StreamsUsage bool      `json:"streams_usage"`
	Fallback     bool      `json:"fallback"`
	Priced       bool      `json:"priced"`
	Resting      bool      `json:"resting"`
	LastCall     *lastCall `json:"last_call"`
}

// lastCall is what is told of a call outside of its project.
type lastCall struct {
	At           time.Time         `json:"at"`
	Failure      stride.LLMFailure `json:"failure"`
	FirstTokenMS int64             `json:"first_token_ms"`
	TotalMS      int64             `json:"total_ms"`
}

func providerOut(p analysis.Provider) providerWire {
	out := providerWire{
		Provider: p.Name, Model: p.Model, Address: p.Address, Mode: p.Mode, Context: p.Context, StreamsUsage: p.StreamsUsage,
		Fallback: p.Fallback, Priced: p.Priced, Resting: p.Resting,
	}
	if c := p.LastCall; c != nil {
		out.LastCall = &lastCall{At: c.StartedAt.UTC(), Failure: c.Failure, FirstTokenMS: c.FirstToken.Milliseconds(), TotalMS: c.Total.Milliseconds()}
	}
	return out
}

func (s *server) listProviders(c *gin.Context) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	found, err := s.Providers.List(c.Request.Context())
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(analysis.Listing[analysis.Provider]{Items: found}, "", providerOut)})
}

type findingWire struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Check    string `json:"check"`
	Result   string `json:"result"`
	Message  string `json:"message"`
}

func (s *server) checkProviders(c *gin.Context) error {
	if _, err := s.readOptionalJSON(c, &struct{}{}); err != nil {
		return err
	}
	found, err := s.Providers.Check(c.Request.Context(), actor(c))
	if err != nil {
		return err
	}
	body := listOf(analysis.Listing[analysis.ProviderFinding]{Items: found}, "", func(f analysis.ProviderFinding) findingWire { return findingWire(f) })
	return s.write(c, reply{status: http.StatusOK, body: body})
}
