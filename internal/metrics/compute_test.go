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
		HumanAdded: 1, FromDrafts: 3, EverClosed: 8, Reopened: 2,
		Review: metrics.ReviewFacts{
			Decided: []metrics.DecidedFacts{
				{Category: stride.Spoofing, Rule: "r2", Accepted: 2, Edited: 1, Rejected: 3, Duplicates: 1, Merged: 7},
				{Category: stride.Tampering, Rule: "r1", Accepted: 1, Superseded: 1},
				{Category: stride.Tampering, Rule: "r2", Rejected: 2},
				{Category: stride.Repudiation, Merged: 2},
			},
			RejectReasons: map[stride.RejectReason]int{stride.ReasonTooGeneric: 4, stride.ReasonDuplicate: 1},
			Published:     20, Unverified: 5,
			DecisionTime: metrics.Quantiles{N: 17, P50: 10 * time.Second, P90: 20 * time.Second},
			Pending:      2, OldestPending: 90 * time.Second,
		},
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
