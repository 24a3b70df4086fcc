package reference

import (
	"time"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// Case is a history made by hand with the facts that it must give; nobody
// computed them. The replay and the SQL of both databases are held to it.
type Case struct {
	Name   string
	Record func(h *History)
	// Reach is all projects where it is the zero Reach.
	Reach  stride.Reach
	Window metrics.Window
	// Want lacks the Window, which is the one above.
	Want metrics.Facts
}

// Day is the start of a day; the histories of Cases run from 0 to 100.
func Day(n int) time.Time {
	return time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n)
}

// days is a duration.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

func sum(n, totalDays int) metrics.Sum {
	return metrics.Sum{N: n, Millis: days(totalDays).Milliseconds()}
}

func ages(n, p50, p90 int) metrics.Quantiles {
	return metrics.Quantiles{N: n, P50: days(p50), P90: days(p90)}
}

// asOf is a window without bounds.
func asOf(day int) metrics.Window { return metrics.Window{AsOf: Day(day)} }

// between is [from, to) as seen on day 100.
func between(from, to int) metrics.Window {
	a, b := Day(from), Day(to)
	return metrics.Window{AsOf: Day(100), From: &a, To: &b}
}

// Cases returns the histories made by hand, each for an edge of a formula.
func Cases() []Case {
	var all []Case
	for _, some := range [][]Case{projectCases(), modelCases(), threatCases(), resolutionCases(), reportCases(), reviewCases(), llmCases()} {
		all = append(all, some...)
	}
	return all
}

// The projects of the cases.
const (
	p1 stride.ProjectID = "p1"
	p2 stride.ProjectID = "p2"
	p3 stride.ProjectID = "p3"
)

// named is the facts of an eligible project in which nothing happened.
func named(id stride.ProjectID) metrics.ProjectFacts {
	return metrics.ProjectFacts{ID: id, Name: "Project " + string(id)}
}

// inOne is the facts of p1 alone, completed by fill.
func inOne(fill func(f *metrics.Facts, p *metrics.ProjectFacts)) metrics.Facts {
	f := metrics.Facts{Projects: []metrics.ProjectFacts{named(p1)}}
	fill(&f, &f.Projects[0])
	return f
}

func eligible(h *History, ids ...stride.ProjectID) {
	for _, id := range ids {
		h.CreateProject(Day(0), id, stride.InScopeTrue)
	}
}

