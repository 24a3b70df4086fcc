package stride

import (
	"strings"
	"time"
)

// InScope says whether a project counts in coverage. Only "true" counts; it is
// "unknown" until somebody triages the project.
type InScope string

const (
	InScopeUnknown InScope = "unknown"
	InScopeTrue    InScope = "true"
	InScopeFalse   InScope = "false"
)

// Valid reports whether s is a known value.
func (s InScope) Valid() bool {
	return s == InScopeUnknown || s == InScopeTrue || s == InScopeFalse
}

// Criticality is how much the organisation depends on a project. It raises the
// impact of what is drafted for it.
type Criticality string

const (
	CriticalityUnknown  Criticality = "unknown"
	CriticalityLow      Criticality = "low"
	CriticalityMedium   Criticality = "medium"
	CriticalityHigh     Criticality = "high"
	CriticalityCritical Criticality = "critical"
)

// Valid reports whether c is a known value.
func (c Criticality) Valid() bool {
	switch c {
	case CriticalityUnknown, CriticalityLow, CriticalityMedium, CriticalityHigh, CriticalityCritical:
		return true
	}
	return false
}

// Project is a system that somebody owns; the unit of coverage.
type Project struct {
	ID          ProjectID
	Name        string
	Owner       string
	InScope     InScope
	Criticality Criticality
	Tags        []string
	// SandboxOf is the user whose sandbox this is, "" for a real project. A
	// sandbox is never counted.
	SandboxOf  UserID
	Revision   int64
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ArchivedAt *time.Time
	// Stale says per scope why its signed-off version no longer holds, as of the
	// moment at which the project was answered; empty while all do.
	Stale []string
}

// ProjectKey folds a name so that two projects cannot differ in case or outer
// space alone. It is what uniqueness is held on.
func ProjectKey(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(name), " "))
}

// DefaultScope is the scope of a threat model that names none.
const DefaultScope = "main"

// ThreatModel is one version of one scope of a project.
type ThreatModel struct {
	ID        ModelID
	ProjectID ProjectID
	Scope     string
	// Number counts the versions of the scope from 1.
	Number int
	State  ModelState
	// ContentHash is the SHA-256 over the sources, in hexadecimal.
	ContentHash  string
	Architecture Architecture
	Sources      []Source
	// Notes say what the parsers did not understand.
	Notes       []string
	AuthorID    UserID
	AssigneeID  UserID
	Revision    int64
	CreatedAt   time.Time
	SubmittedAt *time.Time
	CompletedAt *time.Time
	CompletedBy UserID
	// ExtendedBy is the draft that added what a language model found to the
	// Architecture, "" while none has: it happens once.
	ExtendedBy DraftID
	// Stale says why a completed version no longer holds, as of the moment at which
	// it was answered; "" while it does, and for versions that are not completed.
	Stale string
}

// DrafterOffline names the drafter that needs no model provider.
const DrafterOffline = "offline"

// Open reports whether the version may still change: drafts, answers and
// reopened suggestions belong to it only then.
func (m ThreatModel) Open() bool { return m.State == ModelDraft || m.State == ModelInReview }

// Draft is one run that produces Suggestions.
type Draft struct {
	ID        DraftID
	ModelID   ModelID
	ProjectID ProjectID
	AuthorID  UserID
	Drafter   string
	// All queues the proposals that the ceiling of the design would hold back.
	All   bool
	State DraftState
	// Run counts the attempts from 1; a worker may only touch the run that it
	// claimed.
	Run int
	// FirstRun is the run from which the tries count: 1, or that of the last
	// resumption.
	FirstRun        int
	LeaseOwner      string
	LeaseUntil      *time.Time
	CancelRequested bool
	// JobID is the queue's job of this run.
	JobID    int64
	Progress Progress
	Failure  *DraftFailure
	// Outcome is set when the run has published.
	Outcome   *DraftOutcome
	CreatedAt time.Time
	StartedAt *time.Time
	EndedAt   *time.Time
}

