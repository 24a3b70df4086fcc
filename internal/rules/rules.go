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
package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// Rule is one attack: where it applies, what answers it, and how to say so.
//
// The texts may hold placeholders, which are filled with the design's own names:
// {target} the elements or flows, {source} and {dest} the ends of the flows,
// {callers} who talks to the elements, {stores} the data stores beside them,
// {boundary} what is crossed, {data} the classes of data.
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
	topics := [][]Rule{
		network, web, identity, stores, messaging, records, secrets, supplyChain, platform,
		admission, distributed, devices, clients, thirdParties, payments, machineLearning, people,
	}
	var out []Rule
	for _, t := range topics {
		out = append(out, t...)
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
