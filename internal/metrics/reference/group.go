package reference

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// HumanKind is what every threat of AddThreat is.
func HumanKind() metrics.Kind {
	return metrics.Kind{Category: stride.Spoofing, Severity: stride.SeverityLow}
}

// KindOf is what a suggestion and the threat from it are.
func KindOf(p stride.Proposal) metrics.Kind {
	by := p.ByModel()
	return metrics.Kind{Category: p.Category, Severity: p.Severity, Rule: p.Rule, Model: by.Model, Prompt: by.Prompt}
}

// Groups works out the facts of each group by replaying, for each, a history in
// which only what belongs to it happened.
func Groups(h *History, reach stride.Reach, w metrics.Window, by metrics.GroupBy) (map[string]metrics.Facts, error) {
	out := map[string]metrics.Facts{}
	for key := range keysOf(h, reach, w, by) {
		part, within := h.part(key, reach, by)
		f, err := Facts(part, within, w)
		if err != nil {
			return nil, err
		}
		if by == metrics.ByTag && len(f.Projects)+f.Untriaged+f.OtherModels == 0 || by == metrics.ByProject && len(f.Projects) == 0 {
			continue
		}
		out[key] = f
	}
	return out, nil
}

// keysOf are the groups that may be there at the moment.
func keysOf(h *History, reach stride.Reach, w metrics.Window, by metrics.GroupBy) map[string]bool {
	keys := map[string]bool{}
	switch by {
	case metrics.ByCategory:
		for _, c := range stride.Categories() {
			keys[string(c)] = true
		}
	case metrics.BySeverity:
		for _, s := range stride.Severities() {
			keys[string(s)] = true
		}
	}
	for _, p := range h.Projects {
		if by.OfProjects() && reach.Holds(p.ID) {
			for _, key := range keysOfProject(p, by) {
				keys[key] = true
			}
		}
	}
	if by.OfProjects() {
		return keys
	}
	r := newReplay(h)
	for _, e := range h.Events {
		if reach.Holds(e.ProjectID) && r.apply(e, w) != nil {
			return nil
		}
	}
	for _, s := range r.suggestions {
		if r.projects[s.project].eligible() {
			keys[keyOf(KindOf(s.proposal), by)] = true
		}
	}
	for _, t := range r.threats {
		if r.projects[t.project].eligible() {
			keys[keyOf(t.kind(), by)] = true
		}
	}
	for _, c := range h.Calls {
		if by.HasCalls() && r.projects[c.ProjectID].eligible() && w.Holds(c.StartedAt) {
			keys[keyOfCall(c, by)] = true
		}
	}
	return keys
}

func (t *threatLife) kind() metrics.Kind {
	if t.origin == stride.OriginHuman {
		return HumanKind()
	}
	return KindOf(t.proposal)
}

func keysOfProject(p Project, by metrics.GroupBy) []string {
	switch {
	case by == metrics.ByProject:
		return []string{string(p.ID)}
	case len(p.Tags) == 0:
		return []string{""}
	}
	return p.Tags
}

func keyOf(k metrics.Kind, by metrics.GroupBy) string {
	return map[metrics.GroupBy]string{
		metrics.ByCategory: string(k.Category), metrics.BySeverity: string(k.Severity), metrics.ByRule: k.Rule,
		metrics.ByModel: k.Model, metrics.ByPrompt: k.Prompt,
	}[by]
}

func keyOfCall(c stride.LLMCall, by metrics.GroupBy) string {
	if by == metrics.ByModel {
		return c.Provider + "/" + c.Model
	}
	return c.Task + "/" + c.PromptVersion
}

// part is the history of one group, and the reach in which it is replayed. Of a
// group of threats and suggestions nothing else but projects is left.
func (h *History) part(key string, reach stride.Reach, by metrics.GroupBy) (*History, stride.Reach) {
	if by.OfProjects() {
		within := stride.Reach{Projects: []stride.ProjectID{}}
		for _, p := range h.Projects {
			if reach.Holds(p.ID) && slices.Contains(keysOfProject(p, by), key) {
				within.Projects = append(within.Projects, p.ID)
			}
		}
		return h, within
	}
	proposals, kept := map[string]stride.Proposal{}, map[string]bool{}
	for _, s := range h.Suggestions {
		proposals[string(s.ID)] = s.Proposal
		kept[string(s.ID)] = keyOf(KindOf(s.Proposal), by) == key
	}
	for _, t := range h.Threats {
		kind := HumanKind()
		if t.Origin != stride.OriginHuman {
			kind = KindOf(proposals[string(t.SuggestionID)])
		}
		kept[string(t.ID)] = keyOf(kind, by) == key
	}
	part := *h
	part.Events, part.Calls, part.Drafts = nil, nil, nil
	for _, e := range h.Events {
		switch e.Subject {
		case stride.SubjectModel:
			continue
		case stride.SubjectSuggestion, stride.SubjectThreat:
			if !kept[e.SubjectID] {
				continue
			}
		}
		part.Events = append(part.Events, e)
	}
	for _, c := range h.Calls {
		if by.HasCalls() && keyOfCall(c, by) == key {
			part.Calls = append(part.Calls, c)
		}
	}
	return &part, reach
}
