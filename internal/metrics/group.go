package metrics

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// GroupBy is what a report can be broken down by; "" is not at all.
type GroupBy string

const (
	ByNothing  GroupBy = ""
	ByProject  GroupBy = "project"
	ByTag      GroupBy = "tag"
	ByCategory GroupBy = "category"
	BySeverity GroupBy = "severity"
	ByModel    GroupBy = "model"
	ByPrompt   GroupBy = "prompt"
	ByRule     GroupBy = "rule"
)

// GroupBys lists what one can group by.
func GroupBys() []GroupBy {
	return []GroupBy{ByProject, ByTag, ByCategory, BySeverity, ByModel, ByPrompt, ByRule}
}

// Valid reports whether it is in the list.
func (b GroupBy) Valid() bool { return slices.Contains(GroupBys(), b) }

// OfProjects reports whether its groups hold whole projects. Those of the others
// hold threats and suggestions of any project.
func (b GroupBy) OfProjects() bool { return b == ByNothing || b == ByProject || b == ByTag }

// HasCalls reports whether calls to language models belong to its groups.
func (b GroupBy) HasCalls() bool { return b.OfProjects() || b == ByModel || b == ByPrompt }

// keys returns the groups that a project is in.
func (b GroupBy) keys(p ProjectLife) []string {
	switch {
	case b == ByProject:
		return []string{string(p.ID)}
	case b == ByTag && len(p.Tags) > 0:
		tags := slices.Sorted(slices.Values(p.Tags))
		return slices.Compact(tags)
	}
	return []string{""}
}

// key returns the group that a kind is in, where b is not OfProjects.
func (b GroupBy) key(k Kind) string {
	switch b {
	case ByCategory:
		return string(k.Category)
	case BySeverity:
		return string(k.Severity)
	case ByModel:
		return k.Model
	case ByPrompt:
		return k.Prompt
	case ByRule:
		return k.Rule
	}
	return ""
}

// fixed returns the groups that are listed even when they are empty.
func (b GroupBy) fixed() []string {
	var out []string
	switch b {
	case ByNothing:
		out = append(out, "")
	case ByCategory:
		for _, c := range stride.Categories() {
			out = append(out, string(c))
		}
	case BySeverity:
		for _, s := range stride.Severities() {
			out = append(out, string(s))
		}
	}
	return out
}

// NullByNature names the metrics that groups cannot have: they are about whole
// projects, threat models and calls, which have no category.
func (b GroupBy) NullByNature() []string {
	out := []string{}
	if !b.OfProjects() {
		out = append(out, "threat_models_done", "projects_covered", "average_reported_threats.per_covered_project", "drafting.coverage")
	}
	if !b.HasCalls() {
		out = append(out, "drafting.llm")
	}
	return out
}
