package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// platform holds the attacks on containers, clusters and control planes.
var platform = []Rule{
	{
		ID: "platform-control-takeover", Category: stride.ElevationOfPrivilege,
		Title: "Control of everything through {target}",
		Actor: "An attacker with a stolen administrator or service-account credential", Action: "use {target} to create privileged workloads and bindings",
		Fact: "it decides what runs", Lack: "least privilege of its callers", Effect: "control of all workloads and secrets that {target} governs",
		Ask:     "Which people and service accounts have wide rights on {target}, and are they time-limited?",
		Control: stride.LeastPrivilege, Terms: []string{"RBAC", "least privilege", "role binding"}, Risk: risk(3, 4),
		CWE: []string{"CWE-269"}, CAPEC: []string{"CAPEC-233"},
		Fixes:   fixes(fix("Review wildcard roles on {target}, bind administrators just in time, and alert on new cluster-wide bindings.", "ASVS 8.4.2", "CWE-269")),
		element: (*node).clusterControl,
	},
	{
		ID: "platform-control-flooding", Category: stride.DenialOfService,
		Title: "{target} exhausted by one tenant or client",
		Actor: "A user or workload with ordinary rights", Action: "send incessant or expensive requests, or create objects without end",
		Lack: "quota per caller", Effect: "nothing being scheduled, healed or changed while {target} is down, and exhausted cloud resources",
		Ask:     "Which quotas and priorities per caller does {target} enforce?",
		Control: stride.Quotas, Also: []stride.ControlName{stride.RateLimiting},
		Terms: []string{"quota", "rate limit", "priority and fairness"}, Risk: risk(3, 3),
		CWE: []string{"CWE-770"}, CAPEC: []string{"CAPEC-130"},
		Fixes:   fixes(fix("Set request priority and object quotas per tenant on {target} and alert on saturation.", "CWE-770", "CAPEC-130")),
		element: func(n *node) bool { return n.clusterControl() && len(n.in) > 0 },
	},
	{
		ID: "platform-component-tampering", Category: stride.Tampering,
		Title: "Binaries or configuration of {target} altered",
		Actor: "An attacker with access to the host or the image of {target}", Action: "modify its binaries, manifests or configuration",
		Lack: "integrity check of what runs", Effect: "a control component that obeys the attacker",
		Ask:     "What verifies the image and configuration of {target} before and while it runs?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.CodeSigning, stride.SecureBoot},
		Terms: []string{"signed image", "integrity", "read-only"}, Risk: risk(2, 4),
		CWE: []string{"CWE-494"}, CAPEC: []string{"CAPEC-642"},
		Fixes: fixes(fix("Admit signed images by digest only for {target}, mount its file system read-only, and restrict who reaches its host.", "CAPEC-642", "CWE-494")),
		element: func(n *node) bool {
			return n.is("control_plane", "agent", "orchestrator", "consensus") && n.Kind == stride.Process && !n.managed
		},
	},
	{
		ID: "platform-agent-spoofing", Category: stride.Spoofing,
		Title: "Rogue peer posing as {target}",
		Actor: "Somebody who joins a node or knows the join token", Action: "pose as {target}, receive work and secrets, or send orders",
		Fact: "other components act on its word", Lack: "mutual authentication of its peers", Effect: "false state, stolen workload secrets, or forged instructions",
		Ask:     "How does {target} prove its identity when it joins and on every call?",
		Control: stride.MutualAuthentication, Also: []stride.ControlName{stride.Authentication},
		Terms: []string{"mTLS", "bootstrap token", "client certificate"}, Risk: risk(2, 4),
		CWE: []string{"CWE-290"}, CAPEC: []string{"CAPEC-195"},
		Fixes: fixes(fix("Give {target} a certificate bound to its node, let join tokens expire within minutes, and approve joins.", "ASVS 12.3.5", "CWE-290")),
		element: func(n *node) bool {
			return n.is("agent", "cluster_node") && n.Kind == stride.Process && n.joins()
		},
	},
	{
		ID: "platform-spoofed-control", Category: stride.Spoofing,
		Title: "Rogue control plane posing as {target} towards its agents",
		Actor: "Somebody on the path, or who interferes while a node or cluster is joined", Action: "pose as {target} and send instructions to the agents and clusters that trust it",
		Fact: "agents carry out what it says", Lack: "mutual authentication between them", Effect: "foreign workloads run and secrets handed over",
		Ask:     "How do agents verify {target} when they join and on every connection (pinned CA, mutual TLS)?",
		Control: stride.MutualAuthentication, Also: []stride.ControlName{stride.EncryptionInTransit},
		Terms: []string{"mTLS", "CA bundle", "client certificate"}, Risk: risk(2, 4),
		CWE: []string{"CWE-295", "CWE-300"}, CAPEC: []string{"CAPEC-94"},
		Fixes: fixes(fix("Pin the CA of {target} in the join configuration, use mutual TLS, and let join tokens expire within minutes.", "ASVS 12.3.5", "CWE-295")),
		element: func(n *node) bool {
			return (n.clusterControl() || n.is("api")) && n.near("agent", "cluster_node")
		},
	},
	{
		ID: "platform-agent-climb", Category: stride.ElevationOfPrivilege,
		Title: "From {target} up to what it reports to",
		Actor: "An attacker who took over {target} or its host", Action: "use its credentials against the control plane or its neighbours",
		Fact: "its credentials lie on the same host as workloads", Lack: "least privilege of {target}", Effect: "spread from one node to all of the system",
		Ask:     "What may the credentials of {target} do beyond its own node?",
		Control: stride.LeastPrivilege, Also: []stride.ControlName{stride.Sandboxing},
		Terms: []string{"least privilege", "node authorizer", "scoped"}, Risk: risk(2, 4),
		CWE: []string{"CWE-269", "CWE-653"}, CAPEC: []string{"CAPEC-233"},
		Fixes: fixes(fix("Scope the credentials of {target} to its own node and tenant, rotate them, and run control components on other hosts.", "ASVS 13.2.2", "CWE-653")),
		element: func(n *node) bool {
			return n.is("agent", "cluster_node") && n.Kind == stride.Process && n.joins()
		},
	},
	{
		ID: "platform-container-escape", Category: stride.ElevationOfPrivilege,
		Title: "Escape from {target} to its host",
		Actor: "An attacker who runs code in {target}", Action: "use a privileged container, a host mount or a kernel flaw to reach the host and its neighbours",
		Lack: "sandbox around the workload", Effect: "control of the host and of every workload on it",
		Ask:     "Does {target} run unprivileged, without host mounts and with a seccomp profile?",
		Control: stride.Sandboxing, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"unprivileged", "seccomp", "gVisor", "Pod Security"}, Risk: risk(2, 4),
		CWE: []string{"CWE-250"}, CAPEC: []string{"CAPEC-480"},
		Fixes:   fixes(fix("Run {target} as non-root with all capabilities dropped, no host paths, the default seccomp profile, and a policy that enforces it.", "CAPEC-480", "CWE-250")),
		element: func(n *node) bool { return n.is("container") },
	},
	{
		ID: "platform-function-overreach", Category: stride.ElevationOfPrivilege,
		Title: "Flaw in {target} misuses its cloud role",
		Actor: "An attacker who exploits the code of {target}", Action: "take its temporary credentials and call other cloud services",
		Fact: "it runs with a cloud role", Lack: "least privilege of that role", Effect: "access to {stores} and beyond",
		Ask:     "What may the role of {target} do besides what it needs on {stores}?",
		Control: stride.LeastPrivilege, Terms: []string{"least privilege", "IAM role", "scoped"}, Risk: risk(3, 3), Sensitive: true,
		CWE: []string{"CWE-250"}, CAPEC: []string{"CAPEC-233"},
		Fixes:   fixes(fix("Give {target} a role of its own limited to the operations it uses on {stores}, and keep its packages current.", "ASVS 13.2.2", "CWE-250")),
		element: func(n *node) bool { return n.is("function") },
	},
	{
		ID: "platform-delivery-tampering", Category: stride.Tampering,
		Title: "Static content behind {target} replaced",
		Actor: "Somebody with rights on the delivery configuration or its origin", Action: "change the origin, cache or code that {target} hands to browsers",
		Fact: "browsers run what it serves", Lack: "integrity check of the served code", Effect: "malicious script in every user's browser",
		Ask:     "Who may change the configuration and origin of {target}, and would a change be noticed?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"subresource integrity", "origin access", "least privilege"}, Risk: risk(2, 4),
		CWE: []string{"CWE-353"}, CAPEC: []string{"CAPEC-184"},
		Fixes:   fixes(fix("Admit only {target} to the origin, let the pipeline alone write there, use subresource integrity, and alert on configuration changes.", "ASVS 3.6.1", "CWE-353")),
		element: func(n *node) bool { return n.is("cdn") && n.Kind != stride.ExternalEntity },
	},
}

// joins reports whether the design has a control plane that n reports to; a
// virtual machine without one joins nothing.
func (n *node) joins() bool { return n.is("agent") || n.has("control_plane", "orchestrator") }
