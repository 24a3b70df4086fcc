package metrics

import (
	"maps"
	"slices"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Compute applies the formulas, which stand at the types of the Report.
func Compute(f Facts) Report {
	t := totalsOf(f.Projects)
	return Report{
		AsOf: f.Window.AsOf, From: f.Window.From, To: f.Window.To,
		EligibleProjects:  t.projects,
		UntriagedProjects: f.Untriaged,
		ThreatModelsDone: ThreatModelsDone{
			Measure:    count(t.modelsInWindow+f.OtherModels, t.projectsInWindow+f.OtherModelProjects, UnitThreatModels),
			OfEligible: t.modelsInWindow,
		},
		ProjectsCovered:         ProjectsCovered{Share: share(t.covered, t.projects), Fresh: share(t.fresh, t.projects)},
		ThreatsPerProject:       threatsPerProject(f.Projects, t),
		AverageReportedThreats:  averageReported(t),
		TotalReportedThreats:    totalReported(t),
		OpenClosed:              openClosed(t.threats),
		AverageTimeToResolution: averageTimeToResolution(f.Projects, t),
		TimeToResolution:        timeToResolution(f, t),
		Drafting:                drafting(f),
	}
}

// totals adds up what can be added over projects.
type totals struct {
	projects         int
	modelsInWindow   int
	projectsInWindow int
	covered          int
	fresh            int
	reported         int
	reportedEver     int
	threats          ProjectFacts // states only
	resolution       Sum
	mitigation       Sum
}

func totalsOf(projects []ProjectFacts) totals {
	t := totals{projects: len(projects), threats: ProjectFacts{Threats: map[stride.ThreatState]int{}}}
	for _, p := range projects {
		t.modelsInWindow += p.ModelsInWindow
		t.projectsInWindow += one(p.ModelsInWindow > 0)
		t.covered += one(p.ModelsEver > 0)
		t.fresh += one(p.Fresh)
		t.reported += p.Reported
		t.reportedEver += p.ReportedEver
		for state, n := range p.Threats {
			t.threats.Threats[state] += n
		}
		t.resolution = t.resolution.plus(p.Resolution)
		t.mitigation = t.mitigation.plus(p.Mitigation)
	}
	return t
}

func threatsPerProject(projects []ProjectFacts, t totals) ThreatsPerProject {
	out := ThreatsPerProject{
		Measure: ratio(float64(t.threats.Valid()), t.projects, UnitThreatsPerProject),
		Total:   t.threats.Valid(), ByProject: make([]ProjectThreats, 0, len(projects)),
	}
	for _, p := range projects {
		out.ByProject = append(out.ByProject, ProjectThreats{
			ProjectID: p.ID, Name: p.Name, Threats: p.Valid(), Open: p.Open(), Closed: p.Closed(),
		})
	}
	return out
}

func averageReported(t totals) AverageReportedThreats {
	out := AverageReportedThreats{
		Measure:           ratio(float64(t.reported), t.projects, UnitThreatsPerProject),
		PerCoveredProject: ratio(float64(t.reported), t.covered, UnitThreatsPerProject),
	}
	if t.reportedEver == 0 {
		out.Value, out.PerCoveredProject.Value = nil, nil
	}
	return out
}

func openClosed(p ProjectFacts) OpenClosed {
	out := OpenClosed{
		Open: share(p.Open(), p.Valid()), Closed: share(p.Closed(), p.Valid()),
		OpenBy: []StateShare{}, ClosedBy: []StateShare{},
	}
	for _, state := range stride.ThreatStates() {
		line := StateShare{State: state, Share: share(p.Threats[state], p.Valid())}
		switch {
		case state.Open():
			out.OpenBy = append(out.OpenBy, line)
		case state.Closed():
			out.ClosedBy = append(out.ClosedBy, line)
		}
	}
	return out
}

func averageTimeToResolution(projects []ProjectFacts, t totals) AverageTimeToResolution {
	means, n := 0.0, 0
	for _, p := range projects {
		if mean := p.Resolution.mean(); mean.Value != nil {
			means += *mean.Value
			n++
		}
	}
	return AverageTimeToResolution{Measure: ratio(means, n, UnitSeconds), Pooled: t.resolution.mean()}
}

func timeToResolution(f Facts, t totals) TimeToResolution {
	out := TimeToResolution{
		ResolutionTimes: resolutionTimes(t.resolution, t.mitigation, f.OpenAge),
		ByProject:       make([]ProjectResolution, 0, len(f.Projects)),
	}
	for _, p := range f.Projects {
		out.ByProject = append(out.ByProject, ProjectResolution{
			ProjectID: p.ID, Name: p.Name, ResolutionTimes: resolutionTimes(p.Resolution, p.Mitigation, p.OpenAge),
		})
	}
	return out
}

func resolutionTimes(resolution, mitigation Sum, openAge Quantiles) ResolutionTimes {
	return ResolutionTimes{
		Measure: resolution.mean(), AcceptedToMitigated: mitigation.mean(), OpenAge: openAge.spread(),
	}
}

func drafting(f Facts) Drafting {
	var all DecidedFacts
	for _, d := range f.Review.Decided {
		all.add(d)
	}
	return Drafting{
		Precision:          precision(all),
		ByCategory:         byCategory(f.Review.Decided),
		ByRule:             byRule(f.Review.Decided),
		ByModel:            byModel(f.Review.Decided),
		ByPrompt:           byPrompt(f.Review.Decided),
		EditRate:           share(all.Edited, all.Accepted),
		RejectReasons:      rejectReasons(f.Review.RejectReasons, all.Rejected),
		MissRate:           share(f.HumanAdded, f.HumanAdded+f.FromDrafts),
		UnverifiedEvidence: share(f.Review.Unverified, f.Review.Published),
		TimeToDecision:     f.Review.DecisionTime.spread(),
		Backlog:            backlog(f.Review),
		Coverage:           share(f.CellsAnswered, f.CellsWanted),
		ReopenRate:         share(f.Reopened, f.EverClosed),
		LLM:                llmUse(f.LLM),
	}
}

func precision(d DecidedFacts) Precision {
	out := Precision{Share: share(d.Accepted, d.Judged()), Superseded: d.Superseded}
	if d.Judged() > 0 {
		low, high := Wilson(d.Accepted, d.Judged())
		low, high = 100*low, 100*high
		out.Low, out.High = &low, &high
	}
	return out
}

// byCategory lists all six categories, so that one without decisions shows.
func byCategory(decided []DecidedFacts) []CategoryPrecision {
	sums := map[stride.Category]DecidedFacts{}
	for _, d := range decided {
		sum := sums[d.Category]
		sum.add(d)
		sums[d.Category] = sum
	}
	out := make([]CategoryPrecision, 0, len(stride.Categories()))
	for _, c := range stride.Categories() {
		out = append(out, CategoryPrecision{Category: c, Precision: precision(sums[c])})
	}
	return out
}

func byRule(decided []DecidedFacts) []RulePrecision {
	return precisionBy(decided, func(d DecidedFacts) string { return d.Rule }, func(name string, p Precision) RulePrecision {
		return RulePrecision{Rule: name, Precision: p}
	})
}

func byModel(decided []DecidedFacts) []ModelPrecision {
	return precisionBy(decided, func(d DecidedFacts) string { return d.Model }, func(name string, p Precision) ModelPrecision {
		return ModelPrecision{Model: name, Precision: p}
	})
}

func byPrompt(decided []DecidedFacts) []PromptPrecision {
	return precisionBy(decided, func(d DecidedFacts) string { return d.Prompt }, func(name string, p Precision) PromptPrecision {
		return PromptPrecision{Prompt: name, Precision: p}
	})
}

// precisionBy makes a line for each name under which something was decided, by
// name; "" comes first.
func precisionBy[Line any](
	decided []DecidedFacts, nameOf func(DecidedFacts) string, line func(string, Precision) Line,
) []Line {
	sums := map[string]DecidedFacts{}
	for _, d := range decided {
		sum := sums[nameOf(d)]
		sum.add(d)
		sums[nameOf(d)] = sum
	}
	out := make([]Line, 0, len(sums))
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, line(name, precision(sums[name])))
	}
	return out
}