func projectCases() []Case {
	return []Case{
		{
			Name: "no projects", Record: func(*History) {}, Window: asOf(100), Want: metrics.Facts{},
		},
		{
			Name: "a project without anything is listed", Window: asOf(100),
			Record: func(h *History) { eligible(h, p1) },
			Want:   metrics.Facts{Projects: []metrics.ProjectFacts{named(p1)}},
		},
		{
			Name: "only in_scope true counts, and never a sandbox", Window: asOf(100),
			Record: func(h *History) {
				h.CreateProject(Day(0), p1, stride.InScopeUnknown)
				h.CreateProject(Day(0), p2, stride.InScopeFalse)
				h.CreateSandbox(Day(0), p3)
				for _, p := range []stride.ProjectID{p1, p2, p3} {
					h.AddThreat(Day(1), p, stride.ThreatID("t-"+p))
					h.Acknowledge(Day(2), stride.ThreatID("t-"+p), "jira", "A-1")
				}
			},
			Want: metrics.Facts{Untriaged: 1},
		},
		{
			Name: "a project created later is not there yet", Window: asOf(10),
			Record: func(h *History) {
				eligible(h, p1)
				h.CreateProject(Day(11), p2, stride.InScopeTrue)
				h.CreateProject(Day(11), p3, stride.InScopeUnknown)
			},
			Want: metrics.Facts{Projects: []metrics.ProjectFacts{named(p1)}},
		},
		{
			Name: "a project created at the moment is there", Window: asOf(10),
			Record: func(h *History) { h.CreateProject(Day(10), p1, stride.InScopeTrue) },
			Want:   metrics.Facts{Projects: []metrics.ProjectFacts{named(p1)}},
		},
		{
			Name: "archived at the moment does not count, archived later does", Window: asOf(10),
			Record: func(h *History) {
				eligible(h, p1, p2)
				h.CreateProject(Day(0), p3, stride.InScopeUnknown)
				h.Archive(Day(10), p1)
				h.Archive(Day(10), p3)
				h.Archive(Day(11), p2)
			},
			Want: metrics.Facts{Projects: []metrics.ProjectFacts{named(p2)}},
		},
		{
			Name: "scoped in later counts as untriaged before", Window: asOf(10),
			Record: func(h *History) {
				h.CreateProject(Day(0), p1, stride.InScopeUnknown)
				h.CreateProject(Day(0), p2, stride.InScopeTrue)
				h.Scope(Day(11), p1, stride.InScopeTrue)
				h.Scope(Day(11), p2, stride.InScopeFalse)
			},
			Want: metrics.Facts{Untriaged: 1, Projects: []metrics.ProjectFacts{named(p2)}},
		},
		{
			Name: "projects out of reach are as good as absent", Window: asOf(100), Reach: stride.Reach{Projects: []stride.ProjectID{p2}},
			Record: func(h *History) {
				eligible(h, p1, p2)
				h.CreateProject(Day(0), p3, stride.InScopeUnknown)
				h.AddThreat(Day(1), p1, "t1")
				h.Acknowledge(Day(1), "t1", "jira", "A-1")
				h.Suggest(Day(1), suggestion("s1", p1, stride.Spoofing, "r1", stride.Quoted))
				complete(h, 1, Model{ID: "m1", ProjectID: p1, Scope: "main", Number: 1})
				complete(h, 1, Model{ID: "m3", ProjectID: p3, Scope: "main", Number: 1})
			},
			Want: metrics.Facts{Projects: []metrics.ProjectFacts{named(p2)}},
		},
	}
}

func complete(h *History, day int, m Model) {
	h.CreateModel(Day(day), m)
	h.MoveModel(Day(day), m.ID, stride.ModelInReview)
	h.MoveModel(Day(day), m.ID, stride.ModelCompleted)
}

func version(id stride.ModelID, scope string, number int) Model {
	return Model{ID: id, ProjectID: p1, Scope: scope, Number: number}
}

