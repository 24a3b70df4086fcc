package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// maxInPassing bounds the proposals on parts that are mentioned in passing: a
// part that is named once must not fill the draft.
const maxInPassing = 3

// lessInPassing keeps the first maxInPassing of the proposals that threaten the
// same parts in passing and rest on no stated absence.
func lessInPassing(found []ranked, d *design) []ranked {
	passing := make(map[stride.Key]bool)
	for _, n := range d.nodes {
		passing[n.ID] = n.inPassing()
	}
	taken := make(map[stride.Key]int)
	out := make([]ranked, 0, len(found))
	for _, r := range found {
		if first, ok := allPassing(r.TargetIDs, passing); ok && r.Confidence == stride.ConfidenceLow {
			if taken[first] == maxInPassing {
				continue
			}
			taken[first]++
		}
		out = append(out, r)
	}
	return out
}

// allPassing returns the first target, and whether each is mentioned in passing.
func allPassing(targets []stride.Key, passing map[stride.Key]bool) (stride.Key, bool) {
	for _, id := range targets {
		if !passing[id] {
			return "", false
		}
	}
	return targets[0], len(targets) > 0
}

// inPassing reports whether the source names n in one place only and says nothing
// of what it holds, of its controls and of who talks to it. A source without
// quotes, such as a drawing, mentions nothing in passing.
func (n *node) inPassing() bool {
	return len(n.Evidence) == 1 && n.Evidence[0].Kind == stride.Quoted && n.alone() && len(n.Controls) == 0
}
