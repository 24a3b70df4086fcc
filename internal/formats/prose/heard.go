package prose

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// safeguardTable lists how texts say that a safeguard is there by what it does:
// "checks that the caller may read". "_" stands for one to four words within the
// clause. A first word of a pattern is never "_".
var safeguardTable = []patternRow{
	{stride.RateLimiting, "limited to _ per second|limited to _ per minute|limited to _ per hour|limited to _ a minute|limited to _ an hour|limited to _ attempts|limits _ per second|limits _ per minute|" +
		"limits _ per hour|at most _ per second|at most _ per minute|at most _ per hour|no more than _ per second|no more than _ per minute|no more than _ per hour|no more than _ attempts|" +
		"limits _ attempts|limits the number of requests|locked after _ attempts|locked after _ tries|after _ failed attempts|after _ wrong attempts|after _ failed logins"},
	{stride.Authorization, "checks that _ may|checks whether _ may|checks _ that _ may|checks that _ is allowed|checks whether _ is allowed|checks that _ has access|checks whether _ has access|checks that _ owns|" +
		"checks whether _ owns|check that _ may|check whether _ may"},
	{stride.SessionManagement, "live _ minutes|lives _ minutes|live for _ minutes|lives for _ minutes|valid for _ minutes|valid for one hour|valid for an hour|expire after _ minutes|expires after _ minutes|" +
		"expire after _ hours|expires after _ hours|expire after an hour|expires after an hour|expire in _ minutes|expires in _ minutes|lifetime of _ minutes"},
	{stride.IntegrityCheck, "verifies _ signature|verify _ signature|checks _ signature|validates _ signature"},
	{stride.DependencyScanning, "pins _ version|pins _ versions|pinned to _ version|pinned to _ versions|versions that _ pins|pins _ by digest"},
	{stride.Redundancy, "buffers _ offline|buffer _ offline|buffered _ offline|replicated to a second|replicated to another|replicates to a second|continues _ when offline|continue _ when offline"},
	{stride.HumanApproval, "two people _ approve|two people must approve|two persons _ approve|approved by _ second|second person _ approves|second person _ approve"},
}

// safeguardsIn reads the statements of the table out of the words of a sentence;
// at holds their offsets. A denial before them makes them absent, a plan unknown.
func (x *extractor) safeguardsIn(words []string, at []int) []finding {
	var out []finding
	for i, w := range words {
		for _, p := range x.safeguards[w] {
			if n := matchPattern(words[i:], p.words); n > 0 {
				said := slices.Clone(words)
				for k := i; k < i+n; k++ {
					if said[k] == "may" || said[k] == "whether" {
						said[k] = "" // what the caller may do, not what may be checked
					}
				}
				out = append(out, finding{name: p.control, state: polarity(said, i, i+n, stride.ControlPresent), at: at[i]})
				break
			}
		}
	}
	return out
}