func rejectReasons(counts map[stride.RejectReason]int, rejected int) []ReasonShare {
	out := []ReasonShare{}
	for _, reason := range stride.RejectReasons() {
		if n := counts[reason]; n > 0 {
			out = append(out, ReasonShare{Reason: reason, Share: share(n, rejected)})
		}
	}
	return out
}

func llmUse(l LLMFacts) LLMUse {
	out := LLMUse{
		LLMUsage: l.LLMUsage, Drafts: l.Drafts,
		TokensPerAcceptedThreat: ratio(float64(l.TokensIn+l.TokensOut), l.Accepted, UnitTokens),
		CostPerAcceptedThreat:   ratio(float64(l.CostMicroUSD), l.Accepted, UnitMicroUSD),
	}
	if l.Unpriced > 0 {
		out.CostPerAcceptedThreat.Value = nil
	}
	return out
}

func backlog(r ReviewFacts) Backlog {
	out := Backlog{Pending: r.Pending}
	if r.Pending > 0 {
		out.OldestAge = seconds(r.OldestPending)
	}
	return out
}

func (s Sum) plus(other Sum) Sum { return Sum{N: s.N + other.N, Millis: s.Millis + other.Millis} }

func (s Sum) mean() Measure { return ratio(float64(s.Millis)/1000, s.N, UnitSeconds) }

func (q Quantiles) spread() Spread {
	out := Spread{N: q.N, Unit: UnitSeconds}
	if q.N > 0 {
		out.P50, out.P90 = seconds(q.P50), seconds(q.P90)
	}
	return out
}

func seconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}

// count is a total, which has no denominator and is 0 where there is nothing.
func count(value, n int, unit Unit) Measure {
	v := float64(value)
	return Measure{Value: &v, N: n, Unit: unit}
}

func ratio(numerator float64, n int, unit Unit) Measure {
	if n == 0 {
		return Measure{Unit: unit}
	}
	v := numerator / float64(n)
	return Measure{Value: &v, N: n, Unit: unit}
}

func share(count, n int) Share {
	return Share{Measure: ratio(100*float64(count), n, UnitPercent), Count: count}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
