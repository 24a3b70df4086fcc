package stride

import (
	"fmt"
	"time"
)

// MaxRiskAcceptance is for how long a risk can be accepted at most: a year, and
// some weeks to decide anew.
const MaxRiskAcceptance = 400 * 24 * time.Hour

// SLA is within how many days of its acceptance a threat of each severity should
// be closed.
type SLA map[Severity]int

// DefaultSLA is the SLA of an installation that says nothing else.
func DefaultSLA() SLA {
	return SLA{SeverityCritical: 7, SeverityHigh: 30, SeverityMedium: 90, SeverityLow: 180}
}

// Allowance is the time that a threat of the severity has.
func (s SLA) Allowance(severity Severity) time.Duration {
	return time.Duration(s[severity]) * 24 * time.Hour
}

// Ageing is how a threat stands against its SLA at a moment. Closed and invalid
// threats neither age nor are they due.
type Ageing struct {
	// AgeDays counts whole days since the acceptance, nil unless it is open.
	AgeDays *int
	DueAt   *time.Time
	Overdue bool
}

// Age computes the ageing. It counts from the first acceptance: a threat that was
// closed and came back has had its time.
func (t Threat) Age(sla SLA, now time.Time) Ageing {
	if !t.State.Open() {
		return Ageing{}
	}
	days := int(now.Sub(t.AcceptedAt) / (24 * time.Hour))
	due := t.AcceptedAt.Add(sla.Allowance(t.Content.Severity))
	return Ageing{AgeDays: &days, DueAt: &due, Overdue: due.Before(now)}
}

// StaleAfter is how long a sign-off holds.
const StaleAfter = 365 * 24 * time.Hour

// SignedOff is a completed version of a scope, with what came after it.
type SignedOff struct {
	ModelID     ModelID
	ProjectID   ProjectID
	Scope       string
	Number      int
	CompletedAt time.Time
	// Newer is the number of the newest version of the scope after it that was
	// submitted or drafted and is not signed off, 0 for none.
	Newer int
}

// Stale says why the version no longer shows how the system stands, "" while it
// does.
func (v SignedOff) Stale(now time.Time) string {
	switch {
	case v.Newer > 0:
		return fmt.Sprintf("version %d of scope %s is not signed off; version %d is", v.Newer, v.Scope, v.Number)
	case v.CompletedAt.Before(now.Add(-StaleAfter)):
		return fmt.Sprintf("version %d of scope %s was signed off on %s, more than 365 days ago",
			v.Number, v.Scope, v.CompletedAt.UTC().Format(time.DateOnly))
	}
	return ""
}
