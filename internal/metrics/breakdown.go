package metrics

import "time"

// GroupReport is the report of one group. It lists nothing: by_project and
// precision_by_... are empty, for they are what one can group by. What the group
// cannot have (GroupBy.NullByNature) is null with n = 0.
type GroupReport struct {
	// Key is the group: a project's id, a tag, a category ...; "" is what has none.
	Key string `json:"key"`
	// Label is the project's name where groups are projects, else the key.
	Label  string `json:"label"`
	Report Report `json:"report"`
}

// Point is one window of a series with its numbers, as of its end.
type Point struct {
	AsOf time.Time `json:"as_of"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Report is nil where the series is grouped, Groups where it is not.
	Report *Report       `json:"report,omitempty"`
	Groups []GroupReport `json:"groups,omitempty"`
}

// ComputeGroup applies the formulas to a group.
func ComputeGroup(g Group, by GroupBy) GroupReport {
	r := Compute(g.Facts)
	r.ThreatsPerProject.ByProject = []ProjectThreats{}
	r.TimeToResolution.ByProject = []ProjectResolution{}
	r.Drafting.ByCategory = []CategoryPrecision{}
	r.Drafting.ByRule = []RulePrecision{}
	r.Drafting.ByModel = []ModelPrecision{}
	r.Drafting.ByPrompt = []PromptPrecision{}
	if !by.OfProjects() {
		r.ThreatModelsDone = ThreatModelsDone{Measure: Measure{Unit: UnitThreatModels}}
		r.ProjectsCovered = ProjectsCovered{Share: share(0, 0), Fresh: share(0, 0)}
		r.AverageReportedThreats.PerCoveredProject = Measure{Unit: UnitThreatsPerProject}
		r.Drafting.Coverage = share(0, 0)
	}
	if !by.HasCalls() {
		r.Drafting.LLM = llmUse(LLMFacts{})
	}
	return GroupReport{Key: g.Key, Label: g.Label, Report: r}
}

// ComputePoint applies the formulas to a point's groups.
func ComputePoint(w Window, groups []Group, by GroupBy) Point {
	p := Point{AsOf: w.AsOf, From: *w.From, To: *w.To}
	for _, g := range groups {
		p.Groups = append(p.Groups, ComputeGroup(g, by))
	}
	if by == ByNothing {
		p.Report, p.Groups = &p.Groups[0].Report, nil
	}
	return p
}
