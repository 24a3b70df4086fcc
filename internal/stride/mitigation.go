package stride

import (
	"slices"
	"time"
)

// MitigationStatus is where a Mitigation stands.
//
//	proposed -> planned -> in_progress -> done -> verified
//	proposed -> in_progress, in_progress -> planned
//	done | verified -> in_progress                  (it did not hold)
//	proposed | planned | in_progress -> dropped -> proposed
type MitigationStatus string

const (
	MitigationProposed   MitigationStatus = "proposed"
	MitigationPlanned    MitigationStatus = "planned"
	MitigationInProgress MitigationStatus = "in_progress"
	MitigationDone       MitigationStatus = "done"
	MitigationVerified   MitigationStatus = "verified"
	MitigationDropped    MitigationStatus = "dropped"
)

// MitigationStatuses returns every status.
func MitigationStatuses() []MitigationStatus {
	return []MitigationStatus{
		MitigationProposed, MitigationPlanned, MitigationInProgress, MitigationDone, MitigationVerified, MitigationDropped,
	}
}

var mitigationMoves = map[MitigationStatus][]MitigationStatus{
	MitigationProposed:   {MitigationPlanned, MitigationInProgress, MitigationDropped},
	MitigationPlanned:    {MitigationInProgress, MitigationDropped},
	MitigationInProgress: {MitigationDone, MitigationPlanned, MitigationDropped},
	MitigationDone:       {MitigationVerified, MitigationInProgress},
	MitigationVerified:   {MitigationInProgress},
	MitigationDropped:    {MitigationProposed},
}

// Valid reports whether s is a known status.
func (s MitigationStatus) Valid() bool { return slices.Contains(MitigationStatuses(), s) }

// CanMove reports whether the table allows s -> to.
func (s MitigationStatus) CanMove(to MitigationStatus) bool {
	return slices.Contains(mitigationMoves[s], to)
}

// Moves returns the statuses that s may move to, for messages and for pages.
func (s MitigationStatus) Moves() []MitigationStatus { return slices.Clone(mitigationMoves[s]) }

// Open reports whether there is something left to do: only then a due date binds.
func (s MitigationStatus) Open() bool {
	return s == MitigationProposed || s == MitigationPlanned || s == MitigationInProgress
}

// Holds reports whether the mitigation lowers the risk: done, verified or not.
func (s MitigationStatus) Holds() bool { return s == MitigationDone || s == MitigationVerified }

// Provenance says who wrote a Mitigation or a TestCase first.
type Provenance string

const (
	ByDraft Provenance = "draft"
	ByHuman Provenance = "human"
)

// Effect is by how much a Mitigation lowers the likelihood and the impact of one
// threat when it is done, each 0-3.
type Effect struct {
	Likelihood int `json:"likelihood"`
	Impact     int `json:"impact"`
}

// DefaultEffect is what a mitigation is taken to do of which nobody said more:
// most make an attack harder, and none the damage of one that succeeds.
func DefaultEffect() Effect { return Effect{Likelihood: 1} }

// Validate returns Invalid, naming each field below effect, unless both lie
// within 0-3.
func (e Effect) Validate() error {
	var bad []Field
	if e.Likelihood < 0 || e.Likelihood > 3 {
		bad = append(bad, Field{"effect.likelihood", "must be 0 to 3"})
	}
	if e.Impact < 0 || e.Impact > 3 {
		bad = append(bad, Field{"effect.impact", "must be 0 to 3"})
	}
	if bad == nil {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the effect is not valid", Fields: bad}
}

// Mitigation is what is to be done about threats of a project.
type Mitigation struct {
	ID        MitigationID
	ProjectID ProjectID
	Text      string
	// References name requirements and weaknesses: "ASVS 12.2.1", "CWE-319".
	References []string
	Origin     Provenance
	Owner      string
	DueAt      *time.Time
	Status     MitigationStatus
	// StatusReason is why it has its status, from the last move; MovedAt is when.
	StatusReason string
	MovedAt      time.Time
	// DoneAt and DoneBy are of the last claim, VerifiedAt and VerifiedBy of what
	// confirmed it; a return to work takes them back.
	DoneAt     *time.Time
	DoneBy     UserID
	VerifiedAt *time.Time
	VerifiedBy UserID
	// Threats are those it is for, in the order of their ids.
	Threats   []MitigatedThreat
	CreatedAt time.Time
	CreatedBy UserID
	UpdatedAt time.Time
	Revision  int64
	// Overdue is as of the moment at which it was answered.
	Overdue bool
}

// Late reports whether it is overdue at the moment.
func (m Mitigation) Late(now time.Time) bool {
	return m.Status.Open() && m.DueAt != nil && m.DueAt.Before(now)
}

// MitigatedThreat is a threat as a Mitigation lists it.
type MitigatedThreat struct {
	ThreatID ThreatID
	Title    string
	Effect   Effect
}

// ThreatMitigation is a Mitigation as a threat lists it.
type ThreatMitigation struct {
	ID         MitigationID
	Text       string
	References []string
	Status     MitigationStatus
	Owner      string
	DueAt      *time.Time
	Effect     Effect
}

// Residual is what remains of the risk with the mitigations that are done or
// verified: each takes its effect, and neither number falls below 1.
func (r Risk) Residual(mitigations []ThreatMitigation) Risk {
	for _, m := range mitigations {
		if m.Status.Holds() {
			r.Likelihood -= m.Effect.Likelihood
			r.Impact -= m.Effect.Impact
		}
	}
	return Risk{Likelihood: max(r.Likelihood, 1), Impact: max(r.Impact, 1)}
}

// TestCase says how somebody can tell that a threat is taken care of.
type TestCase struct {
	ID        TestCaseID
	ProjectID ProjectID
	ThreatID  ThreatID
	Given     string
	When      string
	Then      string
	Origin    Provenance
	// Template names what it was drafted from, so that drafting again adds only what
	// is missing; "" for a person's own.
	Template  string
	CreatedAt time.Time
	CreatedBy UserID
	UpdatedAt time.Time
	Revision  int64
}
