package stride

// Proposal is what a draft proposes as a threat: the content of a Suggestion,
// and, once accepted, of a Threat.
type Proposal struct {
	// ID is the fingerprint of the first target within its draft; the CLI prints
	// it. A stored Suggestion has an id of its own.
	ID       string   `json:"id"`
	Category Category `json:"category"`
	Title    string   `json:"title"`
	// Statement reads "actor can action against target because condition,
	// causing impact".
	Statement string `json:"statement"`
	// TargetIDs are keys of elements or flows; Targets are their names.
	TargetIDs []Key    `json:"target_ids"`
	Targets   []string `json:"targets"`
	// FlowID is the flow where the threat is about an interaction, else "".
	FlowID     Key        `json:"flow_id"`
	Severity   Severity   `json:"severity"`
	Risk                  // likelihood and impact
	Confidence Confidence `json:"confidence"`
	// Rationale lists every addend of the score.
	Rationale   []Addend             `json:"rationale"`
	Evidence    []Evidence           `json:"evidence"`
	CWE         []string             `json:"cwe"`
	CAPEC       []string             `json:"capec"`
	Mitigations []ProposedMitigation `json:"mitigations"`
	// Control is the safeguard whose absence, or unknown state, the threat rests
	// on, or "".
	Control ControlName `json:"control"`
	// Rule is the id of the rule that drafted it, or "".
	Rule string `json:"rule"`
	// Origins names who drafted it and in which words, where a model had a part in
	// it: of a rule's proposal that a model worded better, the rule comes first.
	Origins []Origin `json:"origins,omitempty"`
}

// Origin is one drafter's words for a proposal.
type Origin struct {
	By string `json:"by"` // "rule" or "model"
	// Model is the provider and the model, "openai/gpt-5", and Prompt the task and
	// the version of its prompt, "threats/v1"; both are "" for a rule.
	Model     string `json:"model,omitempty"`
	Prompt    string `json:"prompt,omitempty"`
	Title     string `json:"title"`
	Statement string `json:"statement"`
}

// ByModel returns the origin that a language model is, the zero value for none.
func (p Proposal) ByModel() Origin {
	for _, o := range p.Origins {
		if o.By == "model" {
			return o
		}
	}
	return Origin{}
}

// Addend is one reason why likelihood or impact is what it is.
type Addend struct {
	Of     string `json:"of"` // "likelihood" or "impact"
	Points int    `json:"points"`
	Why    string `json:"why"`
	// Factor names an addend that later knowledge may take back, else "".
	Factor string `json:"factor,omitempty"`
}

// ProposedMitigation is something concrete to do about a threat.
type ProposedMitigation struct {
	Text string `json:"text"`
	// References name requirements and weaknesses: "ASVS 12.2.1", "CWE-319".
	References []string `json:"references"`
}

// Mitigated is a threat that the source says is taken care of: shown to the
// reader, never queued.
type Mitigated struct {
	Rule      string      `json:"rule"`
	Category  Category    `json:"category"`
	Title     string      `json:"title"`
	TargetIDs []Key       `json:"target_ids"`
	Targets   []string    `json:"targets"`
	Control   ControlName `json:"control"`
	Evidence  []Evidence  `json:"evidence"`
}

// CellState is the state of one cell of the coverage matrix.
type CellState string

const (
	CellThreat        CellState = "threat"
	CellMitigated     CellState = "mitigated"
	CellNotApplicable CellState = "not_applicable"
	CellEmpty         CellState = "empty"
)

// Cell is one target x category of the coverage matrix. Only cells that want
// an answer are listed; the matrix never filters threats.
type Cell struct {
	TargetID Key       `json:"target_id"`
	Category Category  `json:"category"`
	State    CellState `json:"state"`
	Reason   string    `json:"reason"`
}

// WantedCategories says which cells of an element want an answer: external
// entity S and R; process all six; data store T, I and D, and R where it keeps
// logs or business records.
func (e Element) WantedCategories() []Category {
	switch e.Kind {
	case ExternalEntity:
		return []Category{Spoofing, Repudiation}
	case Process:
		return Categories()
	}
	if e.keepsRecords() {
		return []Category{Tampering, Repudiation, InformationDisclosure, DenialOfService}
	}
	return []Category{Tampering, InformationDisclosure, DenialOfService}
}

func (e Element) keepsRecords() bool {
	if e.HasTag("log_store") {
		return true
	}
	for _, d := range e.Data {
		if d == DataLogs || d == DataBusiness || d == DataPayment {
			return true
		}
	}
	return false
}

// WantedCategories of a flow are T, I and D.
func (f Flow) WantedCategories() []Category {
	return []Category{Tampering, InformationDisclosure, DenialOfService}
}

// Question asks the author about an unknown control.
type Question struct {
	ID        string      `json:"id"`
	Text      string      `json:"text"`
	TargetIDs []Key       `json:"target_ids"`
	Control   ControlName `json:"control"`
	// ThreatIDs are the proposals that an answer would settle.
	ThreatIDs []string `json:"threat_ids"`
}

// DefaultQuestions is how many questions a draft asks at most by default.
const DefaultQuestions = 7

// Answer settles a control of one element or flow, of a zone, or of all.
type Answer struct {
	Control ControlName  `json:"control"`
	State   ControlState `json:"state"`
	// Targets are the elements and flows that the answer was given for, already
	// widened to the zone or the model where the author said so.
	Targets []Key  `json:"targets"`
	Text    string `json:"text"`
}

// FactorUnknownControl marks the addend by which an unknown control lowers the
// likelihood.
const FactorUnknownControl = "unknown_control"

// KnowAbsent takes back what an unknown control took from the likelihood, once
// somebody has said that the control is absent: likelihood is the sum of what
// remains, within 1-4, and severity follows.
func (p *Proposal) KnowAbsent() {
	kept := make([]Addend, 0, len(p.Rationale))
	taken := false
	for _, a := range p.Rationale {
		if a.Factor == FactorUnknownControl && a.Of == "likelihood" {
			p.Likelihood -= a.Points
			taken = true
			continue
		}
		kept = append(kept, a)
	}
	if !taken {
		return
	}
	if over := p.Likelihood - 4; over > 0 {
		kept = append(kept, Addend{Of: "likelihood", Points: -over, Why: "4 is the highest"})
		p.Likelihood = 4
	}
	p.Rationale = kept
	p.Severity = p.Risk.Severity()
}
