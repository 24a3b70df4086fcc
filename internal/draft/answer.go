package draft

import (
	"maps"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// answer writes the answers into the controls of what they were given for. The
// last answer about a control of a target counts.
func answer(a *stride.Architecture, answers []stride.Answer) {
	given := map[stride.Key]stride.Controls{}
	for _, ans := range answers {
		for _, k := range ans.Targets {
			if given[k] == nil {
				given[k] = stride.Controls{}
			}
			given[k][ans.Control] = stride.Control{
				State:    ans.State,
				Evidence: []stride.Evidence{{Kind: stride.HumanEvidence, Quote: ans.Text}},
			}
		}
	}
	for i := range a.Elements {
		maps.Copy(a.Elements[i].Controls, given[a.Elements[i].ID])
	}
	for i := range a.Flows {
		maps.Copy(a.Flows[i].Controls, given[a.Flows[i].ID])
	}
}
