package stride

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Edits are a person's changes to a proposal; nil leaves a field as it is.
// Severity is not among them: it follows likelihood and impact.
type Edits struct {
	Category    *Category
	Title       *string
	Statement   *string
	TargetIDs   *[]Key
	Likelihood  *int
	Impact      *int
	Confidence  *Confidence
	CWE         *[]string
	CAPEC       *[]string
	Mitigations *[]ProposedMitigation
}

// Empty reports whether nothing is edited.
func (e Edits) Empty() bool { return e == Edits{} }

// Apply returns p with the edits; Invalid, naming each field, where one is out
// of bounds. TargetIDs can only be narrowed here: they must be among p's.
func (e Edits) Apply(p Proposal) (Proposal, error) {
	bad := e.check("edits.")
	if e.TargetIDs != nil {
		targets, names, problem := narrow(p, *e.TargetIDs)
		if problem != nil {
			bad = append(bad, *problem)
		}
		p.TargetIDs, p.Targets = targets, names
	}
	if bad != nil {
		return p, &Error{Kind: Invalid, Message: "the edits are not valid", Fields: bad}
	}
	e.write(&p)
	return p, nil
}

// Create makes the content of a new threat; category, title, likelihood and
// impact are required. Names of targets are the caller's to fill.
func (e Edits) Create() (Proposal, error) {
	bad := e.check("")
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"category", e.Category == nil}, {"title", e.Title == nil},
		{"likelihood", e.Likelihood == nil}, {"impact", e.Impact == nil},
	} {
		if f.missing {
			bad = append(bad, Field{f.name, "is required"})
		}
	}
	p := Proposal{
		Confidence: ConfidenceHigh, TargetIDs: []Key{}, Targets: []string{}, Rationale: []Addend{}, Evidence: []Evidence{},
		CWE: []string{}, CAPEC: []string{}, Mitigations: []ProposedMitigation{},
	}
	if bad != nil {
		return p, &Error{Kind: Invalid, Message: "the threat is not valid", Fields: bad}
	}
	e.write(&p)
	if e.TargetIDs != nil {
		p.TargetIDs = slices.Clone(*e.TargetIDs)
	}
	return p, nil
}

func (e Edits) write(p *Proposal) {
	if e.Category != nil {
		p.Category = *e.Category
	}
	if e.Title != nil {
		p.Title = strings.TrimSpace(*e.Title)
	}
	if e.Statement != nil {
		p.Statement = strings.TrimSpace(*e.Statement)
	}
	if e.Likelihood != nil {
		p.Likelihood = *e.Likelihood
	}
	if e.Impact != nil {
		p.Impact = *e.Impact
	}
	if e.Confidence != nil {
		p.Confidence = *e.Confidence
	}
	if e.CWE != nil {
		p.CWE = orEmpty(*e.CWE)
	}
	if e.CAPEC != nil {
		p.CAPEC = orEmpty(*e.CAPEC)
	}
	if e.Mitigations != nil {
		p.Mitigations = orEmpty(*e.Mitigations)
		for i := range p.Mitigations {
			p.Mitigations[i].References = orEmpty(p.Mitigations[i].References)
		}
	}
	p.Severity = p.Risk.Severity()
}

// maxTitle bounds a title, in characters: drafted ones name up to two parts.
const maxTitle = 1000

func (e Edits) check(prefix string) []Field {
	var bad []Field
	add := func(field, msg string) { bad = append(bad, Field{prefix + field, msg}) }
	if e.Category != nil && !e.Category.Valid() {
		add("category", "must be one of spoofing, tampering, repudiation, information_disclosure, denial_of_service, elevation_of_privilege")
	}
	if e.Title != nil && (!within(strings.TrimSpace(*e.Title), 1, maxTitle) || !PlainText(*e.Title)) {
		add("title", fmt.Sprintf("must have 1 to %d characters, none of control or direction", maxTitle))
	}
	if e.Statement != nil && !within(*e.Statement, 0, 4000) {
		add("statement", "must have at most 4000 characters")
	}
	if e.Likelihood != nil && (*e.Likelihood < 1 || *e.Likelihood > 4) {
		add("likelihood", "must be 1 to 4")
	}
	if e.Impact != nil && (*e.Impact < 1 || *e.Impact > 4) {
		add("impact", "must be 1 to 4")
	}
	if e.Confidence != nil && !e.Confidence.Valid() {
		add("confidence", "must be one of high, medium, low")
	}
	bad = append(bad, checkIDs(prefix+"cwe", "CWE-", e.CWE)...)
	bad = append(bad, checkIDs(prefix+"capec", "CAPEC-", e.CAPEC)...)
	if e.Mitigations != nil {
		if len(*e.Mitigations) > 50 {
			add("mitigations", "must be at most 50")
		}
		for i, m := range *e.Mitigations {
			if !within(strings.TrimSpace(m.Text), 1, 2000) {
				add(fmt.Sprintf("mitigations[%d].text", i), "must have 1 to 2000 characters")
			}
		}
	}
	return bad
}

func checkIDs(field, prefix string, ids *[]string) []Field {
	if ids == nil {
		return nil
	}
	var bad []Field
	for i, id := range *ids {
		digits, ok := strings.CutPrefix(strings.TrimSuffix(id, " (unverified)"), prefix)
		if !ok || digits == "" || len(digits) > 5 || strings.Trim(digits, "0123456789") != "" {
			bad = append(bad, Field{fmt.Sprintf("%s[%d]", field, i), "must look like " + prefix + "79"})
		}
	}
	return bad
}

func within(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}

// narrow keeps the wanted targets of p, with their names.
func narrow(p Proposal, wanted []Key) ([]Key, []string, *Field) {
	if len(wanted) == 0 {
		return p.TargetIDs, p.Targets, &Field{"edits.target_ids", "must keep one target at least"}
	}
	ids, names := make([]Key, 0, len(wanted)), make([]string, 0, len(wanted))
	for _, id := range wanted {
		i := slices.Index(p.TargetIDs, id)
		if i < 0 || slices.Contains(ids, id) {
			return p.TargetIDs, p.Targets, &Field{"edits.target_ids", fmt.Sprintf("%q is no target of the suggestion, or stands twice", id)}
		}
		ids = append(ids, id)
		if i < len(p.Targets) {
			names = append(names, p.Targets[i])
		}
	}
	return ids, names, nil
}

// Diff lists the fields in which two contents differ, in a fixed order.
func Diff(from, to Proposal) []Change {
	var out []Change
	add := func(field string, a, b any) {
		if !reflect.DeepEqual(a, b) {
			out = append(out, Change{Field: field, From: a, To: b})
		}
	}
	add("category", from.Category, to.Category)
	add("title", from.Title, to.Title)
	add("statement", from.Statement, to.Statement)
	add("target_ids", from.TargetIDs, to.TargetIDs)
	add("likelihood", from.Likelihood, to.Likelihood)
	add("impact", from.Impact, to.Impact)
	add("severity", from.Severity, to.Severity)
	add("confidence", from.Confidence, to.Confidence)
	add("cwe", from.CWE, to.CWE)
	add("capec", from.CAPEC, to.CAPEC)
	add("mitigations", from.Mitigations, to.Mitigations)
	return out
}
