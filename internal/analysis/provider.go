package analysis

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Provider is a language model that drafts may be made with. It holds no secret.
type Provider struct {
	Name    string
	Model   string
	Address string
	// Mode is how answers are held to a schema: json_schema, json_object or text.
	Mode string
	// Context is the context size in tokens that questions keep to.
	Context      int
	StreamsUsage bool
	// Fallback providers are asked where the one before has failed.
	Fallback bool
	// Priced says whether calls can be counted against a budget.
	Priced bool
	// Resting says that it failed so often that it is left alone for a while.
	Resting bool
	// LastCall is the newest call that ended, nil where there was none.
	LastCall *stride.LLMCall
}

// ProviderFinding is one part of a check, in words that a user can act on.
type ProviderFinding struct {
	Provider, Model string
	// Check is reachability, auth, model, json_schema, streaming or latency; Result
	// is ok, failed or skipped.
	Check, Result, Message string
}

// LLM is what Providers needs of the client of the language models.
type LLM interface {
	Providers() []Provider
	// Check makes one tiny call to each.
	Check(ctx context.Context) []ProviderFinding
}

// ProviderStore is what Providers needs of storage.
type ProviderStore interface {
	// LastCall returns the newest call to a provider's model that ended; ok is false
	// where there was none.
	LastCall(ctx context.Context, provider, model string) (c stride.LLMCall, ok bool, err error)
}

// Providers shows which language models draft along.
type Providers struct {
	Store ProviderStore
	// LLM is nil where rules draft alone.
	LLM LLM
}

// List returns the providers in the order in which they are asked; none where rules
// draft alone.
func (s *Providers) List(ctx context.Context) ([]Provider, error) {
	if s.LLM == nil {
		return []Provider{}, nil
	}
	all := s.LLM.Providers()
	for i := range all {
		c, ok, err := s.Store.LastCall(ctx, all[i].Name, all[i].Model)
		if err != nil {
			return nil, fmt.Errorf("find the last call: %w", err)
		}
		if ok {
			all[i].LastCall = &c
		}
	}
	return all, nil
}

// Check makes one tiny call to each provider, which costs a little, and says what
// works. Forbidden for all but admins of every project.
func (s *Providers) Check(ctx context.Context, actor stride.Actor) ([]ProviderFinding, error) {
	if !actor.Global().AtLeast(stride.RoleAdmin) {
		return nil, stride.Errorf(stride.Forbidden, "asking the language models wants the role admin in all projects")
	}
	if s.LLM == nil {
		return []ProviderFinding{}, nil
	}
	return s.LLM.Check(ctx), nil
}