func modelCases() []Case {
	models := func(window, ever int, fresh bool) metrics.Facts {
		return inOne(func(_ *metrics.Facts, p *metrics.ProjectFacts) {
			p.ModelsInWindow, p.ModelsEver, p.Fresh = window, ever, fresh
		})
	}
	year := metrics.Window{AsOf: Day(365)}
	return []Case{
		{
			Name: "the window takes its first day and leaves its last; superseded ones were done too", Window: between(10, 20),
			Record: func(h *History) {
				eligible(h, p1)
				complete(h, 9, version("m1", "main", 1))
				complete(h, 10, version("m2", "main", 2))
				h.MoveModel(Day(10), "m1", stride.ModelSuperseded)
				complete(h, 19, version("m3", "main", 3))
				h.MoveModel(Day(19), "m2", stride.ModelSuperseded)
				complete(h, 20, version("m4", "main", 4))
			},
			Want: models(2, 4, true),
		},
		{
			Name: "neither in review nor completed later is done", Window: asOf(10),
			Record: func(h *History) {
				eligible(h, p1)
				h.CreateModel(Day(1), version("m1", "main", 1))
				h.MoveModel(Day(2), "m1", stride.ModelInReview)
				h.MoveModel(Day(11), "m1", stride.ModelCompleted)
			},
			Want: models(0, 0, false),
		},
		{
			Name: "done by projects that are not eligible stands apart", Window: between(10, 20),
			Record: func(h *History) {
				eligible(h, p1)
				h.CreateProject(Day(0), p2, stride.InScopeUnknown)
				h.CreateSandbox(Day(0), p3)
				complete(h, 12, Model{ID: "m1", ProjectID: p2, Scope: "main", Number: 1})
				complete(h, 12, Model{ID: "m2", ProjectID: p3, Scope: "main", Number: 1})
				complete(h, 30, Model{ID: "m3", ProjectID: p2, Scope: "api", Number: 1})
			},
			Want: metrics.Facts{Untriaged: 1, OtherModels: 1, OtherModelProjects: 1, Projects: []metrics.ProjectFacts{named(p1)}},
		},
		{
			Name: "365 days old is fresh", Window: year,
			Record: func(h *History) { eligible(h, p1); complete(h, 0, version("m1", "main", 1)) },
			Want:   models(1, 1, true),
		},
		{
			Name: "older is covered, not fresh", Window: metrics.Window{AsOf: Day(366)},
			Record: func(h *History) { eligible(h, p1); complete(h, 0, version("m1", "main", 1)) },
			Want:   models(1, 1, false),
		},
		{
			Name: "a newer version that was submitted ends freshness, even when it was sent back", Window: asOf(100),
			Record: func(h *History) {
				eligible(h, p1)
				complete(h, 5, version("m1", "main", 1))
				h.CreateModel(Day(6), version("m2", "main", 2))
				h.MoveModel(Day(7), "m2", stride.ModelInReview)
				h.MoveModel(Day(8), "m2", stride.ModelDraft)
			},
			Want: models(1, 1, false),
		},
		{
			Name: "a newer version not submitted, or submitted later, does not", Window: asOf(50),
			Record: func(h *History) {
				eligible(h, p1)
				complete(h, 5, version("m1", "main", 1))
				h.CreateModel(Day(6), version("m2", "main", 2))
				h.MoveModel(Day(51), "m2", stride.ModelInReview)
			},
			Want: models(1, 1, true),
		},
		{
			Name: "nor one that was submitted before, and not since", Window: asOf(100),
			Record: func(h *History) {
				eligible(h, p1)
				h.CreateModel(Day(1), version("m1", "main", 1))
				h.MoveModel(Day(1), "m1", stride.ModelInReview)
				h.CreateModel(Day(2), version("m2", "main", 2))
				h.MoveModel(Day(2), "m2", stride.ModelInReview)
				h.MoveModel(Day(3), "m1", stride.ModelCompleted)
			},
			Want: models(1, 1, true),
		},
		{
			Name: "nor does an older version or another scope", Window: asOf(100),
			Record: func(h *History) {
				eligible(h, p1)
				h.CreateModel(Day(1), version("m1", "main", 1))
				complete(h, 5, version("m2", "main", 2))
				h.CreateModel(Day(6), version("m3", "api", 3))
				h.MoveModel(Day(7), "m1", stride.ModelInReview)
				h.MoveModel(Day(7), "m3", stride.ModelInReview)
			},
			Want: models(1, 1, true),
		},
	}
}

// closing is the way from open to each closed state.
var closing = map[stride.ThreatState][]stride.ThreatState{
	stride.ThreatResolved:     {stride.ThreatInProgress, stride.ThreatMitigated, stride.ThreatResolved},
	stride.ThreatRiskAccepted: {stride.ThreatRiskAccepted},
	stride.ThreatTransferred:  {stride.ThreatInProgress, stride.ThreatTransferred},
	stride.ThreatInvalid:      {stride.ThreatInvalid},
}

