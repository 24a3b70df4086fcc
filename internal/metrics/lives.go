package metrics

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Lives is the whole history of one project, in the form in which it is counted:
// what each thing is, and when it came into which state. Moments are
// microseconds since 1970, UTC.
type Lives struct {
	Project ProjectLife
	// Kinds is what suggestions and threats point at; it may have equal entries.
	Kinds       []Kind
	Suggestions []SuggestionLife
	Threats     []ThreatLife
	Models      []ModelLife
	Drafts      []DraftLife
}

// ProjectLife is a project that is no sandbox. Name and tags are the present
// ones.
type ProjectLife struct {
	ID   stride.ProjectID
	Name string
	Tags []string
	// Life goes through stride.ProjectActive and ProjectArchived, Scope through
	// the values of in_scope.
	Life  []Move
	Scope []Move
}

// Move is the beginning of a state.
type Move struct {
	At    int64
	State string
}

// Kind is what suggestions and threats are grouped by: for a suggestion, its
// content as it was decided; for a threat, its present category and severity
// and what drafted the suggestion that it is from.
type Kind struct {
	Category stride.Category
	Severity stride.Severity
	Rule     string
	Model    string
	Prompt   string
}

// Step is the beginning of a state, which is a place in SuggestionCodes or in
// ThreatCodes. Reason, a place in ReasonCodes, and Edited are those of the
// decision that led to a rejected or an accepted suggestion.
type Step struct {
	At     int64
	State  uint8
	Reason uint8
	Edited bool
}

// SuggestionLife begins with the first of Steps, which is when it was created.
type SuggestionLife struct {
	ID   stride.SuggestionID
	Kind int32
	// Unverified: it rests on inference alone.
	Unverified bool
	Steps      []Step
}

// ThreatLife begins with the first of Steps, which is when it was accepted.
type ThreatLife struct {
	ID    stride.ThreatID
	Kind  int32
	Human bool // a human added it
	// Reported is when its first reference was acknowledged, 0 for never.
	Reported int64
	Steps    []Step
}

// ModelLife is a version of a scope.
type ModelLife struct {
	Scope  string
	Number int
	Moves  []Move
}

// DraftLife is a draft that succeeded, wholly or in part. A draft has no
// history: one that was resumed counts with how it ended at last.
type DraftLife struct {
	Scope  string
	Number int
	At     int64
	// Wanted counts the cells of the coverage matrix, Answered those that have a
	// threat or a reason why there is none.
	Wanted   int
	Answered int
}

// Codes numbers the values of a closed list, from 1; 0 is what is not in it.
type Codes[T ~string] []T

// SuggestionCodes are the states of suggestions.
func SuggestionCodes() Codes[stride.SuggestionState] { return stride.SuggestionStates() }

// ThreatCodes are the states of threats.
func ThreatCodes() Codes[stride.ThreatState] { return stride.ThreatStates() }

// ReasonCodes are the reasons for rejecting.
func ReasonCodes() Codes[stride.RejectReason] { return stride.RejectReasons() }

// Of returns the value's number.
func (c Codes[T]) Of(value T) uint8 {
	return uint8(slices.Index(c, value) + 1) //nolint:gosec // the lists are short
}

// Value is the reverse of Of, "" for 0 and for what is no number of a value.
func (c Codes[T]) Value(code uint8) T {
	if code == 0 || int(code) > len(c) {
		return ""
	}
	return c[code-1]
}

// at returns the step that holds at a moment, nil before the first one.
func at(steps []Step, moment int64) *Step {
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].At <= moment {
			return &steps[i]
		}
	}
	return nil
}

func stateAt(moves []Move, moment int64) string {
	for _, m := range slices.Backward(moves) {
		if m.At <= moment {
			return m.State
		}
	}
	return ""
}
