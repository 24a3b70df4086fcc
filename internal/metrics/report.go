package metrics

import (
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Unit says what a Measure's value counts.
type Unit string

const (
	UnitThreatModels      Unit = "threat_models"
	UnitThreats           Unit = "threats"
	UnitThreatsPerProject Unit = "threats_per_project"
	UnitPercent           Unit = "percent" // 0-100
	UnitSeconds           Unit = "seconds"
	UnitTokens            Unit = "tokens"
	UnitMicroUSD          Unit = "micro_usd" // millionths of a US dollar
	// Units of counts, which stand without one in a report.
	UnitProjects    Unit = "projects"
	UnitSuggestions Unit = "suggestions"
	UnitCalls       Unit = "calls"
	UnitDrafts      Unit = "drafts"
)

// Measure is a number with what it was taken from. Value is nil where the
// denominator is empty, never 0 then; N is the size of the denominator.
type Measure struct {
	Value *float64 `json:"value"`
	N     int      `json:"n"`
	Unit  Unit     `json:"unit"`
}

// Share is Count out of N, in percent.
type Share struct {
	Measure
	Count int `json:"count"`
}

// Report is the numbers of one project or of all within reach; both have the
// same shape.
type Report struct {
	AsOf time.Time  `json:"as_of"`
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
	// EligibleProjects are those the numbers are about; UntriagedProjects are
	// not, until somebody sets their in_scope, which explains an empty number.
	EligibleProjects  int `json:"eligible_projects"`
	UntriagedProjects int `json:"untriaged_projects"`

	ThreatModelsDone        ThreatModelsDone        `json:"threat_models_done"`
	ProjectsCovered         ProjectsCovered         `json:"projects_covered"`
	ThreatsPerProject       ThreatsPerProject       `json:"threats_per_project"`
	AverageReportedThreats  AverageReportedThreats  `json:"average_reported_threats"`
	TotalReportedThreats    Measure                 `json:"total_reported_threats"`
	OpenClosed              OpenClosed              `json:"open_closed"`
	AverageTimeToResolution AverageTimeToResolution `json:"average_mean_time_to_resolution"`
	TimeToResolution        TimeToResolution        `json:"mean_time_to_resolution"`

	Drafting Drafting `json:"drafting"`
}

// ThreatModelsDone is number 1: the threat models that were completed in the
// window, whether superseded since or not, of every project that is no sandbox.
// N is the number of distinct projects that they belong to.
type ThreatModelsDone struct {
	Measure
	// OfEligible counts those of them that belong to eligible projects, on which
	// the other numbers are based.
	OfEligible int `json:"of_eligible_projects"`
}

// ProjectsCovered is number 2: eligible projects with at least one completed
// threat model, of any time, in percent of the eligible projects (N).
type ProjectsCovered struct {
	Share
	// Fresh is the same for projects with a threat model that was completed
	// within 365 days before as_of and whose scope has had no newer version
	// submitted since.
	Fresh Share `json:"fresh"`
}

// ThreatsPerProject is number 3: valid threats by project, projects without any
// included. The value is the mean over the eligible projects (N).
type ThreatsPerProject struct {
	Measure
	Total     int              `json:"total"`
	ByProject []ProjectThreats `json:"by_project"`
}

// ProjectThreats is one project's line in ThreatsPerProject.
type ProjectThreats struct {
	ProjectID stride.ProjectID `json:"project_id"`
	Name      string           `json:"name"`
	Threats   int              `json:"threats"`
	Open      int              `json:"open"`
	Closed    int              `json:"closed"`
}

// AverageReportedThreats is number 4: total reported threats / eligible
// projects (N). It is null where no reference was ever acknowledged, for then
// nobody reports from here and 0 would mislead.
type AverageReportedThreats struct {
	Measure
	// PerCoveredProject divides by the covered projects instead.
	PerCoveredProject Measure `json:"per_covered_project"`
}

// totalReported is number 5: the distinct threats of eligible projects whose
// first acknowledged reference is in the window. Retries and references in
// several systems count once; a threat that became invalid later was reported
// all the same. N is the number of eligible projects.
func totalReported(t totals) Measure {
	return count(t.reported, t.projects, UnitThreats)
}

// OpenClosed is number 6: open threats (open, in progress, or claimed to be
// mitigated and not yet verified) and closed ones (resolved, risk accepted or
// transferred) in percent of the valid threats (N).
type OpenClosed struct {
	Open     Share        `json:"open"`
	Closed   Share        `json:"closed"`
	OpenBy   []StateShare `json:"open_by_state"`
	ClosedBy []StateShare `json:"closed_by_state"`
}

// StateShare is the share of one state in the valid threats.
type StateShare struct {
	State stride.ThreatState `json:"state"`
	Share
}

// AverageTimeToResolution is number 7: the unweighted mean of the projects'
// mean times to resolution, over the projects that have one (N), in seconds.
type AverageTimeToResolution struct {
	Measure
	// Pooled is the mean over all resolved threats, whichever project's.
	Pooled Measure `json:"pooled"`
}

// TimeToResolution is number 8: the mean of last resolved_at - accepted_at over
// the threats that are resolved at as_of and were last resolved in the window
// (N), in seconds, by project. A threat that was reopened and resolved again
// counts from its first acceptance; one that is still open never counts. The
// value at the top is over all listed projects: for one project, its own.
type TimeToResolution struct {
	ResolutionTimes
	ByProject []ProjectResolution `json:"by_project"`
}

// ResolutionTimes is a mean time to resolution with what must be read beside
// it, in seconds.
type ResolutionTimes struct {
	Measure
	// AcceptedToMitigated is the mean of last mitigated_at - accepted_at over
	// the threats that are mitigated or resolved at as_of and were last claimed
	// mitigated in the window; it leaves out the wait for verification.
	AcceptedToMitigated Measure `json:"accepted_to_mitigated"`
	// OpenAge is as_of - accepted_at of the threats that are open at as_of.
	OpenAge Spread `json:"open_age"`
}

// ProjectResolution is one project's line in TimeToResolution.
type ProjectResolution struct {
	ProjectID stride.ProjectID `json:"project_id"`
	Name      string           `json:"name"`
	ResolutionTimes
}

// Spread is nearest-rank quantiles of N durations, in seconds; nil where there
// are none.
type Spread struct {
	P50  *float64 `json:"p50"`
	P90  *float64 `json:"p90"`
	N    int      `json:"n"`
	Unit Unit     `json:"unit"`
}

// Drafting says how good the drafts are and how the queue moves.
type Drafting struct {
	// Precision is accepted / (decided - merged - duplicate) over what was
	// decided in the window, in percent. What an answer or a newer draft
	// superseded was judged by nobody and does not count.
	Precision  Precision           `json:"precision"`
	ByCategory []CategoryPrecision `json:"precision_by_category"`
	ByRule     []RulePrecision     `json:"precision_by_rule"`
	// ByModel and ByPrompt go by the language model that had a part in the
	// suggestion, alone or with a rule, and by the prompt that it was asked with.
	ByModel  []ModelPrecision  `json:"precision_by_model"`
	ByPrompt []PromptPrecision `json:"precision_by_prompt"`
	// EditRate is accepted with edits / accepted.
	EditRate Share `json:"edit_rate"`
	// RejectReasons are shares in the rejected, in the order of the fixed list;
	// reasons that nobody gave are absent.
	RejectReasons []ReasonShare `json:"reject_reasons"`
	// MissRate is human-added / (human-added + accepted) over the valid threats
	// accepted in the window.
	MissRate Share `json:"miss_rate"`
	// UnverifiedEvidence is the share of the suggestions created in the window
	// that rest on inference alone.
	UnverifiedEvidence Share `json:"unverified_evidence"`
	// TimeToDecision runs from a suggestion's creation to its last decision.
	TimeToDecision Spread  `json:"time_to_decision"`
	Backlog        Backlog `json:"backlog"`
	// Coverage is the share of the cells of the coverage matrix that have an answer
	// (a threat, a control, or a reason why there is none) in those that want one:
	// by the newest draft that ended by as_of of each scope's newest version that
	// has one.
	Coverage Share `json:"coverage"`
	// ReopenRate is threats ever reopened / threats ever closed or found
	// invalid, up to as_of.
	ReopenRate Share  `json:"reopen_rate"`
	LLM        LLMUse `json:"llm"`
}

// Precision is a share with its 95 % Wilson interval, in percent; the interval
// is nil where N is 0.
type Precision struct {
	Share
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
	// Superseded is how many an answer or a newer draft settled beside N.
	Superseded int `json:"superseded"`
}

// CategoryPrecision is the precision of one category.
type CategoryPrecision struct {
	Category stride.Category `json:"category"`
	Precision
}

// RulePrecision is the precision of one rule, "" for what no rule drafted.
type RulePrecision struct {
	Rule string `json:"rule"`
	Precision
}

// ModelPrecision is the precision of one language model, named with its
// provider ("openai/gpt-5"), "" for what no model had a part in.
type ModelPrecision struct {
	Model string `json:"model"`
	Precision
}

// PromptPrecision is the precision of one version of a prompt ("threats/v2"), ""
// for what no model had a part in.
type PromptPrecision struct {
	Prompt string `json:"prompt"`
	Precision
}

// ReasonShare is the share of one reason in the rejected suggestions.
type ReasonShare struct {
	Reason stride.RejectReason `json:"reason"`
	Share
}

// Backlog is the suggestions that wait for a decision at as_of. OldestAge is
// in seconds since creation, nil where none waits.
type Backlog struct {
	Pending   int      `json:"pending"`
	OldestAge *float64 `json:"oldest_age"`
}

// LLMUse is what the calls to language models that started in the window used,
// for eligible projects, whatever became of the call or of its draft. A call has
// no history: what was under way at as_of counts with how it ended since.
type LLMUse struct {
	stride.LLMUsage
	// Drafts is the distinct drafts that the calls were made for.
	Drafts int `json:"drafts"`
	// TokensPerAcceptedThreat is (tokens_in + tokens_out) / N, where N is the
	// valid threats accepted in the window from suggestions that a model had a
	// part in. Cached tokens are among tokens_in. Calls and acceptances are each
	// those of the window, so that in a short one they need not belong together.
	TokensPerAcceptedThreat Measure `json:"tokens_per_accepted_threat"`
	// CostPerAcceptedThreat is cost_micro_usd / N with the same N. It is null also
	// where a call had no price (unpriced > 0): the sum would be too low by an
	// unknown amount.
	CostPerAcceptedThreat Measure `json:"cost_per_accepted_threat"`
}