func threatCases() []Case {
	return []Case{
		{
			Name: "threats by state, as of the moment", Window: asOf(50),
			Record: func(h *History) {
				eligible(h, p1)
				for _, id := range []stride.ThreatID{"t1", "t2", "t3", "t4", "t5", "t6", "t7"} {
					h.AddThreat(Day(40), p1, id)
				}
				h.MoveThreat(Day(45), "t2", stride.ThreatInProgress)
				h.MoveThreat(Day(45), "t3", stride.ThreatInProgress, stride.ThreatMitigated)
				h.MoveThreat(Day(45), "t4", closing[stride.ThreatResolved]...)
				h.MoveThreat(Day(45), "t5", closing[stride.ThreatRiskAccepted]...)
				h.MoveThreat(Day(45), "t6", closing[stride.ThreatTransferred]...)
				h.MoveThreat(Day(45), "t7", closing[stride.ThreatInvalid]...)
				h.AddThreat(Day(51), p1, "t8")
				h.MoveThreat(Day(51), "t1", stride.ThreatInvalid)
				h.MoveThreat(Day(51), "t7", stride.ThreatOpen)
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats = map[stride.ThreatState]int{
					stride.ThreatOpen: 1, stride.ThreatInProgress: 1, stride.ThreatMitigated: 1, stride.ThreatResolved: 1,
					stride.ThreatRiskAccepted: 1, stride.ThreatTransferred: 1, stride.ThreatInvalid: 1,
				}
				p.Resolution, p.Mitigation, p.OpenAge = sum(1, 5), sum(2, 10), ages(3, 10, 10)
				f.OpenAge, f.HumanAdded, f.EverClosed = ages(3, 10, 10), 6, 4
			}),
		},
		{
			Name: "an invalid threat is no miss, one from a draft no hit; the window is on acceptance", Window: between(10, 20),
			Record: func(h *History) {
				eligible(h, p1)
				h.AddThreat(Day(9), p1, "t1")
				h.AddThreat(Day(10), p1, "t2")
				h.AddThreat(Day(11), p1, "t3")
				h.MoveThreat(Day(12), "t3", stride.ThreatInvalid)
				h.Suggest(Day(13), suggestion("s1", p1, stride.Spoofing, "r1", stride.Quoted))
				h.Decide(Day(13), "s1", stride.SuggestionAccepted, "", false)
				h.AddThreat(Day(20), p1, "t4")
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats = map[stride.ThreatState]int{stride.ThreatOpen: 4, stride.ThreatInvalid: 1}
				p.OpenAge = ages(4, 87, 91)
				f.OpenAge, f.HumanAdded, f.FromDrafts, f.EverClosed = ages(4, 87, 91), 1, 1, 1
				f.Review.Published = 1
				f.Review.Decided = []metrics.DecidedFacts{{Category: stride.Spoofing, Rule: "r1", Accepted: 1}}
				f.Review.DecisionTime = ages(1, 0, 0)
			}),
		},
		{
			Name: "ages of two projects do not add up; nearest rank", Window: asOf(100),
			Record: func(h *History) {
				eligible(h, p1, p2)
				for i, id := range []stride.ThreatID{"t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10"} {
					h.AddThreat(Day(i), p1, id)
				}
				h.AddThreat(Day(99), p2, "t11")
			},
			Want: metrics.Facts{
				Projects: []metrics.ProjectFacts{
					{
						ID: p1, Name: "Project p1", Threats: map[stride.ThreatState]int{stride.ThreatOpen: 10},
						OpenAge: ages(10, 95, 99),
					},
					{
						ID: p2, Name: "Project p2", Threats: map[stride.ThreatState]int{stride.ThreatOpen: 1},
						OpenAge: ages(1, 1, 1),
					},
				},
				OpenAge: ages(11, 95, 99), HumanAdded: 11,
			},
		},
	}
}

