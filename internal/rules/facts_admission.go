package rules

import "slices"

// Facts about decision points: which parts are one with the API server that asks them.

// judges reports whether e is how an API server and its admission controller, two parts
// of one cluster, call each other.
func (e *edge) judges() bool { return e.from.ofAdmission() || e.to.ofAdmission() }

// ofAdmission reports whether n is, or answers as, an admission controller.
func (n *node) ofAdmission() bool {
	return n.is("admission_controller") || n.named("webhook", "webhooks", "admission") && n.has("admission_controller") && !n.outgoingChat() || n.checksObjects()
}

// firstJudge reports whether n is the decision point with the most flows, the first of
// several: what stops when one of them stops is said once.
func (n *node) firstJudge() bool {
	judge := func(c *node) bool {
		return c.is("decision_point") && !c.scores() && !c.OutOfScope && (!c.is("policy_engine") || c.clusterPolicy() || len(c.in) > 0 || len(c.Evidence) == 0)
	}
	return judge(n) && !slices.ContainsFunc(n.design.nodes, func(c *node) bool {
		mine, theirs := site{nodes: n.self}.exposure(), site{nodes: c.self}.exposure()
		return judge(c) && (theirs > mine || theirs == mine && c.index < n.index)
	})
}

// judgeEndpoint reports whether n is the address at which an admission controller of
// the design is asked.
func (n *node) judgeEndpoint() bool {
	return !n.store() && !n.is("decision_point") && n.named("webhook", "webhooks") && n.ofAdmission()
}
