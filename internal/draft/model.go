package draft

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/llm"
	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// Asker answers questions; *llm.Client does.
type Asker interface {
	Ask(ctx context.Context, r llm.Request, sink llm.Sink, ledger llm.Ledger) (llm.Answer, error)
}

// Model is whom a hybrid draft asks, and with which prompts.
type Model struct {
	Asker   Asker
	Prompts *prompts.Set
	// Mark makes the random line around untrusted text; nil for one from
	// crypto/rand. Recorded answers are found again only under equal marks.
	Mark func() string
}

// Ledger is llm's, for callers that know drafting only.
type Ledger = llm.Ledger

// Attempt is llm's; see Ledger.
type Attempt = llm.Attempt

// OverBudget is what a Ledger answers to a call that a budget does not allow.
func OverBudget(message string) error {
	return &llm.Failure{Kind: llm.BudgetExceeded, Message: message}
}

// TaskExtract is the task of the question about parts that extraction missed.
const TaskExtract = prompts.Extract

// Checkpoint is what a finished question leaves beside its items, so that a
// repeated run need not ask it again.
type Checkpoint struct {
	Group stride.LLMGroup `json:"group"`
	// Found is what was found in the sources beside what was extracted.
	Found *stride.Addition `json:"found,omitempty"`
	// Removed are the proposals that were taken out again, by id; Measured those for
	// which measures were asked.
	Removed  []string `json:"removed,omitempty"`
	Measured []string `json:"measured,omitempty"`
	// NotApplicable are the cells that do not apply, with reasons.
	NotApplicable   []stride.Cell    `json:"not_applicable,omitempty"`
	Dropped         []stride.LLMDrop `json:"dropped,omitempty"`
	DiscardedQuotes int              `json:"discarded_quotes,omitempty"`
}

// Finished is a question that an earlier run of the draft finished.
type Finished struct {
	Checkpoint
	Items []stride.Proposal
}

// question is what a template is filled in with; each prompt uses some of it.
type question struct {
	System     string
	Elements   []described
	Flows      []described
	Neighbours string
	Candidates []candidate
	Drafted    []candidate
	Accepted   []string
	Rejected   []string
	Cells      []emptyCells
	Refused    []refusal
	Threats    []numbered
	Most       int
	Mark       string
	Excerpt    string
}

type described struct{ ID, Name, What, States string }

type candidate struct {
	ID, Letter, Title, Targets string
	// Guess says that it rests on nothing that is stated.
	Guess bool
}

type emptyCells struct{ ID, Categories string }

type refusal struct {
	Index        int
	Reason, Item string
}

type numbered struct {
	Index              int
	Statement, Targets string
}

// randomMark returns a line that no text can foresee.
func randomMark() string { return "=== " + rand.Text() + " ===" }

// render fills in the prompt of a task.
func (m *Model) render(task string, q question, enums map[string][]string) (llm.Request, error) {
	p, err := m.Prompts.Get(task)
	if err != nil {
		return llm.Request{}, fmt.Errorf("ask for %s: %w", task, err)
	}
	q.Mark = randomMark()
	if m.Mark != nil {
		q.Mark = m.Mark()
	}
	r, err := p.Render(q, enums)
	if err != nil {
		return llm.Request{}, fmt.Errorf("ask for %s: %w", task, err)
	}
	return llm.Request{
		Task: task, PromptVersion: p.Version, PromptHash: p.Hash, System: r.System, User: r.User,
		Nonce: q.Mark, Schema: llm.Schema{Name: task, JSON: r.Schema}, MaxTokens: maxAnswer,
	}, nil
}

// maxAnswer bounds an answer, in tokens.
const maxAnswer = 6000

// failed returns what a group says of an error: its kind and words for users.
func failed(err error) (llm.FailureKind, string) {
	var f *llm.Failure
	if errors.As(err, &f) {
		return f.Kind, f.Message
	}
	if errors.Is(err, context.Canceled) {
		return llm.Canceled, "the draft was stopped"
	}
	return llm.Malformed, err.Error()
}

// describe says of an element what a model needs to know.
func (c *checker) describe(e stride.Element, zones map[stride.Key]string) described {
	what := words(e.Kind)
	if len(e.Tags) > 0 {
		what += ", " + tagWords(e.Tags)
	}
	if zone := zones[e.Zone]; zone != "" {
		what += ", in " + zone
	}
	return described{ID: c.long[e.ID], Name: e.Name, What: what, States: states(e.Controls)}
}

func (c *checker) describeFlow(f stride.Flow) described {
	from, to := c.a.TargetName(f.SourceID), c.a.TargetName(f.TargetID)
	name := from + " -> " + to
	if f.Name != "" && f.Name != from+" to "+to {
		name += ": " + f.Name
	}
	if f.Protocol != "" {
		name += " over " + f.Protocol
	}
	return described{ID: c.long[f.ID], Name: name, States: states(f.Controls)}
}

// states lists the controls that the source states.
func states(controls stride.Controls) string {
	var present, absent string
	for _, name := range stride.ControlNames() {
		switch controls.State(name) {
		case stride.ControlPresent:
			present = join(present, words(name))
		case stride.ControlAbsent:
			absent = join(absent, words(name))
		}
	}
	out := ""
	if present != "" {
		out = "stated: " + present
	}
	if absent != "" {
		out = join(out, "stated to lack: "+absent)
	}
	return out
}

func join(list, word string) string {
	if list == "" {
		return word
	}
	return list + ", " + word
}

// letters are the initials of the categories.
var letters = map[stride.Category]string{
	stride.Spoofing: "S", stride.Tampering: "T", stride.Repudiation: "R",
	stride.InformationDisclosure: "I", stride.DenialOfService: "D", stride.ElevationOfPrivilege: "E",
}