func resolutionCases() []Case {
	states := func(state stride.ThreatState, n int) map[stride.ThreatState]int {
		return map[stride.ThreatState]int{state: n}
	}
	return []Case{
		{
			Name: "reopened and resolved again counts once, from the first acceptance to the last resolution", Window: asOf(100),
			Record: func(h *History) {
				eligible(h, p1)
				h.AddThreat(Day(10), p1, "t1")
				h.MoveThreat(Day(20), "t1", closing[stride.ThreatResolved]...)
				h.MoveThreat(Day(30), "t1", stride.ThreatOpen, stride.ThreatInProgress)
				h.MoveThreat(Day(35), "t1", stride.ThreatMitigated)
				h.MoveThreat(Day(40), "t1", stride.ThreatResolved)
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats, p.Resolution, p.Mitigation = states(stride.ThreatResolved, 1), sum(1, 30), sum(1, 25)
				f.HumanAdded, f.EverClosed, f.Reopened = 1, 1, 1
			}),
		},
		{
			Name: "reopened and still open never counts as resolved, and is as old as ever", Window: asOf(100),
			Record: func(h *History) {
				eligible(h, p1)
				h.AddThreat(Day(10), p1, "t1")
				h.MoveThreat(Day(20), "t1", closing[stride.ThreatResolved]...)
				h.MoveThreat(Day(30), "t1", stride.ThreatOpen)
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats, p.OpenAge = states(stride.ThreatOpen, 1), ages(1, 90, 90)
				f.OpenAge, f.HumanAdded, f.EverClosed, f.Reopened = ages(1, 90, 90), 1, 1, 1
			}),
		},
		{
			Name: "reopened after the moment was resolved at it", Window: asOf(25),
			Record: func(h *History) {
				eligible(h, p1)
				h.AddThreat(Day(10), p1, "t1")
				h.MoveThreat(Day(20), "t1", closing[stride.ThreatResolved]...)
				h.MoveThreat(Day(30), "t1", stride.ThreatOpen)
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats, p.Resolution, p.Mitigation = states(stride.ThreatResolved, 1), sum(1, 10), sum(1, 10)
				f.HumanAdded, f.EverClosed = 1, 1
			}),
		},
		{
			Name: "the window is on the last resolution", Window: between(15, 25),
			Record: func(h *History) {
				eligible(h, p1)
				for _, id := range []stride.ThreatID{"t1", "t2", "t3"} {
					h.AddThreat(Day(10), p1, id)
				}
				h.MoveThreat(Day(14), "t3", closing[stride.ThreatResolved]...)
				h.MoveThreat(Day(15), "t1", closing[stride.ThreatResolved]...)
				h.MoveThreat(Day(20), "t2", closing[stride.ThreatResolved]...)
				h.MoveThreat(Day(21), "t2", stride.ThreatOpen)
				h.MoveThreat(Day(25), "t2", closing[stride.ThreatResolved]...)
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats, p.Resolution, p.Mitigation = states(stride.ThreatResolved, 3), sum(1, 5), sum(1, 5)
				f.EverClosed, f.Reopened = 3, 1
			}),
		},
		{
			Name: "mitigated and not verified is open, and beside the resolved; a failed verification begins anew", Window: asOf(100),
			Record: func(h *History) {
				eligible(h, p1)
				for _, id := range []stride.ThreatID{"t1", "t2", "t3"} {
					h.AddThreat(Day(10), p1, id)
					h.MoveThreat(Day(14), id, stride.ThreatInProgress, stride.ThreatMitigated)
				}
				h.MoveThreat(Day(15), "t2", stride.ThreatInProgress)
				h.MoveThreat(Day(16), "t2", stride.ThreatMitigated)
				h.MoveThreat(Day(15), "t3", stride.ThreatInProgress)
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats = map[stride.ThreatState]int{stride.ThreatMitigated: 2, stride.ThreatInProgress: 1}
				p.Mitigation, p.OpenAge = sum(2, 10), ages(3, 90, 90)
				f.OpenAge, f.HumanAdded = ages(3, 90, 90), 3
			}),
		},
		{
			Name: "an accepted risk is closed, not resolved", Window: asOf(100),
			Record: func(h *History) {
				eligible(h, p1)
				h.AddThreat(Day(10), p1, "t1")
				h.MoveThreat(Day(14), "t1", stride.ThreatRiskAccepted)
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats = states(stride.ThreatRiskAccepted, 1)
				f.HumanAdded, f.EverClosed = 1, 1
			}),
		},
	}
}

