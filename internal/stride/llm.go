package stride

import (
	"slices"
	"time"
)

// DrafterHybrid names the drafter by rules and a language model.
const DrafterHybrid = "hybrid"

// LLMFailure says of which kind a failed call to a language model is; internal/llm
// lists the kinds.
type LLMFailure string

// LLMReport says what a language model added to a draft and what it did not.
type LLMReport struct {
	// Provider and Model are those of the last answer, "" where there was none.
	Provider string `json:"provider"`
	Model    string `json:"model"`
	// Groups are the questions that were asked, most of them about a few elements.
	Groups []LLMGroup `json:"groups"`
	// Dropped lists what the model wrote that could not be verified.
	Dropped []LLMDrop `json:"dropped"`
	// DiscardedQuotes counts quotes that no source has; their items stay, as
	// inferred.
	DiscardedQuotes int `json:"discarded_quotes"`
	// HeldBack counts what the model added beyond the limit of the draft.
	HeldBack int `json:"held_back"`
}

// LLMGroup is how one question to a model ended.
type LLMGroup struct {
	// Key is equal for equal questions of a draft.
	Key  string `json:"key"`
	Task string `json:"task"`
	// Elements are the names of the elements that it is about, TargetIDs their keys
	// and those of the flows; both are empty where it is about the whole.
	Elements  []string `json:"elements"`
	TargetIDs []Key    `json:"target_ids"`
	// Done is false where the answer is missing; Kind and Reason then say why.
	Done bool `json:"done"`
	// Split says that halves were asked instead, since the answer did not fit.
	Split    bool       `json:"split,omitempty"`
	Kind     LLMFailure `json:"kind,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Provider string     `json:"provider,omitempty"`
	Model    string     `json:"model,omitempty"`
}

// LLMDrop is one item of a model that was not kept, and why.
type LLMDrop struct {
	Task   string `json:"task"`
	Title  string `json:"title"`
	Reason string `json:"reason"`
}

// Missing returns the groups without an answer.
func (r *LLMReport) Missing() []LLMGroup {
	var out []LLMGroup
	if r == nil {
		return out
	}
	for _, g := range r.Groups {
		if !g.Done {
			out = append(out, g)
		}
	}
	return out
}

// Addition is what a model found in the sources beside what was extracted: each
// element and flow with a quote.
type Addition struct {
	Elements []Element `json:"elements"`
	Flows    []Flow    `json:"flows"`
}

// Empty reports whether nothing was found.
func (n Addition) Empty() bool { return len(n.Elements)+len(n.Flows) == 0 }

// Extend adds what a does not have yet, by key, and reports whether that was
// anything. Flows whose ends are not there are left out.
func (a *Architecture) Extend(n Addition) bool {
	before := len(a.Elements) + len(a.Flows)
	for _, e := range n.Elements {
		if _, ok := a.Element(e.ID); !ok {
			a.Elements = append(a.Elements, e)
		}
	}
	for _, f := range n.Flows {
		_, known := a.Flow(f.ID)
		_, source := a.Element(f.SourceID)
		_, target := a.Element(f.TargetID)
		if !known && source && target {
			a.Flows = append(a.Flows, f)
		}
	}
	a.Connect()
	return len(a.Elements)+len(a.Flows) > before
}

// Without returns a as it was before it was extended by n.
func (a Architecture) Without(n Addition) Architecture {
	out := a.Clone()
	out.Elements = slices.DeleteFunc(out.Elements, func(e Element) bool {
		return slices.ContainsFunc(n.Elements, func(x Element) bool { return x.ID == e.ID })
	})
	out.Flows = slices.DeleteFunc(out.Flows, func(f Flow) bool {
		return slices.ContainsFunc(n.Flows, func(x Flow) bool { return x.ID == f.ID })
	})
	out.Connect()
	return out
}

// LLMCall is one attempt to ask a language model: an entry of the ledger. It is
// made before the attempt, with what that may cost at most, so that a worker that
// dies leaves a trace.
type LLMCall struct {
	ID        LLMCallID
	DraftID   DraftID
	ProjectID ProjectID
	Run       int
	Task      string
	// PromptVersion and PromptHash name the prompt, as "v1" and SHA-256.
	PromptVersion string
	PromptHash    string
	Provider      string
	Model         string
	// Attempt counts from 1 within a question.
	Attempt int
	// TokensIn includes TokensCached.
	TokensIn     int
	TokensCached int
	TokensOut    int
	// Estimated says that the provider did not count the tokens.
	Estimated bool
	// CostMicroUSD is 0 where the model has no price; Priced is false then.
	CostMicroUSD int64
	Priced       bool
	// FirstToken and Total run from StartedAt; FirstToken is 0 where no token came.
	FirstToken time.Duration
	Total      time.Duration
	Finish     string
	Failure    LLMFailure // "" where it succeeded
	StartedAt  time.Time
	// EndedAt is nil while the call is under way, and for good where its worker
	// died: what it cost then is the most that it may have cost.
	EndedAt *time.Time
}

// LLMUsage adds calls up.
type LLMUsage struct {
	Calls        int   `json:"calls"`
	Failed       int   `json:"failed"`
	TokensIn     int64 `json:"tokens_in"`
	TokensCached int64 `json:"tokens_cached"`
	TokensOut    int64 `json:"tokens_out"`
	CostMicroUSD int64 `json:"cost_micro_usd"`
	// Unpriced counts calls to models whose price nobody gave; they count 0 in the
	// cost.
	Unpriced int `json:"unpriced"`
}
