package metrics

// Formula says how a number is made, and what its n counts.
type Formula struct {
	// Metric is the path of the number in a Report as JSON.
	Metric  string `json:"metric"`
	Formula string `json:"formula"`
	N       string `json:"n"`
	Unit    Unit   `json:"unit"`
}

// Formulas lists every number of a Report, in its order. What the words mean
// (eligible, valid, open, closed) stands at Facts.
func Formulas() []Formula {
	return append(formulasOfProjects(), formulasOfDrafting()...)
}

func formulasOfProjects() []Formula {
	const resolved = "threats resolved at as_of and last resolved in the window"
	mitigated := "threats mitigated or resolved at as_of and last claimed mitigated in the window"
	return []Formula{
		{"eligible_projects", "projects with in_scope true, created by as_of, not archived then, no sandboxes", "", UnitProjects},
		{"untriaged_projects", "projects that would be eligible but for an in_scope of unknown", "", UnitProjects},
		{"threat_models_done", "threat models completed in the window, superseded since or not", "distinct projects of these", UnitThreatModels},
		{"threat_models_done.of_eligible_projects", "those of them that belong to eligible projects", "", UnitThreatModels},
		{"projects_covered", "eligible projects with a completed threat model / eligible projects", "eligible projects", UnitPercent},
		{
			"projects_covered.fresh", "eligible projects with a threat model completed within 365 days before as_of and no newer " +
				"version of its scope submitted since / eligible projects", "eligible projects", UnitPercent,
		},
		{"threats_per_project", "valid threats / eligible projects", "eligible projects", UnitThreatsPerProject},
		{"threats_per_project.total", "valid threats", "", UnitThreats},
		{"threats_per_project.by_project.threats", "valid threats of the project", "", UnitThreats},
		{"threats_per_project.by_project.open", "open threats of the project", "", UnitThreats},
		{"threats_per_project.by_project.closed", "closed threats of the project", "", UnitThreats},
		{
			"average_reported_threats", "total_reported_threats / eligible projects; null where no reference was ever acknowledged",
			"eligible projects", UnitThreatsPerProject,
		},
		{"average_reported_threats.per_covered_project", "total_reported_threats / covered projects", "covered projects", UnitThreatsPerProject},
		{
			"total_reported_threats", "threats of eligible projects whose first acknowledged reference is in the window",
			"eligible projects", UnitThreats,
		},
		{"open_closed.open", "open, in progress and mitigated threats / valid threats", "valid threats", UnitPercent},
		{"open_closed.closed", "resolved, risk accepted and transferred threats / valid threats", "valid threats", UnitPercent},
		{"open_closed.open_by_state", "threats of the state / valid threats", "valid threats", UnitPercent},
		{"open_closed.closed_by_state", "threats of the state / valid threats", "valid threats", UnitPercent},
		{
			"average_mean_time_to_resolution", "sum of the projects' mean times to resolution / projects that have one",
			"projects that have one", UnitSeconds,
		},
		{"average_mean_time_to_resolution.pooled", "sum of (last resolved_at - accepted_at) / resolved threats", resolved, UnitSeconds},
		{"mean_time_to_resolution", "sum of (last resolved_at - accepted_at) / resolved threats", resolved, UnitSeconds},
		{"mean_time_to_resolution.accepted_to_mitigated", "sum of (last mitigated_at - accepted_at) / mitigated threats", mitigated, UnitSeconds},
		{"mean_time_to_resolution.open_age", "p50 and p90, by nearest rank, of as_of - accepted_at", "open threats", UnitSeconds},
		{"mean_time_to_resolution.by_project", "the same for the project", resolved, UnitSeconds},
		{"mean_time_to_resolution.by_project.accepted_to_mitigated", "the same for the project", mitigated, UnitSeconds},
		{"mean_time_to_resolution.by_project.open_age", "the same for the project", "open threats of the project", UnitSeconds},
	}
}

func formulasOfDrafting() []Formula {
	const decided = "suggestions decided in the window, but for merged, duplicate and superseded ones"
	out := []Formula{}
	for _, of := range []string{"", "_by_category", "_by_rule", "_by_model", "_by_prompt"} {
		out = append(out,
			Formula{"drafting.precision" + of, "accepted / (decided - merged - duplicate), with the 95 % Wilson interval", decided, UnitPercent},
			Formula{"drafting.precision" + of + ".superseded", "suggestions that an answer or a newer draft settled in the window", "", UnitSuggestions},
		)
	}
	return append(out, []Formula{
		{"drafting.edit_rate", "accepted with edits / accepted", "suggestions accepted in the window", UnitPercent},
		{"drafting.reject_reasons", "rejected for the reason / rejected", "suggestions rejected in the window", UnitPercent},
		{
			"drafting.miss_rate", "human-added threats / (human-added + accepted from drafts)",
			"valid threats accepted or added in the window", UnitPercent,
		},
		{
			"drafting.unverified_evidence", "suggestions that rest on inference alone / suggestions",
			"suggestions created in the window", UnitPercent,
		},
		{
			"drafting.time_to_decision", "p50 and p90, by nearest rank, of decided_at - created_at",
			"suggestions accepted, rejected or merged in the window", UnitSeconds,
		},
		{"drafting.backlog.pending", "suggestions pending at as_of", "", UnitSuggestions},
		{"drafting.backlog.oldest_age", "as_of - created_at of the oldest pending suggestion", "", UnitSeconds},
		{
			"drafting.coverage", "cells with a threat, a control or a reason why there is none / cells that want an answer",
			"cells of the newest draft of each scope's newest drafted version", UnitPercent,
		},
		{
			"drafting.reopen_rate", "threats ever reopened / threats ever closed or invalid",
			"threats closed or invalid at some time up to as_of", UnitPercent,
		},
		{"drafting.llm.calls", "calls to language models started in the window", "", UnitCalls},
		{"drafting.llm.failed", "those that failed", "", UnitCalls},
		{"drafting.llm.tokens_in", "tokens asked, cached ones included", "", UnitTokens},
		{"drafting.llm.tokens_cached", "tokens asked that the provider had cached", "", UnitTokens},
		{"drafting.llm.tokens_out", "tokens answered", "", UnitTokens},
		{"drafting.llm.cost_micro_usd", "sum of the calls' prices", "", UnitMicroUSD},
		{"drafting.llm.unpriced", "calls to models without a price", "", UnitCalls},
		{"drafting.llm.drafts", "distinct drafts that the calls were made for", "", UnitDrafts},
		{
			"drafting.llm.tokens_per_accepted_threat", "(tokens_in + tokens_out) / threats",
			"valid threats accepted in the window from suggestions that a model had a part in", UnitTokens,
		},
		{
			"drafting.llm.cost_per_accepted_threat", "cost_micro_usd / threats; null where a call had no price",
			"valid threats accepted in the window from suggestions that a model had a part in", UnitMicroUSD,
		},
	}...)
}