func reportCases() []Case {
	record := func(h *History) {
		eligible(h, p1)
		for _, id := range []stride.ThreatID{"t1", "t2", "t3", "t4"} {
			h.AddThreat(Day(1), p1, id)
		}
		h.Acknowledge(Day(9), "t1", "jira", "A-1")
		h.Acknowledge(Day(10), "t2", "jira", "A-2")
		h.Acknowledge(Day(11), "t2", "jira", "A-2")
		h.Acknowledge(Day(12), "t1", "github", "7")
		h.Acknowledge(Day(12), "t2", "github", "8")
		h.MoveThreat(Day(13), "t2", stride.ThreatInvalid)
		h.Acknowledge(Day(20), "t3", "jira", "A-3")
	}
	want := func(reported, ever, day int) metrics.Facts {
		return inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
			p.Reported, p.ReportedEver = reported, ever
			p.Threats = map[stride.ThreatState]int{stride.ThreatOpen: 3, stride.ThreatInvalid: 1}
			p.OpenAge = ages(3, day-1, day-1)
			f.OpenAge, f.EverClosed = p.OpenAge, 1
		})
	}
	throughout := want(3, 3, 100)
	throughout.HumanAdded = 3
	early := want(2, 2, 15)
	early.HumanAdded = 3
	return []Case{
		{Name: "reported once in the window, however often and in how many systems", Record: record, Window: between(10, 20), Want: want(1, 3, 100)},
		{Name: "without a window all first references count", Record: record, Window: asOf(100), Want: throughout},
		{Name: "references acknowledged later are not there yet", Record: record, Window: asOf(15), Want: early},
		{Name: "a window without reports is not the same as none ever", Record: record, Window: between(30, 40), Want: want(0, 3, 100)},
	}
}

// suggestion is one with one piece of evidence of each kind.
func suggestion(id stride.SuggestionID, p stride.ProjectID, c stride.Category, rule string, kinds ...stride.EvidenceKind) Suggestion {
	proposal := stride.Proposal{Category: c, Rule: rule, Title: `a title that says "kind":"quoted"`}
	for _, kind := range kinds {
		proposal.Evidence = append(proposal.Evidence, stride.Evidence{Kind: kind})
	}
	return Suggestion{ID: id, ProjectID: p, Proposal: proposal}
}

