// Package rules is the knowledge base and the offline drafter: each Rule is a
// condition on the data-flow model, the control that would answer it, wording,
// and sources.
//
// It exists so that a draft has a floor that needs no model provider and that no
// hostile description can talk away. It reads Architectures and proposes; it
// parses no text, keeps no state and does no I/O.
//
// The seams are the topic files (web.go, stores.go, ...), each a literal table,
// and List, which puts them together. A rule has two stages. First: does it
// apply, by kind, tag, shape of the flow, boundary, exposure or data. Then the
// control: present is shown as mitigated, absent is a threat, unknown is a threat
// of low confidence with a question.
//
// The specific goes before the generic: a rule silences broader ones that would
// say the same of the same element, ties of score are broken by how much rests on
// what is stated, and what fits every service alike becomes one note, no threat.
package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// Rule is one attack: where it applies, what answers it, and how to say so.
//
// The texts may hold placeholders, which are filled with the design's own names:
// {target} the elements or flows, {source} and {dest} the ends of the flows,
// {callers} who talks to the elements, {users} the people and clients among them,
// {stores} the data stores beside them, {boundary} what is crossed, {data} the
// classes of data, {values} and {acts} what the flows carry that may be forged or
// denied, {actors} the people behind them, {gain} what stands behind a service,
// {logged} what reaches a log, {harm} what false orders or readings of a
// thing do, {input} the content it takes in, {retrieved}
// what an assistant reads that others wrote, {setting} what is configured on it,
// {protocol} one that proves no sender, {senders} who commands a receiver, {reached} whom a part talks to, {entered}
// what people do at a page.
type Rule struct {
	// ID is stable: fingerprints of stored suggestions are made of it.
	ID       string
	Category stride.Category
	Title    string
	// Actor, Action, Fact and Effect make the statement: Actor can Action because
	// Fact and Lack is missing, causing Effect. Fact may be empty.
	Actor, Action, Fact, Effect string
	// Lack names the control in words: "authentication of the callers".
	Lack string
	// Ask is the question to the author where the control is unknown.
	Ask string
	// Control is what answers the threat; each of Also answers it as well.
	Control stride.ControlName
	Also    []stride.ControlName
	// Denied lists controls whose stated absence leaves Control absent too.
	Denied []stride.ControlName
	// Terms are what a description would say if it had the control.
	Terms []string
	// Risk is the score before addends.
	Risk stride.Risk
	// Sensitive raises the impact to that of the worst data involved.
	Sensitive bool
	// Reach raises the likelihood by one where somebody outside can reach it.
	Reach      bool
	CWE, CAPEC []string
	Fixes      []stride.ProposedMitigation
	// Most bounds the targets of one proposal to the most exposed ones; 0 means no
	// bound. For attacks that say something of few parts and nothing of many.
	Most int
	// Silences names broader rules that would say the same of the same element.
	Silences []string

	// specificity is that of the topic: 1 would fit many systems, 2 names a
	// mechanism, 3 an attack of one technology.
	specificity int
	// heed returns further controls that may answer the threat at an element.
	heed func(*node) []stride.Controls

	// singled reports whether a stated fact singles the site out. Where it is set
	// and the control is unknown, a site without such a fact is not proposed:
	// Measure is noted as hygiene there, because it could be said of any system.
	singled func(site) bool
	// Measure names the control as a measure of hygiene: "encryption at rest".
	Measure string

	// about holds stems of which a denial of Control must have one to count here; nil
	// for any. For controls that the rule means in a narrower sense than their name.
	about []string
	// tell returns the sentence by which the source tells the fact that the rule
	// rests on. The proposal quotes it in place of Fact and is no mere guess. Where
	// onlyTold is set, the rule keeps quiet without such a sentence.
	tell     func(*node) (stride.Evidence, bool)
	onlyTold bool

	// hear returns the sentence that makes a rule on elements apply to a part which
	// the condition, mostly for want of a flow, leaves out; nil where there is none.
	hear func(*node) (stride.Evidence, bool)

	// common marks a rule that fits every part of its kind. Where the source is
	// outspoken about its gaps, it is held back unless something is stated.
	common bool

	// reserved marks a rule that readers of many designs refuse where only the kind of
	// a part speaks for it: it is held back unless the source denies the control or
	// tells the fact, and All brings it. Home, where set, reports whether the design is
	// of the field in which the rule is at home and speaks as any other.
	reserved bool
	home     func(*design) bool

	// stated marks a rule that speaks where the source denies its control and no
	// other rule has made a threat of that.
	stated bool

	// element or flow is the condition; exactly one is set.
	element func(*node) bool
	flow    func(*edge) bool
	// at says what a rule on flows threatens.
	at place
}

// place says which targets a rule on a flow has.
type place int

const (
	atFlow place = iota
	atReceiver
	atSender
	atFlowAndReceiver
)

// List returns every rule, in the order of the topics. The slice is the
// caller's.
func List() []Rule {
	topics := []struct {
		specificity int
		rules       []Rule
	}{
		{1, network}, {1, web}, {2, identity}, {1, stores}, {2, messaging}, {1, records}, {2, secrets}, {2, supplyChain},
		{2, platform}, {3, admission}, {3, distributed}, {3, devices}, {3, buses}, {3, motion}, {3, updates}, {3, industrial},
		{2, clients}, {3, federation}, {2, thirdParties}, {3, payments}, {3, notifications}, {3, tenancy},
		{3, languageModels}, {3, machineLearning}, {2, people}, {3, habits}, {3, practices()}, {2, interactions}, {2, statedRules()},
	}
	var out []Rule
	for _, t := range topics {
		for _, r := range t.rules {
			r.specificity = t.specificity
			out = append(out, r)
		}
	}
	return out
}

func fix(text string, references ...string) stride.ProposedMitigation {
	return stride.ProposedMitigation{Text: text, References: references}
}

func fixes(f ...stride.ProposedMitigation) []stride.ProposedMitigation { return f }

func risk(likelihood, impact int) stride.Risk {
	return stride.Risk{Likelihood: likelihood, Impact: impact}
}