// Progress of a run: Done of Total items; Total is 0 while it is not known.
type Progress struct {
	Stage string `json:"stage"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
}

// DraftFailure says why a run ended without publishing.
type DraftFailure struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

// DraftOutcome is what a run published beside its Suggestions.
type DraftOutcome struct {
	Suggestions int `json:"suggestions"`
	// AlreadyAccepted counts proposals that were not queued because the scope
	// has the threats already.
	AlreadyAccepted int `json:"already_accepted"`
	// HeldBack counts proposals beyond the ceiling of the design.
	HeldBack  int         `json:"held_back"`
	Mitigated []Mitigated `json:"mitigated"`
	Coverage  []Cell      `json:"coverage"`
	Notes     []string    `json:"notes"`
	// LLM is nil where rules drafted alone.
	LLM *LLMReport `json:"llm,omitempty"`
}

// DraftEvent is one line of a run's progress, numbered from 1 per draft.
type DraftEvent struct {
	Seq  int64
	Type string // "state", "item" or "group"
	Body []byte // JSON
	At   time.Time
}

// Suggestion is a proposed threat in the validation queue.
type Suggestion struct {
	ID        SuggestionID
	ProjectID ProjectID
	ModelID   ModelID
	DraftID   DraftID
	State     SuggestionState
	// Proposal is what was drafted; it never changes.
	Proposal Proposal
	// Current is Proposal with the edits of the last decision.
	Current Proposal
	// Fingerprints has one entry per target.
	Fingerprints map[Key]string
	// Scope and ModelNumber are the model's, Submitted reports whether it has left
	// its draft state.
	Scope       string
	ModelNumber int
	Submitted   bool
	MergedInto  SuggestionID
	ThreatID    ThreatID
	// Ask is the question to the author while the state is needs_info.
	Ask string
	// Earlier lists decisions on suggestions with the same fingerprint.
	Earlier []EarlierDecision
	// ClaimedBy works on it until ClaimedUntil; a lease that is over is none.
	ClaimedBy    UserID
	ClaimedUntil *time.Time
	// ParkedUntil is when a suggestion that was put aside comes back, nil for one
	// that was not.
	ParkedUntil *time.Time
	Revision    int64
	CreatedAt   time.Time
	DecidedAt   *time.Time
	DecidedBy   UserID
}

// HeldBy returns who holds a live claim at the moment, "" for nobody.
func (s Suggestion) HeldBy(now time.Time) UserID {
	if s.ClaimedUntil == nil || !now.Before(*s.ClaimedUntil) {
		return ""
	}
	return s.ClaimedBy
}

// Parked reports whether the suggestion is put aside at the moment.
func (s Suggestion) Parked(now time.Time) bool {
	return s.ParkedUntil != nil && now.Before(*s.ParkedUntil)
}

// Priority orders the queue: risk first, then confidence. It is taken from the
// proposal, so that paging is stable while reviewers edit.
func (p Proposal) Priority() int64 {
	return int64(p.Likelihood*p.Impact*10 + p.Confidence.Rank())
}

// EarlierDecision is a decision that was made on the same attack and target.
type EarlierDecision struct {
	SuggestionID SuggestionID `json:"suggestion_id"`
	Decision     DecisionKind `json:"decision"`
	Reason       RejectReason `json:"reason,omitempty"`
	Text         string       `json:"text,omitempty"`
	ActorID      UserID       `json:"actor_id"`
	At           time.Time    `json:"at"`
}

// DecisionKind is what a person does with a Suggestion.
type DecisionKind string

const (
	DecisionAccept    DecisionKind = "accept"
	DecisionReject    DecisionKind = "reject"
	DecisionMerge     DecisionKind = "merge"
	DecisionNeedsInfo DecisionKind = "needs_info"
	// DecisionSupersede is recorded where an Answer settled the suggestion.
	DecisionSupersede DecisionKind = "supersede"
	// DecisionReopen returns a rejected or superseded suggestion to the queue.
	DecisionReopen DecisionKind = "reopen"
	// DecisionPark puts a suggestion aside until a moment.
	DecisionPark DecisionKind = "park"
	// DecisionAnswer is the author's answer to what a reviewer asked.
	DecisionAnswer DecisionKind = "answer"
	// DecisionUndo takes the decision before it back.
	DecisionUndo DecisionKind = "undo"
)

// RejectReason is why a reviewer refused a suggestion.
type RejectReason string

const (
	ReasonNotApplicable       RejectReason = "not_applicable"
	ReasonAlreadyMitigated    RejectReason = "already_mitigated"
	ReasonOutOfScope          RejectReason = "out_of_scope"
	ReasonDuplicate           RejectReason = "duplicate"
	ReasonTooGeneric          RejectReason = "too_generic"
	ReasonWrongCategory       RejectReason = "wrong_category"
	ReasonHallucinatedElement RejectReason = "hallucinated_element"
	ReasonFactuallyWrong      RejectReason = "factually_wrong"
	ReasonInsufficientInfo    RejectReason = "insufficient_info"
	ReasonOther               RejectReason = "other"
)

// RejectReasons returns the fixed list.
func RejectReasons() []RejectReason {
	return []RejectReason{
		ReasonNotApplicable, ReasonAlreadyMitigated, ReasonOutOfScope, ReasonDuplicate, ReasonTooGeneric, ReasonWrongCategory,
		ReasonHallucinatedElement, ReasonFactuallyWrong, ReasonInsufficientInfo, ReasonOther,
	}
}

// Valid reports whether r stands in the list.
func (r RejectReason) Valid() bool {
	for _, known := range RejectReasons() {
		if r == known {
			return true
		}
	}
	return false
}

// Decision is one append-only event on a Suggestion.
type Decision struct {
	ID           DecisionID
	SuggestionID SuggestionID
	Kind         DecisionKind
	Reason       RejectReason
	Text         string
	// Diff is the edit against the proposal, empty where nothing was edited.
	Diff    []Change
	Into    SuggestionID
	ActorID UserID
	At      time.Time
	// Until ends a parking.
	Until *time.Time
	// Before is what an undo restores, nil where there is nothing to.
	Before *Before
	// Undone reports whether the decision was taken back: it then counts nowhere.
	Undone bool
}

// Before is a suggestion as it was before a decision.
type Before struct {
	State       SuggestionState `json:"state"`
	Ask         string          `json:"ask,omitempty"`
	MergedInto  SuggestionID    `json:"merged_into,omitempty"`
	ParkedUntil *time.Time      `json:"parked_until,omitempty"`
	DecidedAt   *time.Time      `json:"decided_at,omitempty"`
	DecidedBy   UserID          `json:"decided_by,omitempty"`
	// Current and Fingerprints are there where the decision edited them.
	Current      *Proposal      `json:"current,omitempty"`
	Fingerprints map[Key]string `json:"fingerprints,omitempty"`
	// Moved were merged into the suggestion and moved along when it was merged.
	Moved []SuggestionID `json:"moved,omitempty"`
}

// Change is one edited field with its JSON values.
type Change struct {
	Field string `json:"field"`
	From  any    `json:"from"`
	To    any    `json:"to"`
}

// SavedView is a query of the queue that a user keeps under a name.
type SavedView struct {
	ID     ViewID
	UserID UserID
	Name   string
	// Query is what stands behind the question mark of the list's address.
	Query     string
	CreatedAt time.Time
}

// ThreatOrigin says where a threat came from.
type ThreatOrigin string

const (
	OriginSuggestion ThreatOrigin = "suggestion"
	OriginHuman      ThreatOrigin = "human"
)

// Threat is an accepted Suggestion, or one that a human added. It belongs to
// the project and outlives the version that it was first seen in.
type Threat struct {
	ID           ThreatID
	ProjectID    ProjectID
	SuggestionID SuggestionID // "" where a human added it
	Origin       ThreatOrigin
	// Content is the accepted proposal; edits change it.
	Content Proposal
	State   ThreatState
	// StateReason is why the threat is in its state, from the last move.
	StateReason string
	Owner       string
	// Party is who took a transferred threat; ExpiresAt ends a risk_accepted.
	Party       string
	ExpiresAt   *time.Time
	AcceptedAt  time.Time
	AcceptedBy  UserID
	MitigatedBy UserID
	ResolvedAt  *time.Time
	ReopenCount int
	References  []Reference
	// Mitigations are those linked to it, oldest first.
	Mitigations []ThreatMitigation
	// Ageing is as of the moment at which the threat was answered.
	Ageing     Ageing
	FirstModel ModelID
	LastModel  ModelID
	Revision   int64
	UpdatedAt  time.Time
}

// Reference is a threat's record in another system.
type Reference struct {
	System         string     `json:"system"`
	Key            string     `json:"key"`
	URL            string     `json:"url"`
	AcknowledgedAt *time.Time `json:"acknowledged_at"`
}

// StoredQuestion is a Question of a draft with its answer, if any.
type StoredQuestion struct {
	ID      QuestionID
	ModelID ModelID
	DraftID DraftID
	Rank    int
	Text    string
	Control ControlName
	Targets []Key
	// Suggestions that an answer would settle.
	Suggestions []SuggestionID
	Answer      *StoredAnswer
}

// ApplyTo says how far an answer reaches.
type ApplyTo string

const (
	ApplyToElement ApplyTo = "element"
	ApplyToZone    ApplyTo = "zone"
	ApplyToModel   ApplyTo = "model"
)

// Valid reports whether a is a known reach.
func (a ApplyTo) Valid() bool {
	return a == ApplyToElement || a == ApplyToZone || a == ApplyToModel
}

// StoredAnswer is an Answer as a person gave it to a question.
type StoredAnswer struct {
	ID         AnswerID
	ModelID    ModelID
	QuestionID QuestionID
	ApplyTo    ApplyTo
	Answer     Answer
	ActorID    UserID
	At         time.Time
}
