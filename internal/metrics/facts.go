package metrics

import (
	"slices"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Facts is what the formulas need to know, as of Window.AsOf.
//
// An eligible project is no sandbox, and at AsOf it exists, is not archived and
// its in_scope is true. Everything here is about eligible projects alone, but
// for the two counts that say so. A threat counts from its acceptance on (for
// one that a human added: its creation), which is where its first interval
// begins; it is valid while it is not in the state invalid.
type Facts struct {
	Window Window
	// Untriaged counts the projects that would be eligible but for an in_scope
	// of unknown.
	Untriaged int
	// OtherModels counts the threat models completed in the window by projects
	// that are neither sandboxes nor eligible, OtherModelProjects those projects.
	OtherModels        int
	OtherModelProjects int
	// Projects lists the eligible projects by id, those without anything too.
	Projects []ProjectFacts
	// OpenAge is over all open threats; quantiles of parts cannot be added up.
	OpenAge Quantiles
	// HumanAdded and FromDrafts count the valid threats accepted in the window
	// by origin.
	HumanAdded int
	FromDrafts int
	// EverClosed counts the threats that were ever closed or invalid; Reopened
	// those that ever went back to open.
	EverClosed int
	Reopened   int
	// CellsWanted counts the cells of the coverage matrix that want an answer,
	// CellsAnswered those of them that have a threat, a control or a reason why
	// there is none: by the newest draft that ended by AsOf of each scope's newest
	// version that has one.
	CellsWanted   int
	CellsAnswered int
	Review        ReviewFacts
	LLM           LLMFacts
}

// ProjectFacts is one eligible project's part.
type ProjectFacts struct {
	ID stride.ProjectID
	// Name is the present one, a label that no number depends on.
	Name string
	// ModelsInWindow and ModelsEver count completed threat models, superseded
	// ones too.
	ModelsInWindow int
	ModelsEver     int
	// Fresh: a threat model was completed at most FreshFor before AsOf, and no
	// newer version of its scope has been submitted since.
	Fresh bool
	// Threats counts by state; states without threats are absent.
	Threats map[stride.ThreatState]int
	// Reported counts the threats whose first acknowledged reference is in the
	// window, ReportedEver those that have one at all.
	Reported     int
	ReportedEver int
	// Resolution sums last resolved_at - accepted_at over the threats resolved
	// at AsOf that were resolved in the window.
	Resolution Sum
	// Mitigation sums last mitigated_at - accepted_at over the threats mitigated
	// or resolved at AsOf that were last claimed mitigated in the window.
	Mitigation Sum
	// OpenAge is AsOf - accepted_at of the open threats; having been closed in
	// between makes no threat younger.
	OpenAge Quantiles
}

// Valid counts the valid threats.
func (p ProjectFacts) Valid() int { return p.Open() + p.Closed() }

// Open counts the threats that are open, in progress or mitigated.
func (p ProjectFacts) Open() int { return p.count(stride.ThreatState.Open) }

// Closed counts the threats that are resolved, risk accepted or transferred.
func (p ProjectFacts) Closed() int { return p.count(stride.ThreatState.Closed) }

func (p ProjectFacts) count(in func(stride.ThreatState) bool) int {
	total := 0
	for state, n := range p.Threats {
		if in(state) {
			total += n
		}
	}
	return total
}

// ReviewFacts is about the validation queue. A suggestion counts as decided
// while it is accepted, rejected, merged or superseded at AsOf and came into
// that state in the window.
type ReviewFacts struct {
	// Decided lists what was decided, by category, rule, model and prompt in that
	// order.
	Decided []DecidedFacts
	// RejectReasons counts the rejected of the window by reason.
	RejectReasons map[stride.RejectReason]int
	// Published counts the suggestions created in the window; Unverified those
	// of them that rest on inference alone: no quote, no list of terms that were
	// looked for, no person's word.
	Published  int
	Unverified int
	// DecisionTime runs from creation to decision over those that a person
	// decided (accepted, rejected or merged) in the window.
	DecisionTime Quantiles
	// Pending counts those pending at AsOf; OldestPending is the longest time
	// since one of them was created.
	Pending       int
	OldestPending time.Duration
}

// DecidedFacts counts the decided suggestions of one category, rule, model and
// prompt. Rule is "" where no rule drafted them, Model ("openai/gpt-5") and
// Prompt ("threats/v2") where no language model had a part in them.
type DecidedFacts struct {
	Category stride.Category
	Rule     string
	Model    string
	Prompt   string
	Accepted int
	// Edited is how many of Accepted were edited.
	Edited   int
	Rejected int
	// Duplicates is how many of Rejected had the reason duplicate.
	Duplicates int
	Merged     int
	Superseded int
}

// Judged is what precision is measured on: decided - merged - duplicate. What
// an answer or a newer draft superseded was judged by nobody.
func (d DecidedFacts) Judged() int {
	return d.Accepted + d.Rejected - d.Duplicates
}

func (d *DecidedFacts) add(other DecidedFacts) {
	d.Accepted += other.Accepted
	d.Edited += other.Edited
	d.Rejected += other.Rejected
	d.Duplicates += other.Duplicates
	d.Merged += other.Merged
	d.Superseded += other.Superseded
}

// LLMFacts is about the calls to language models that started in the window, and
// what came of such models in it.
type LLMFacts struct {
	// LLMUsage adds the calls up by what is known of them now: one that was under
	// way at AsOf counts with how it ended, one that never ended with the most
	// that it may have used.
	stride.LLMUsage
	// Drafts counts the distinct drafts that the calls were made for.
	Drafts int
	// Accepted is how many of Facts.FromDrafts are from a suggestion that a model
	// had a part in.
	Accepted int
}

// Sum is N durations in total Millis, each cut to whole milliseconds so that
// the sum of many years stays within 64 bits.
type Sum struct {
	N      int
	Millis int64
}

// Add counts one more duration.
func (s *Sum) Add(d time.Duration) {
	s.N++
	s.Millis += d.Milliseconds()
}

// Quantiles describes N durations by the nearest-rank method: the quantile q is
// the value at place ceil(q*N), counting from 1 in ascending order. All are 0
// where N is.
type Quantiles struct {
	N   int
	P50 time.Duration
	P90 time.Duration
}

// QuantilesOf computes them of durations in any order.
func QuantilesOf(durations []time.Duration) Quantiles {
	n := len(durations)
	if n == 0 {
		return Quantiles{}
	}
	sorted := slices.Sorted(slices.Values(durations))
	return Quantiles{N: n, P50: sorted[(n*50+99)/100-1], P90: sorted[(n*90+99)/100-1]}
}
