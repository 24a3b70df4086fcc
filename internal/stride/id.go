package stride

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// What is stored in a row of its own is identified by a UUIDv7 as text; each
// noun has its own type, so that one cannot be passed for another.
//
//nolint:revive // one comment says it of all
type (
	UserID       string
	TokenID      string
	ProjectID    string
	ModelID      string
	SourceID     string
	DraftID      string
	SuggestionID string
	DecisionID   string
	LLMCallID    string
	ThreatID     string
	QuestionID   string
	AnswerID     string
	ViewID       string
	MitigationID string
	TestCaseID   string
)

// Key identifies an Element, Flow, TrustBoundary or Asset within a scope: the
// native id of an imported file, else a slug of name and kind. It is stable
// over the versions of a scope.
type Key string

// Slug turns a name into the letters, digits and single hyphens of a Key.
// Letters of every script are kept, lower-cased. An empty name gives "".
func Slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if !isWordRune(r) {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// PlainText reports whether a name reads as it is written: it has no control
// character and none that changes the direction of what stands around it.
// Source: Unicode Standard Annex 9, section 2.
func PlainText(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) })
}

// Fingerprint identifies "this attack on this target of this project", so that
// a later draft recognises what was decided before. Attack is the rule id, else
// a CAPEC or CWE id with its sink, else the stemmed title. The CLI, which has no
// project, passes "". The result is 32 hexadecimal digits.
func Fingerprint(project ProjectID, target Key, category Category, attack string) string {
	h := sha256.New()
	for _, part := range []string{string(project), string(target), string(category), attack} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Words are the letters and digits of a text in small letters, with one space
// between words: what a search compares.
func Words(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}
