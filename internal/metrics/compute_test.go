package metrics_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var update = flag.Bool("update", false, "write the golden files anew")

// project is one with threats in the states given.
func project(id stride.ProjectID, states map[stride.ThreatState]int) metrics.ProjectFacts {
	return metrics.ProjectFacts{ID: id, Name: "Project " + string(id), Threats: states}
}

func seconds(n int, total int64) metrics.Sum { return metrics.Sum{N: n, Millis: total * 1000} }

// none stands for a nil value in the tables below.
const none = -1.0

func requireMeasure(t *testing.T, m metrics.Measure, value float64, n int) {
	t.Helper()
	require.Equal(t, n, m.N, "n")
	if value == none {
		require.Nil(t, m.Value)
		return
	}
	require.NotNil(t, m.Value)
	require.InDelta(t, value, *m.Value, 1e-9)
}

// few has three eligible projects: one that did everything, one that did
// little, one that did nothing.
func few() metrics.Facts {
	busy := project("p1", map[stride.ThreatState]int{
		stride.ThreatOpen: 1, stride.ThreatInProgress: 1, stride.ThreatMitigated: 1, stride.ThreatResolved: 2,
		stride.ThreatRiskAccepted: 1, stride.ThreatTransferred: 1, stride.ThreatInvalid: 5,
	})
	busy.ModelsInWindow, busy.ModelsEver, busy.Fresh = 2, 3, true
	busy.Reported, busy.ReportedEver = 3, 4
	busy.Resolution, busy.Mitigation = seconds(2, 300), seconds(3, 240)
	busy.OpenAge = metrics.Quantiles{N: 3, P50: time.Minute, P90: time.Hour}
	little := project("p2", map[stride.ThreatState]int{stride.ThreatResolved: 1})
	little.ModelsEver = 1
	little.Resolution = seconds(1, 30)
	return metrics.Facts{
		Window: metrics.Window{AsOf: noon}, Untriaged: 4, OtherModels: 6, OtherModelProjects: 2,
		Projects:   []metrics.ProjectFacts{busy, little, project("p3", nil)},
		OpenAge:    metrics.Quantiles{N: 3, P50: time.Minute, P90: time.Hour},
		HumanAdded: 1, FromDrafts: 3, EverClosed: 8, Reopened: 2, CellsWanted: 8, CellsAnswered: 6,
		Review: metrics.ReviewFacts{
			Decided: []metrics.DecidedFacts{
				{
					Category: stride.Spoofing, Rule: "r2", Model: "openai/b", Prompt: "threats/v1",
					Accepted: 2, Edited: 1, Rejected: 3, Duplicates: 1, Merged: 7,
				},
				{Category: stride.Tampering, Rule: "r1", Model: "openai/a", Prompt: "threats/v2", Accepted: 1, Superseded: 1},
				{Category: stride.Tampering, Rule: "r2", Model: "openai/b", Prompt: "threats/v2", Rejected: 2},
				{Category: stride.Repudiation, Merged: 2},
			},
			RejectReasons: map[stride.RejectReason]int{stride.ReasonTooGeneric: 4, stride.ReasonDuplicate: 1},
			Published:     20, Unverified: 5,
			DecisionTime: metrics.Quantiles{N: 17, P50: 10 * time.Second, P90: 20 * time.Second},
			Pending:      2, OldestPending: 90 * time.Second,
		},
		LLM: metrics.LLMFacts{Drafts: 2, Accepted: 2, LLMUsage: stride.LLMUsage{
			Calls: 5, Failed: 1, TokensIn: 9_000, TokensCached: 4_000, TokensOut: 600, CostMicroUSD: 30_000,
		}},
	}
}

