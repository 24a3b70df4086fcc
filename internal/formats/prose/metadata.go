package prose

import (
	"regexp"
	"strings"
)

// metadataLine matches what says who wrote a document, for whom and when. The
// people and firms that it names are no parts of the system.
var metadataLine = regexp.MustCompile(`^(?:\*\*)?(?:Client|Customer|Authors?|Prepared (?:by|for)|Reviewed by|Reviewers?|Approved by|Written by|Notes by|Present|Attendees|` +
	`Participants|Absent|Apologies|Distribution|Audience|Document owner|Owner|Contact|Date|Version|Status|Revision|Last updated|Software|Languages?|` +
	`Licen[cs]e|Repository|Website|Homepage|Maintainers?|SBOM|Classification|Purpose|Subject)(?:\*\*)?(?:: ?| (?:by|for) )`)

// metadata reports whether the text begins as such a line.
func metadata(text string) bool {
	return len(text) > 4 && metadataLine.MatchString(text[:min(len(text), 80)]) || strings.HasPrefix(text, "Prepared by ") || strings.HasPrefix(text, "Notes by ")
}

// imprint reports whether the sentence is metadata of the document, not a
// statement about the system.
func (s *sentence) imprint(text string) bool {
	return s.block.kind == paragraph && (metadata(text[s.start:s.end]) || s.start > s.block.start && metadata(text[s.block.start:s.block.end]) &&
		shortLabel(text[s.start:s.end]))
}

// shortLabel sees the "Subject: ..." that follows another label in its line.
func shortLabel(text string) bool {
	label, _, found := strings.Cut(text, ":")
	return found && len(label) < 24 && len(strings.Fields(label)) < 3
}
