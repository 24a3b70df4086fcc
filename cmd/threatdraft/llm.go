package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/config"
	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/llm"
	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

type llmCommand struct {
	Check llmCheckCommand `cmd:"" help:"Make one tiny call to each configured provider and say what works."`
}

type llmCheckCommand struct{}

// Run prints one line per part of the check and fails where one fails.
func (c *llmCheckCommand) Run(ctx context.Context, p program) error {
	cfg, err := config.LoadLLM(p.environ)
	if err != nil {
		return usageError{err}
	}
	client, err := p.openLLM(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return usageError{err}
	}
	if client == nil {
		return usageError{errors.New("THREATDRAFT_LLM_PROVIDER is not set; drafts are made by rules")}
	}
	failed := 0
	for _, f := range client.Check(ctx) {
		if f.Result == llm.Failed {
			failed++
		}
		if _, err := fmt.Fprintf(p.stdout, "%-8s %-13s %s %s: %s\n", f.Result, f.Check, f.Provider, f.Model, f.Message); err != nil {
			return fmt.Errorf("write the check: %w", err)
		}
	}
	if failed > 0 {
		return errors.New("the provider is not ready")
	}
	return nil
}

// openLLM makes the client that the settings ask for, nil for none.
func (p program) openLLM(cfg config.LLM, log *slog.Logger) (*llm.Client, error) {
	prices, err := readPrices(cfg.LLMPricesFile)
	if err != nil {
		return nil, err
	}
	settings := llm.Config{
		Provider: cfg.LLMProvider, Model: cfg.LLMModel, BaseURL: cfg.LLMBaseURL, APIKey: llm.Key(cfg.LLMAPIKey), Organisation: cfg.LLMOrganisation,
		Headers: cfg.LLMHeaders, APIVersion: cfg.LLMAPIVersion, Folder: cfg.LLMFolder, Context: cfg.LLMContext, Prices: prices,
		Concurrency: cfg.LLMConcurrency, Timeout: cfg.LLMTimeout,
	}
	if cfg.LLMFallback != "" {
		if settings.Fallback, err = settings.FallbackOf(cfg.LLMFallback, cfg.LLMFallbackBaseURL, llm.Key(cfg.LLMFallbackAPIKey)); err != nil {
			return nil, byVariable(err)
		}
	}
	client, err := llm.Open(settings, llm.Deps{Now: p.now, Rand: rand.Float64, Logger: log})
	if err != nil {
		return nil, byVariable(err)
	}
	return client, nil
}

// byVariable names a setting of llm's that is wrong as the operator knows it.
func byVariable(err error) error {
	var wrong *stride.Error
	if !errors.As(err, &wrong) || len(wrong.Fields) == 0 {
		return fmt.Errorf("THREATDRAFT_LLM_*: %w", err)
	}
	field := wrong.Fields[0]
	return stride.Errorf(wrong.Kind, "%s %s", config.LLMVariable(field.Field), field.Message)
}