func TestComputeOfFewProjects(t *testing.T) {
	t.Parallel()
	r := metrics.Compute(few())
	tests := []struct {
		name  string
		got   metrics.Measure
		value float64
		n     int
	}{
		{"1 threat models done", r.ThreatModelsDone.Measure, 8, 3},
		{"2 projects covered", r.ProjectsCovered.Measure, 200.0 / 3, 3},
		{"2 fresh", r.ProjectsCovered.Fresh.Measure, 100.0 / 3, 3},
		{"3 threats per project, invalid ones left out", r.ThreatsPerProject.Measure, 8.0 / 3, 3},
		{"4 average reported", r.AverageReportedThreats.Measure, 1, 3},
		{"4 per covered project", r.AverageReportedThreats.PerCoveredProject, 1.5, 2},
		{"5 total reported", r.TotalReportedThreats, 3, 3},
		{"6 open, mitigated ones too", r.OpenClosed.Open.Measure, 37.5, 8},
		{"6 closed", r.OpenClosed.Closed.Measure, 62.5, 8},
		{"7 mean of the projects' means", r.AverageTimeToResolution.Measure, 90, 2},
		{"7 pooled", r.AverageTimeToResolution.Pooled, 110, 3},
		{"8 over all", r.TimeToResolution.Measure, 110, 3},
		{"8 of the first", r.TimeToResolution.ByProject[0].Measure, 150, 2},
		{"8 of the second", r.TimeToResolution.ByProject[1].Measure, 30, 1},
		{"8 of the third", r.TimeToResolution.ByProject[2].Measure, none, 0},
		{"8 accepted to mitigated", r.TimeToResolution.AcceptedToMitigated, 80, 3},
		{"precision", r.Drafting.Precision.Measure, 100.0 * 3 / 7, 7},
		{"precision of spoofing", r.Drafting.ByCategory[0].Measure, 50, 4},
		{"precision of tampering, a superseded one aside", r.Drafting.ByCategory[1].Measure, 100.0 / 3, 3},
		{"precision of merged alone", r.Drafting.ByCategory[2].Measure, none, 0},
		{"precision of no rule", r.Drafting.ByRule[0].Measure, none, 0},
		{"precision of a rule", r.Drafting.ByRule[2].Measure, 100.0 / 3, 6},
		{"precision of no model", r.Drafting.ByModel[0].Measure, none, 0},
		{"precision of a model", r.Drafting.ByModel[2].Measure, 100.0 / 3, 6},
		{"precision of a prompt", r.Drafting.ByPrompt[1].Measure, 50, 4},
		{"precision of the next one", r.Drafting.ByPrompt[2].Measure, 100.0 / 3, 3},
		{"tokens per accepted threat, cached ones once", r.Drafting.LLM.TokensPerAcceptedThreat, 4_800, 2},
		{"cost per accepted threat", r.Drafting.LLM.CostPerAcceptedThreat, 15_000, 2},
		{"edit rate", r.Drafting.EditRate.Measure, 100.0 / 3, 3},
		{"reject reasons, in the list's order", r.Drafting.RejectReasons[0].Measure, 20, 5},
		{"miss rate", r.Drafting.MissRate.Measure, 25, 4},
		{"unverified evidence", r.Drafting.UnverifiedEvidence.Measure, 25, 20},
		{"reopen rate", r.Drafting.ReopenRate.Measure, 25, 8},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			requireMeasure(t, test.got, test.value, test.n)
		})
	}
	require.Equal(t, 2, r.ThreatModelsDone.OfEligible)
	require.Equal(t, 4, r.UntriagedProjects)
	require.Equal(t, []metrics.ProjectThreats{
		{ProjectID: "p1", Name: "Project p1", Threats: 7, Open: 3, Closed: 4},
		{ProjectID: "p2", Name: "Project p2", Threats: 1, Closed: 1},
		{ProjectID: "p3", Name: "Project p3"},
	}, r.ThreatsPerProject.ByProject)
	require.Equal(t, stride.ReasonDuplicate, r.Drafting.RejectReasons[0].Reason)
	require.Equal(t, few().LLM.LLMUsage, r.Drafting.LLM.LLMUsage)
	require.Equal(t, 2, r.Drafting.LLM.Drafts)
}

// Facts come by category first, so that one model's are not together.
func TestPrecisionIsListedByName(t *testing.T) {
	t.Parallel()
	decided := []metrics.DecidedFacts{
		{Category: stride.Spoofing, Rule: "r2", Model: "openai/b", Prompt: "threats/v2", Accepted: 1},
		{Category: stride.Spoofing, Rule: "r3", Model: "openai/a", Prompt: "threats/v1", Accepted: 1},
		{Category: stride.Tampering, Rule: "r1", Accepted: 1},
		{Category: stride.Tampering, Rule: "", Model: "openai/b", Prompt: "gaps/v1", Accepted: 1},
	}
	d := metrics.Compute(metrics.Facts{Review: metrics.ReviewFacts{Decided: decided}}).Drafting
	var rules, models, prompts []string
	for _, line := range d.ByRule {
		rules = append(rules, line.Rule)
	}
	for _, line := range d.ByModel {
		models = append(models, line.Model)
	}
	for _, line := range d.ByPrompt {
		prompts = append(prompts, line.Prompt)
	}
	require.Equal(t, []string{"", "r1", "r2", "r3"}, rules)
	require.Equal(t, []string{"", "openai/a", "openai/b"}, models)
	require.Equal(t, []string{"", "gaps/v1", "threats/v1", "threats/v2"}, prompts)
	requireMeasure(t, d.ByModel[2].Measure, 100, 2)
}