func reviewCases() []Case {
	suggest := func(h *History, day int, ids ...stride.SuggestionID) {
		for _, id := range ids {
			h.Suggest(Day(day), suggestion(id, p1, stride.Tampering, "r1", stride.Quoted))
		}
	}
	return []Case{
		{
			Name: "decided by category and rule, as of the moment", Window: asOf(50),
			Record: func(h *History) {
				eligible(h, p1)
				suggest(h, 1, "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8")
				h.Suggest(Day(1), suggestion("s9", p1, stride.Spoofing, "", stride.Quoted))
				h.Decide(Day(2), "s1", stride.SuggestionRejected, stride.ReasonTooGeneric, false)
				h.Decide(Day(3), "s2", stride.SuggestionRejected, stride.ReasonDuplicate, false)
				h.Decide(Day(4), "s3", stride.SuggestionMerged, "", false)
				h.Decide(Day(5), "s4", stride.SuggestionSuperseded, "", false)
				h.Decide(Day(6), "s5", stride.SuggestionNeedsInfo, "", false)
				h.Decide(Day(7), "s6", stride.SuggestionRejected, stride.ReasonOther, false)
				h.Decide(Day(8), "s6", stride.SuggestionPending, "", false)
				h.Decide(Day(9), "s6", stride.SuggestionRejected, stride.ReasonOutOfScope, false)
				h.Decide(Day(10), "s9", stride.SuggestionRejected, stride.ReasonTooGeneric, false)
				h.Decide(Day(51), "s7", stride.SuggestionRejected, stride.ReasonDuplicate, false)
				h.Decide(Day(51), "s1", stride.SuggestionPending, "", false)
			},
			Want: inOne(func(f *metrics.Facts, _ *metrics.ProjectFacts) {
				f.Review = metrics.ReviewFacts{
					Decided: []metrics.DecidedFacts{
						{Category: stride.Spoofing, Rejected: 1},
						{Category: stride.Tampering, Rule: "r1", Rejected: 3, Duplicates: 1, Merged: 1, Superseded: 1},
					},
					RejectReasons: map[stride.RejectReason]int{
						stride.ReasonTooGeneric: 2, stride.ReasonDuplicate: 1, stride.ReasonOutOfScope: 1,
					},
					Published: 9, DecisionTime: ages(5, 3, 9), Pending: 2, OldestPending: days(49),
				}
			}),
		},
		{
			Name: "edited counts with the last acceptance; an undo takes the acceptance back", Window: asOf(50),
			Record: func(h *History) {
				eligible(h, p1)
				suggest(h, 1, "s1", "s2", "s3")
				h.Decide(Day(2), "s1", stride.SuggestionAccepted, "", true)
				h.Decide(Day(2), "s2", stride.SuggestionAccepted, "", true)
				h.Decide(Day(3), "s2", stride.SuggestionPending, "", false)
				h.MoveThreat(Day(3), ThreatOf("s2"), stride.ThreatInvalid)
				h.Decide(Day(4), "s3", stride.SuggestionAccepted, "", true)
				h.Decide(Day(4), "s3", stride.SuggestionPending, "", false)
				h.MoveThreat(Day(4), ThreatOf("s3"), stride.ThreatInvalid)
				h.Decide(Day(4), "s3", stride.SuggestionAccepted, "", false)
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats = map[stride.ThreatState]int{stride.ThreatOpen: 2, stride.ThreatInvalid: 1}
				p.OpenAge = ages(2, 46, 48)
				f.OpenAge, f.FromDrafts, f.EverClosed, f.Reopened = ages(2, 46, 48), 2, 2, 1
				f.Review = metrics.ReviewFacts{
					Decided:   []metrics.DecidedFacts{{Category: stride.Tampering, Rule: "r1", Accepted: 2, Edited: 1}},
					Published: 3, DecisionTime: ages(2, 1, 3), Pending: 1, OldestPending: days(49),
				}
			}),
		},
		{
			Name: "the window is on the decision, and for evidence on the creation", Window: between(10, 20),
			Record: func(h *History) {
				eligible(h, p1)
				suggest(h, 1, "s1", "s2", "s3")
				h.Decide(Day(9), "s1", stride.SuggestionMerged, "", false)
				h.Decide(Day(10), "s2", stride.SuggestionMerged, "", false)
				h.Suggest(Day(10), suggestion("s4", p1, stride.Spoofing, "r2", stride.Inferred))
				h.Suggest(Day(10), suggestion("s5", p1, stride.Spoofing, "r2"))
				h.Suggest(Day(10), suggestion("s6", p1, stride.Spoofing, "r2", stride.Inferred, stride.Quoted))
				h.Suggest(Day(10), suggestion("s7", p1, stride.Spoofing, "r2", stride.NotStated))
				h.Suggest(Day(10), suggestion("s8", p1, stride.Spoofing, "r2", stride.HumanEvidence))
				h.Decide(Day(20), "s3", stride.SuggestionMerged, "", false)
				h.Suggest(Day(20), suggestion("s9", p1, stride.Spoofing, "r2", stride.Inferred))
			},
			Want: inOne(func(f *metrics.Facts, _ *metrics.ProjectFacts) {
				f.Review = metrics.ReviewFacts{
					Decided:   []metrics.DecidedFacts{{Category: stride.Tampering, Rule: "r1", Merged: 1}},
					Published: 5, Unverified: 2, DecisionTime: ages(1, 9, 9), Pending: 6, OldestPending: days(90),
				}
			}),
		},
	}
}
