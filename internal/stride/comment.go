package stride

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// CommentID is a UUIDv7.
type CommentID string

// Comment is what somebody has to say about a suggestion or a threat. It decides
// nothing.
type Comment struct {
	ID        CommentID
	ProjectID ProjectID
	Subject   Subject // SubjectSuggestion or SubjectThreat
	SubjectID string
	// Text is Markdown as it was written, "" once the comment is deleted.
	Text string
	// Mentions are the users of the project whom the text names; Unknown are the
	// names that belong to nobody there.
	Mentions  []UserID
	Unknown   []string
	AuthorID  UserID
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt *time.Time
	Revision  int64
}

// Mention is a comment that names a user.
type Mention struct {
	Comment Comment
	ReadAt  *time.Time // nil while the user has not marked it as read
}

// mention is @name or @"a name", not within a word as in an address of mail.
var mention = regexp.MustCompile(`(?:^|[^\p{L}\p{N}_@./-])@(?:"([^"\n]{1,200})"|([\p{L}\p{N}](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}])?))`)

// MentionedNames returns the names of users that a text mentions, each once, in
// their order: @ada, or @"Ada Lovelace" where the name has spaces. What stands in
// code, between backticks, mentions nobody.
func MentionedNames(text string) []string {
	out := []string{}
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			continue
		}
		for _, m := range mention.FindAllStringSubmatch(part, -1) {
			if name := strings.TrimSpace(m[1] + m[2]); name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}
