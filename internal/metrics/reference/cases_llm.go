package reference

import (
	"time"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// byModel is a suggestion that a model had a part in, with a rule where that is
// not "".
func byModel(id stride.SuggestionID, p stride.ProjectID, rule, model, prompt string) Suggestion {
	s := suggestion(id, p, stride.Tampering, rule, stride.Quoted)
	if rule != "" {
		s.Proposal.Origins = append(s.Proposal.Origins, stride.Origin{By: "rule"})
	}
	s.Proposal.Origins = append(s.Proposal.Origins, stride.Origin{By: "model", Model: model, Prompt: prompt})
	return s
}

// priced is a call that used 100 tokens, 10 of them cached, answered with 5 and
// cost 7 micro-USD.
func priced(id stride.LLMCallID, p stride.ProjectID, draft stride.DraftID) stride.LLMCall {
	return stride.LLMCall{
		ID: id, ProjectID: p, DraftID: draft, TokensIn: 100, TokensCached: 10, TokensOut: 5, CostMicroUSD: 7, Priced: true,
	}
}

func llmCases() []Case {
	return []Case{
		{
			Name: "decided by model and prompt, alone and with a rule", Window: asOf(100),
			Record: func(h *History) {
				eligible(h, p1)
				h.Suggest(Day(1), byModel("s1", p1, "", "openai/a", "threats/v1"))
				h.Suggest(Day(1), byModel("s2", p1, "r1", "openai/a", "threats/v1"))
				h.Suggest(Day(1), byModel("s3", p1, "r1", "openai/a", "threats/v2"))
				h.Suggest(Day(1), byModel("s4", p1, "r1", "openai/b", "threats/v2"))
				h.Suggest(Day(1), byModel("s5", p1, "r1", "openai/b", "threats/v2"))
				h.Suggest(Day(1), suggestion("s6", p1, stride.Tampering, "r1", stride.Quoted))
				for _, id := range []stride.SuggestionID{"s1", "s2", "s3", "s4", "s5"} {
					h.Decide(Day(2), id, stride.SuggestionMerged, "", false)
				}
				h.Decide(Day(2), "s6", stride.SuggestionRejected, stride.ReasonOther, false)
			},
			Want: inOne(func(f *metrics.Facts, _ *metrics.ProjectFacts) {
				f.Review = metrics.ReviewFacts{
					Decided: []metrics.DecidedFacts{
						{Category: stride.Tampering, Model: "openai/a", Prompt: "threats/v1", Merged: 1},
						{Category: stride.Tampering, Rule: "r1", Rejected: 1},
						{Category: stride.Tampering, Rule: "r1", Model: "openai/a", Prompt: "threats/v1", Merged: 1},
						{Category: stride.Tampering, Rule: "r1", Model: "openai/a", Prompt: "threats/v2", Merged: 1},
						{Category: stride.Tampering, Rule: "r1", Model: "openai/b", Prompt: "threats/v2", Merged: 2},
					},
					RejectReasons: map[stride.RejectReason]int{stride.ReasonOther: 1},
					Published:     6, DecisionTime: ages(6, 1, 1),
				}
			}),
		},
		{
			Name: "calls that started in the window, for eligible projects; a failed one used tokens too", Window: between(10, 20),
			Record: func(h *History) {
				eligible(h, p1)
				h.CreateProject(Day(0), p2, stride.InScopeUnknown)
				h.CreateSandbox(Day(0), p3)
				h.Call(Day(9), priced("c1", p1, "d1"))
				h.Call(Day(10), priced("c2", p1, "d1"))
				failed := priced("c3", p1, "d1")
				failed.Failure, failed.TokensOut = "truncated", 50
				h.Call(Day(11), failed)
				unpriced := priced("c4", p1, "d2")
				unpriced.Priced, unpriced.CostMicroUSD = false, 0
				h.Call(Day(12), unpriced)
				h.Call(Day(13), priced("c5", p2, "d3"))
				h.Call(Day(14), priced("c6", p3, "d4"))
				h.Call(Day(20), priced("c7", p1, "d5"))
			},
			Want: metrics.Facts{
				Untriaged: 1, Projects: []metrics.ProjectFacts{named(p1)},
				LLM: metrics.LLMFacts{Drafts: 2, LLMUsage: stride.LLMUsage{
					Calls: 3, Failed: 1, TokensIn: 300, TokensCached: 30, TokensOut: 60, CostMicroUSD: 14, Unpriced: 1,
				}},
			},
		},
		{
			Name: "a call that starts at the moment is there, a later one is not", Window: asOf(10),
			Record: func(h *History) {
				eligible(h, p1)
				h.Call(Day(10), priced("c1", p1, "d1"))
				h.Call(Day(10).Add(time.Microsecond), priced("c2", p1, "d2"))
			},
			Want: inOne(func(f *metrics.Facts, _ *metrics.ProjectFacts) {
				f.LLM = metrics.LLMFacts{Drafts: 1, LLMUsage: stride.LLMUsage{
					Calls: 1, TokensIn: 100, TokensCached: 10, TokensOut: 5, CostMicroUSD: 7,
				}}
			}),
		},
		{
			Name: "calls for projects out of reach are as good as absent", Window: asOf(100),
			Reach: stride.Reach{Projects: []stride.ProjectID{p2}},
			Record: func(h *History) {
				eligible(h, p1, p2)
				h.Call(Day(1), priced("c1", p1, "d1"))
			},
			Want: metrics.Facts{Projects: []metrics.ProjectFacts{named(p2)}},
		},
		{
			Name: "accepted of a model: valid, in the window, and not of a rule alone", Window: between(10, 20),
			Record: func(h *History) {
				eligible(h, p1)
				accept := func(day int, s Suggestion) {
					h.Suggest(Day(day), s)
					h.Decide(Day(day), s.ID, stride.SuggestionAccepted, "", false)
				}
				accept(9, byModel("s1", p1, "", "openai/a", "threats/v1"))
				accept(10, byModel("s2", p1, "", "openai/a", "threats/v1"))
				accept(11, byModel("s3", p1, "r1", "openai/a", "threats/v1"))
				accept(12, byModel("s4", p1, "", "openai/a", "threats/v1"))
				h.MoveThreat(Day(30), ThreatOf("s4"), stride.ThreatInvalid)
				accept(13, suggestion("s5", p1, stride.Tampering, "r1", stride.Quoted))
				h.AddThreat(Day(14), p1, "t1")
				accept(20, byModel("s6", p1, "", "openai/a", "threats/v1"))
			},
			Want: inOne(func(f *metrics.Facts, p *metrics.ProjectFacts) {
				p.Threats = map[stride.ThreatState]int{stride.ThreatOpen: 6, stride.ThreatInvalid: 1}
				p.OpenAge = ages(6, 87, 91)
				f.OpenAge, f.HumanAdded, f.FromDrafts, f.EverClosed = p.OpenAge, 1, 3, 1
				f.LLM.Accepted = 2
				f.Review = metrics.ReviewFacts{
					Decided: []metrics.DecidedFacts{
						{Category: stride.Tampering, Model: "openai/a", Prompt: "threats/v1", Accepted: 2},
						{Category: stride.Tampering, Rule: "r1", Accepted: 1},
						{Category: stride.Tampering, Rule: "r1", Model: "openai/a", Prompt: "threats/v1", Accepted: 1},
					},
					Published: 4, DecisionTime: ages(4, 0, 0),
				}
			}),
		},
	}
}
