package stride

import "slices"

// ModelState is the state of a ThreatModel.
//
//	draft -> in_review -> completed -> superseded
//	            |
//	            +-> draft
type ModelState string

const (
	ModelDraft      ModelState = "draft"
	ModelInReview   ModelState = "in_review"
	ModelCompleted  ModelState = "completed"
	ModelSuperseded ModelState = "superseded"
)

var modelMoves = map[ModelState][]ModelState{
	ModelDraft:     {ModelInReview},
	ModelInReview:  {ModelCompleted, ModelDraft},
	ModelCompleted: {ModelSuperseded},
}

// CanMove reports whether the table allows s -> to.
func (s ModelState) CanMove(to ModelState) bool { return slices.Contains(modelMoves[s], to) }

// DraftState is the state of one run.
//
//	queued -> running -> succeeded | partial | failed | canceled
//	queued -> failed | canceled
//	partial | failed -> queued (resume)
type DraftState string

const (
	DraftQueued    DraftState = "queued"
	DraftRunning   DraftState = "running"
	DraftSucceeded DraftState = "succeeded"
	DraftPartial   DraftState = "partial"
	DraftFailed    DraftState = "failed"
	DraftCanceled  DraftState = "canceled"
)

// Ended reports whether the run is over.
func (s DraftState) Ended() bool {
	return s != DraftQueued && s != DraftRunning
}

// SuggestionState is the state of a Suggestion in the queue.
//
//	pending -> accepted | rejected | merged | needs_info | superseded | awaiting_second
//	needs_info -> pending | accepted | rejected | merged | superseded
//	awaiting_second -> pending | accepted | rejected
//	rejected -> pending (reconsider), accepted -> pending (undo)
//	superseded -> pending (a reviewer reopens it)
type SuggestionState string

const (
	SuggestionPending        SuggestionState = "pending"
	SuggestionAccepted       SuggestionState = "accepted"
	SuggestionRejected       SuggestionState = "rejected"
	SuggestionMerged         SuggestionState = "merged"
	SuggestionNeedsInfo      SuggestionState = "needs_info"
	SuggestionSuperseded     SuggestionState = "superseded"
	SuggestionAwaitingSecond SuggestionState = "awaiting_second"
)

// SuggestionStates returns every state.
func SuggestionStates() []SuggestionState {
	return []SuggestionState{
		SuggestionPending, SuggestionAccepted, SuggestionRejected, SuggestionMerged,
		SuggestionNeedsInfo, SuggestionSuperseded, SuggestionAwaitingSecond,
	}
}

var suggestionMoves = map[SuggestionState][]SuggestionState{
	SuggestionPending: {
		SuggestionAccepted, SuggestionRejected, SuggestionMerged, SuggestionNeedsInfo,
		SuggestionSuperseded, SuggestionAwaitingSecond,
	},
	SuggestionNeedsInfo: {
		SuggestionPending, SuggestionAccepted, SuggestionRejected, SuggestionMerged, SuggestionSuperseded,
	},
	SuggestionAwaitingSecond: {SuggestionPending, SuggestionAccepted, SuggestionRejected},
	SuggestionRejected:       {SuggestionPending},
	SuggestionAccepted:       {SuggestionPending},
	SuggestionSuperseded:     {SuggestionPending},
}

// CanMove reports whether the table allows s -> to.
func (s SuggestionState) CanMove(to SuggestionState) bool {
	return slices.Contains(suggestionMoves[s], to)
}

// Valid reports whether s is a known state.
func (s SuggestionState) Valid() bool { return slices.Contains(SuggestionStates(), s) }

// Decided reports whether a person, or an answer, has settled it.
func (s SuggestionState) Decided() bool {
	return s == SuggestionAccepted || s == SuggestionRejected || s == SuggestionMerged || s == SuggestionSuperseded
}

// ThreatState is the state of an accepted threat.
//
//	open -> in_progress -> mitigated -> resolved
//	mitigated -> in_progress                        (verification failed)
//	open | in_progress -> risk_accepted | transferred | invalid
//	resolved | risk_accepted | transferred | invalid -> open   (reopened)
type ThreatState string

const (
	ThreatOpen         ThreatState = "open"
	ThreatInProgress   ThreatState = "in_progress"
	ThreatMitigated    ThreatState = "mitigated"
	ThreatResolved     ThreatState = "resolved"
	ThreatRiskAccepted ThreatState = "risk_accepted"
	ThreatTransferred  ThreatState = "transferred"
	ThreatInvalid      ThreatState = "invalid"
)

// ThreatStates returns every state.
func ThreatStates() []ThreatState {
	return []ThreatState{
		ThreatOpen, ThreatInProgress, ThreatMitigated, ThreatResolved,
		ThreatRiskAccepted, ThreatTransferred, ThreatInvalid,
	}
}

var threatMoves = map[ThreatState][]ThreatState{
	ThreatOpen:         {ThreatInProgress, ThreatRiskAccepted, ThreatTransferred, ThreatInvalid},
	ThreatInProgress:   {ThreatMitigated, ThreatRiskAccepted, ThreatTransferred, ThreatInvalid},
	ThreatMitigated:    {ThreatResolved, ThreatInProgress},
	ThreatResolved:     {ThreatOpen},
	ThreatRiskAccepted: {ThreatOpen},
	ThreatTransferred:  {ThreatOpen},
	ThreatInvalid:      {ThreatOpen},
}

// Valid reports whether s is a known state.
func (s ThreatState) Valid() bool { return slices.Contains(ThreatStates(), s) }

// CanMove reports whether the table allows s -> to.
func (s ThreatState) CanMove(to ThreatState) bool { return slices.Contains(threatMoves[s], to) }

// Moves returns the states that s may move to, for messages and for pages.
func (s ThreatState) Moves() []ThreatState { return slices.Clone(threatMoves[s]) }

// Closed reports whether the threat counts as closed: resolved, risk_accepted
// or transferred. Mitigated is claimed, not verified, and counts as open;
// invalid counts as neither.
func (s ThreatState) Closed() bool {
	return s == ThreatResolved || s == ThreatRiskAccepted || s == ThreatTransferred
}

// Open reports whether the threat counts as open.
func (s ThreatState) Open() bool {
	return s == ThreatOpen || s == ThreatInProgress || s == ThreatMitigated
}