func readPrices(path string) (llm.Prices, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("THREATDRAFT_LLM_PRICES_FILE: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	prices, err := llm.ReadPrices(f)
	if err != nil {
		return nil, fmt.Errorf("THREATDRAFT_LLM_PRICES_FILE: %w", err)
	}
	return prices, nil
}

// drafting is what the settings ask to draft with; client is nil where rules draft
// alone.
type drafting struct {
	pipeline *draft.Pipeline
	client   *llm.Client
}

func (p program) drafting(cfg config.LLM, log *slog.Logger) (drafting, error) {
	client, err := p.openLLM(cfg, log)
	if err != nil || client == nil {
		return drafting{pipeline: draft.New()}, err
	}
	if err := priced(cfg, client); err != nil {
		return drafting{}, err
	}
	set, err := prompts.Load(cfg.PromptsDir)
	if err != nil {
		return drafting{}, fmt.Errorf("THREATDRAFT_PROMPTS_DIR: %w", err)
	}
	return drafting{draft.NewHybrid(draft.Model{Asker: client, Prompts: set}), client}, nil
}

// providers is the client as the use cases know it, nil for none.
func (d drafting) providers() analysis.LLM {
	if d.client == nil {
		return nil
	}
	return providers{d.client}
}

// providers adapts the client of the language models.
type providers struct{ client *llm.Client }

// Providers implements analysis.LLM.
func (p providers) Providers() []analysis.Provider {
	var out []analysis.Provider
	for _, d := range p.client.Describe() {
		out = append(out, analysis.Provider{
			Name: d.Provider, Model: d.Model, Address: d.Address, Mode: string(d.Mode), Context: d.Context, StreamsUsage: d.StreamsUsage,
			Fallback: d.Fallback, Priced: d.Priced, Resting: d.Resting,
		})
	}
	return out
}

// Check implements analysis.LLM.
func (p providers) Check(ctx context.Context) []analysis.ProviderFinding {
	var out []analysis.ProviderFinding
	for _, f := range p.client.Check(ctx) {
		out = append(out, analysis.ProviderFinding{Provider: f.Provider, Model: f.Model, Check: f.Check, Result: string(f.Result), Message: f.Message})
	}
	return out
}

// priced refuses a budget that nothing can be counted against.
func priced(cfg config.LLM, client *llm.Client) error {
	if cfg.LLMBudgetUSD+cfg.LLMProjectBudgetUSD+cfg.LLMMonthBudgetUSD == 0 {
		return nil
	}
	for _, d := range client.Describe() {
		if !d.Priced {
			return fmt.Errorf("a budget is set, but nobody says what %s of %s costs: name its price in THREATDRAFT_LLM_PRICES_FILE", d.Model, d.Provider)
		}
	}
	return nil
}

const microUSD = 1e6

// micro is an amount of USD in micro-USD.
func micro(usd float64) int64 { return int64(math.Round(usd * microUSD)) }

// spending is the ledger of one draft on the command line: it keeps to the budget
// and adds up.
type spending struct {
	limit int64 // micro-USD, 0 for none

	mu      sync.Mutex
	entries []expense
	// changed is closed when an attempt has ended.
	changed chan struct{}
}

// expense is what an attempt cost, or may cost at most while it is under way.
type expense struct {
	microUSD int64
	ended    bool
}

func newSpending(limitUSD float64) *spending {
	return &spending{limit: micro(limitUSD), changed: make(chan struct{})}
}

// Enter refuses a call that takes the draft over its budget. One that may do so only
// because of what others under way may cost waits for them.
func (s *spending) Enter(ctx context.Context, planned llm.Attempt) (string, error) {
	for {
		entry, changed, err := s.enter(planned.CostMicroUSD)
		if err != nil || changed == nil {
			return entry, err
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("wait for the budget: %w", ctx.Err())
		case <-changed:
		}
	}
}

// enter returns an entry, or what to wait for.
func (s *spending) enter(cost int64) (entry string, changed <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ended, underWay int64
	for _, e := range s.entries {
		if e.ended {
			ended += e.microUSD
		} else {
			underWay += e.microUSD
		}
	}
	switch {
	case s.limit > 0 && ended+cost > s.limit:
		return "", nil, &llm.Failure{Kind: llm.BudgetExceeded, Message: fmt.Sprintf("the budget of %.2f USD for a draft is used up", float64(s.limit)/microUSD)}
	case s.limit > 0 && ended+underWay+cost > s.limit:
		return "", s.changed, nil
	}
	s.entries = append(s.entries, expense{microUSD: cost})
	return strconv.Itoa(len(s.entries) - 1), nil, nil
}

// Record puts the cost in the place of what was planned.
func (s *spending) Record(_ context.Context, entry string, a llm.Attempt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := strconv.Atoi(entry)
	if err != nil || i < 0 || i >= len(s.entries) {
		return fmt.Errorf("the ledger has no entry %q", entry)
	}
	s.entries[i] = expense{a.CostMicroUSD, true}
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}
