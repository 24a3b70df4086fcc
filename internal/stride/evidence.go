package stride

// EvidenceKind says how a statement is grounded.
type EvidenceKind string

const (
	// Quoted: source[start:end] == quote, checked byte by byte.
	Quoted EvidenceKind = "quoted"
	// NotStated: the source does not mention the terms that were looked for.
	NotStated EvidenceKind = "not_stated"
	// Inferred: concluded from the model, nothing to quote.
	Inferred EvidenceKind = "inferred"
	// HumanEvidence: a person said so, in an Answer or a correction.
	HumanEvidence EvidenceKind = "human"
)

// Bounds of a quote, in bytes.
const (
	MinQuote = 12
	MaxQuote = 300
)

// Evidence grounds a statement in a source. Start and End are byte offsets into
// that source, End exclusive; Terms lists what was looked for where the kind is
// not_stated.
type Evidence struct {
	Kind     EvidenceKind `json:"kind"`
	SourceID SourceID     `json:"source_id"`
	Start    int          `json:"start"`
	End      int          `json:"end"`
	Quote    string       `json:"quote"`
	Terms    []string     `json:"terms,omitempty"`
	// Locator stands for the offsets where a source is not text as written. No
	// format makes one yet.
	Locator string `json:"locator,omitempty"`
}

// Source is one immutable input of a ThreatModel.
type Source struct {
	ID SourceID `json:"id"`
	// Name is a file name or a title, for people.
	Name string `json:"name"`
	// Format is a name from the list of formats, or "" before detection.
	Format  string `json:"format"`
	Content []byte `json:"-"`
}

// Holds reports whether the evidence is what it claims: a quoted one must equal
// the bytes of its source, which a locator cannot show. Other kinds claim
// nothing about bytes.
func (e Evidence) Holds(sources []Source) bool {
	if e.Kind != Quoted {
		return e.Kind == NotStated || e.Kind == Inferred || e.Kind == HumanEvidence
	}
	for i := range sources {
		if sources[i].ID != e.SourceID {
			continue
		}
		text := sources[i].Content
		return e.Start >= 0 && e.End <= len(text) && e.Start < e.End && string(text[e.Start:e.End]) == e.Quote
	}
	return false
}