func TestTokensAndMoneyPerAcceptedThreat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		usage        stride.LLMUsage
		accepted     int
		tokens, cost float64
	}{
		{"no call and no threat", stride.LLMUsage{}, 0, none, none},
		{"nothing accepted", stride.LLMUsage{Calls: 1, TokensIn: 10, CostMicroUSD: 3}, 0, none, none},
		{"accepted what was asked for before the window", stride.LLMUsage{}, 3, 0, 0},
		{"free of charge is not without a price", stride.LLMUsage{Calls: 1, TokensIn: 10, TokensOut: 5}, 3, 5, 0},
		{"one call without a price", stride.LLMUsage{Calls: 2, TokensIn: 10, TokensOut: 5, CostMicroUSD: 3, Unpriced: 1}, 3, 5, none},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := metrics.Compute(metrics.Facts{LLM: metrics.LLMFacts{LLMUsage: test.usage, Accepted: test.accepted}}).Drafting.LLM
			requireMeasure(t, got.TokensPerAcceptedThreat, test.tokens, test.accepted)
			requireMeasure(t, got.CostPerAcceptedThreat, test.cost, test.accepted)
			require.Equal(t, metrics.UnitTokens, got.TokensPerAcceptedThreat.Unit)
			require.Equal(t, metrics.UnitMicroUSD, got.CostPerAcceptedThreat.Unit)
		})
	}
}

// An empty denominator is null in every number, and only there.
func TestComputeOfNothing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		facts metrics.Facts
		// projects is how many are eligible.
		projects int
	}{
		{"no project", metrics.Facts{}, 0},
		{"a project without anything", metrics.Facts{Projects: []metrics.ProjectFacts{project("p1", nil)}}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := metrics.Compute(test.facts)
			perProject := 0.0
			if test.projects == 0 {
				perProject = none
			}
			requireMeasure(t, r.ThreatModelsDone.Measure, 0, 0)
			requireMeasure(t, r.ProjectsCovered.Measure, perProject, test.projects)
			requireMeasure(t, r.ProjectsCovered.Fresh.Measure, perProject, test.projects)
			requireMeasure(t, r.ThreatsPerProject.Measure, perProject, test.projects)
			requireMeasure(t, r.AverageReportedThreats.Measure, none, test.projects)
			requireMeasure(t, r.AverageReportedThreats.PerCoveredProject, none, 0)
			requireMeasure(t, r.TotalReportedThreats, 0, test.projects)
			requireMeasure(t, r.OpenClosed.Open.Measure, none, 0)
			requireMeasure(t, r.OpenClosed.Closed.Measure, none, 0)
			requireMeasure(t, r.AverageTimeToResolution.Measure, none, 0)
			requireMeasure(t, r.AverageTimeToResolution.Pooled, none, 0)
			requireMeasure(t, r.TimeToResolution.Measure, none, 0)
			requireMeasure(t, r.TimeToResolution.AcceptedToMitigated, none, 0)
			requireMeasure(t, r.Drafting.Precision.Measure, none, 0)
			requireMeasure(t, r.Drafting.MissRate.Measure, none, 0)
			requireMeasure(t, r.Drafting.ReopenRate.Measure, none, 0)
			require.Nil(t, r.TimeToResolution.OpenAge.P50)
			require.Nil(t, r.Drafting.Precision.Low)
			require.Nil(t, r.Drafting.Backlog.OldestAge)
			require.Len(t, r.ThreatsPerProject.ByProject, test.projects)
			require.Len(t, r.Drafting.ByCategory, 6)
		})
	}
}

func TestAverageReportedThreats(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                   string
		reported, ever, models int
		perProject, perCovered float64
		nCovered               int
	}{
		{"none ever is unknown, not 0", 0, 0, 1, none, none, 1},
		{"none in the window is 0", 0, 3, 1, 0, 0, 1},
		{"reported by projects that nobody covered", 3, 3, 0, 3, none, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := project("p1", nil)
			p.Reported, p.ReportedEver, p.ModelsEver = test.reported, test.ever, test.models
			r := metrics.Compute(metrics.Facts{Projects: []metrics.ProjectFacts{p}})
			requireMeasure(t, r.AverageReportedThreats.Measure, test.perProject, 1)
			requireMeasure(t, r.AverageReportedThreats.PerCoveredProject, test.perCovered, test.nCovered)
		})
	}
}

// One project's report has the numbers that the report over all lists for it.
func TestComputeOfOneProjectIsItsLine(t *testing.T) {
	t.Parallel()
	all := few()
	report := metrics.Compute(all)
	for i, p := range all.Projects {
		one := metrics.Compute(metrics.Facts{Projects: []metrics.ProjectFacts{p}, OpenAge: p.OpenAge})
		require.Equal(t, report.TimeToResolution.ByProject[i].ResolutionTimes, one.TimeToResolution.ResolutionTimes)
		require.Equal(t, report.ThreatsPerProject.ByProject[i:i+1], one.ThreatsPerProject.ByProject)
	}
}

// The report's JSON is part of the API's contract.
func TestReportJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		golden string
		facts  metrics.Facts
	}{
		{"few.json", few()},
		{"nothing.json", metrics.Facts{Window: metrics.Window{AsOf: noon, From: after(-1), To: after(1)}}},
	}
	for _, test := range tests {
		t.Run(test.golden, func(t *testing.T) {
			t.Parallel()
			got, err := json.MarshalIndent(metrics.Compute(test.facts), "", "  ")
			require.NoError(t, err)
			path := filepath.Join("testdata", test.golden)
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, append(got, '\n'), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got)+"\n")
		})
	}
}
