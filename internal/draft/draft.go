// Package draft is the pipeline that makes a draft of threats from a
// description: extract, propose, verify, merge, score.
//
// It exists so that the server, the command line and the tests draft in exactly
// one way. It stores nothing, knows no users and no database, and gives equal
// bytes for equal input; whatever it cannot check is labelled, never dropped.
//
// The seams are Extract, which calls the formats; the rules, which propose; and
// emit, by which the caller hears of each verified proposal in order.
package draft

import (
	"context"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/formats"
	"github.com/threatdraft/threatdraft/internal/rules"
	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// Input is what a draft is made from.
type Input struct {
	// ProjectID enters the fingerprints of stored suggestions; the command line
	// has none.
	ProjectID stride.ProjectID
	// Criticality of the project: low, medium, high, critical, or "".
	Criticality string
	Sources     []stride.Source
	// Architecture replaces what would be extracted from the sources, for
	// example because the author corrected it.
	Architecture *stride.Architecture
	Answers      []stride.Answer
	// All returns the proposals beyond the ceiling too.
	All bool
	// MaxQuestions is how many questions to ask at most; 0 means
	// stride.DefaultQuestions.
	MaxQuestions int

	// Rules drafts by rules alone although the pipeline has a model.
	Rules bool
	// Complete has the model add the parts that the extractor missed.
	Complete bool
	// Ledger is asked before each call to the model and told of it after; nil for
	// none.
	Ledger Ledger
	// AskFor bounds how long models are asked, 0 for no bound: what has no answer by
	// then is missing from the draft.
	AskFor time.Duration
	// Accepted and Rejected are examples of what reviewers decided before, each one
	// line, newest first.
	Accepted, Rejected []string
	// Finished holds the questions that earlier runs of the draft finished, by key:
	// these are not asked again.
	Finished map[string]Finished
	// Done is told of each question that has ended, and how many of the questions
	// planned so far have; nil for nobody.
	Done func(ctx context.Context, c Checkpoint, done, planned int) error
}

// Item is one verified proposal. Key is stable within the draft: the proposal's
// id.
type Item struct {
	Key      string
	Proposal stride.Proposal
	// Of is how many items the draft will have, 0 while that is not known.
	Of int
	// Group is the key of the group of elements in whose answer a model gave the
	// item, "" where a rule did.
	Group string
}

// Output is a whole draft. Its slices are never nil.
type Output struct {
	Architecture stride.Architecture `json:"architecture"`
	// Threats stand in the order of priority.
	Threats   []stride.Proposal  `json:"threats"`
	Mitigated []stride.Mitigated `json:"mitigated"`
	Coverage  []stride.Cell      `json:"coverage"`
	Questions []stride.Question  `json:"questions"`
	// HeldBack counts the proposals beyond the ceiling.
	HeldBack int `json:"held_back"`
	// Notes say what was not understood, and general advice that is no threat.
	Notes []string `json:"notes"`
	// LLM says what a model had to do with it; nil where rules drafted alone.
	LLM *stride.LLMReport `json:"llm,omitempty"`
	// Found is what a model added to Architecture.
	Found stride.Addition `json:"-"`
	// Removed are the ids of proposals that the model took back, which an earlier run
	// may have published.
	Removed []string `json:"-"`

	notApplicable []stride.Cell
}

// Extract reads the sources into a connected Architecture, with notes on what
// was not understood. Returns Invalid or TooLarge for content that nobody can
// read, and NoComponents where it names no part of a system.
func Extract(sources []stride.Source) (stride.Architecture, []string, error) {
	a, notes, err := formats.Parse(sources)
	if err != nil {
		return stride.Architecture{}, nil, fmt.Errorf("extract the architecture: %w", err)
	}
	a.Connect()
	if notes == nil {
		notes = []string{}
	}
	return a, notes, nil
}

// Pipeline drafts. It holds no state between runs and may be shared.
type Pipeline struct{ model *Model }

// New makes a Pipeline that drafts by rules.
func New() *Pipeline { return &Pipeline{} }

// NewHybrid makes a Pipeline that drafts by rules and has the model add to it.
func NewHybrid(m Model) *Pipeline { return &Pipeline{model: &m} }

// Hybrid reports whether the pipeline has a model.
func (p *Pipeline) Hybrid() bool { return p.model != nil }

// Run drafts in and calls emit once per verified proposal, in the order of
// priority; an error of emit, or the end of ctx, stops the run and is returned
// wrapped. A nil emit is allowed.
func (p *Pipeline) Run(ctx context.Context, in Input, emit func(context.Context, Item) error) (Output, error) {
	out := Output{Notes: []string{}}
	if err := ctx.Err(); err != nil {
		return Output{}, fmt.Errorf("draft: %w", err)
	}
	var secrets []string
	in.Sources, secrets = Mask(in.Sources)
	if in.Architecture != nil {
		out.Architecture = in.Architecture.Clone()
		if before := in.Finished[prompts.Extract]; before.Found != nil {
			out.Architecture = out.Architecture.Without(*before.Found) // grow brings it back, in its place
		}
		out.Architecture.Connect()
	} else {
		a, notes, err := Extract(in.Sources)
		if err != nil {
			return Output{}, err
		}
		out.Architecture, out.Notes = a, notes
	}
	out.Notes = append(out.Notes, secrets...)
	answer(&out.Architecture, in.Answers)

	drafted := rules.Propose(&out.Architecture, rules.Options{
		Criticality: in.Criticality, All: in.All, MaxQuestions: in.MaxQuestions,
	})
	v := newVerifier(&out.Architecture, in.Sources)
	out.Threats = v.proposals(drafted.Proposals)
	out.Mitigated = v.mitigated(drafted.Mitigated)
	out.Questions = drafted.Questions
	out.HeldBack = drafted.HeldBack
	out.Notes = append(out.Notes, drafted.Notes...)
	out.notApplicable = drafted.NotApplicable

	for _, t := range out.Threats {
		if err := ctx.Err(); err != nil {
			return Output{}, fmt.Errorf("draft: %w", err)
		}
		if emit == nil {
			continue
		}
		if err := emit(ctx, Item{Key: t.ID, Proposal: t, Of: len(out.Threats)}); err != nil {
			return Output{}, fmt.Errorf("emit proposal %s: %w", t.ID, err)
		}
	}
	if p.model != nil && !in.Rules {
		if err := p.hybridize(ctx, in, &out, emit); err != nil {
			return Output{}, err
		}
	}
	out.Coverage = coverage(&out.Architecture, out.Threats, out.Mitigated, out.notApplicable)
	return out, nil
}
