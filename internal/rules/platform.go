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
		Measure: "least privilege at the cluster's API", singled: ofElement(func(n *node) bool {
			return n.is("control_plane") && n.design.steering() || n.told("admin", "rbac", "privileg", "permission", "permissions")
		}),
		element:  func(n *node) bool { return n.clusterControl() && !n.named("controller", "operator") },
		reserved: true,
		home:     (*design).steered,
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
		element: func(n *node) bool { return n.clusterControl() && len(n.in) > 0 && !n.named("eks", "aks", "gke") },
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
		Fixes:   fixes(fix("Admit signed images by digest only for {target}, mount its file system read-only, and restrict who reaches its host.", "CAPEC-642", "CWE-494")),
		common:  true,
		Measure: "integrity of control components", singled: ofElement(func(n *node) bool {
			return n.clusterControl() && n.design.steering() || n.told("image", "images", "binary", "binaries", "signed", "unsigned", "runtime")
		}),
		element: func(n *node) bool {
			return (n.is("consensus") || n.clusterControl() || n.is("agent") && n.joins()) && n.Kind == stride.Process && !n.managed && !n.algorithm() &&
				!n.is("api") && !n.named("api", "cluster", "clusters", "eks", "aks", "gke") && !n.has("build_system", "admission_controller") && !n.chain()
		},
		reserved: true,
		home:     (*design).steered,
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
		reserved: true,
		home:     (*design).steered,
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
			member := func(c *node) bool { return c.is("agent", "cluster_node") && c.joins() }
			return (n.clusterControl() || n.is("api") && n.design.cluster) && (n.calls(member) || n.calledBy(member))
		},
	},
	{
		ID: "platform-agent-climb", Category: stride.ElevationOfPrivilege,
		Title: "Credentials of {target} used against the control plane and its neighbours",
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
		common: true,
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
		Measure: "unprivileged containers", singled: ofElement(func(n *node) bool {
			return n.has("orchestrator", "control_plane", "cluster_node") && (n.exposed() || n.design.tenants) || n.told("privileg", "root", "untrusted", "tenant", "socket", "hostpath")
		}),
		element: func(n *node) bool {
			return n.is("container") && !n.managed && !n.is("client") && !n.onlyTechnology() && !n.alsoNamed("docker", "containerd", "podman", "plugin", "plugins") && !(n.named("cloud") && n.named("run"))
		},
		reserved: true,
	},
	{
		ID: "platform-function-overreach", Category: stride.ElevationOfPrivilege,
		Title: "Cloud role of {target} misused through a flaw in its code",
		Actor: "An attacker who exploits the code of {target}", Action: "take its temporary credentials and call other cloud services",
		Fact: "it runs with a cloud role", Lack: "least privilege of that role", Effect: "access to {stores} and beyond",
		Ask:     "What may the role of {target} do besides what it needs on {stores}?",
		Control: stride.LeastPrivilege, Terms: []string{"least privilege", "IAM role", "scoped"}, Risk: risk(3, 3), Sensitive: true,
		CWE: []string{"CWE-250"}, CAPEC: []string{"CAPEC-233"},
		Fixes:   fixes(fix("Give {target} a role of its own limited to the operations it uses on {stores}, and keep its packages current.", "ASVS 13.2.2", "CWE-250")),
		element: func(n *node) bool { return n.is("function") && !n.roleDenied() },
	},
	{
		ID: "platform-delivery-tampering", Category: stride.Tampering,
		Title: "Static content behind {target} replaced",
		Actor: "Somebody with rights on the configuration or origin of {target}", Action: "change the origin, cache or code that {target} hands to browsers",
		Fact: "browsers run what it serves", Lack: "integrity check of the served code", Effect: "malicious script in every user's browser",
		Ask:     "Who may change the configuration and origin of {target}, and would a change be noticed?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"subresource integrity", "origin access", "least privilege"}, Risk: risk(2, 4),
		CWE: []string{"CWE-353"}, CAPEC: []string{"CAPEC-184"},
		Fixes: fixes(fix("Admit only {target} to the origin, let the pipeline alone write there, use subresource integrity, and alert on configuration changes.", "ASVS 3.6.1", "CWE-353")),
		element: func(n *node) bool {
			return n.is("cdn") && n.Kind != stride.ExternalEntity && (n.near("browser", "web_app", "object_storage") || n.told("site", "website", "static", "assets", "frontend"))
		},
	},
	{
		ID: "platform-delivery-flood", Category: stride.DenialOfService,
		Title: "Flood of requests to {target} runs up its bill or takes it down",
		Actor: "An attacker with a botnet", Action: "fetch large or uncached content through {target} in mass",
		Fact: "each request and each gigabyte of {target} is billed, and misses go on to the origin", Lack: "limit on requests and spending", Effect: "a bill without bound, or a site that is switched off when the budget is used up",
		Ask:     "What limits requests per client at {target}, and who is alerted when its cost rises?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.DDoSProtection, stride.Quotas},
		Terms: []string{"rate-based rule", "Shield", "budget alarm"}, Risk: risk(3, 2), Reach: true,
		CWE: []string{"CWE-770", "CWE-405"}, CAPEC: []string{"CAPEC-125"},
		Fixes:   fixes(fix("Put rate-based rules before {target}, normalise cache keys so that query strings cannot force misses, and set a budget alarm.", "ASVS 2.4.1", "CWE-770")),
		element: func(n *node) bool { return n.is("cdn") && n.Kind != stride.ExternalEntity && n.exposed() },
	},
	{
		ID: "platform-member-credentials", Category: stride.ElevationOfPrivilege,
		Title: "Credentials of joined clusters taken from {target}",
		Actor: "A user with the right to register or read clusters on {target}", Action: "find the credentials that a join leaves behind and use them on the joined clusters",
		Fact: "{target} keeps credentials of the clusters that it steers", Lack: "least privilege of these credentials and of who may read them", Effect: "administrator rights on every joined cluster",
		Ask:     "Which credential does a join leave at {target}, what may it do, who can read it, and is it revoked when the cluster leaves?",
		Control: stride.LeastPrivilege, Also: []stride.ControlName{stride.SecretsManagement},
		Terms: []string{"service account", "role binding", "kubeconfig", "rotation"}, Risk: risk(2, 4), Most: 2,
		CWE: []string{"CWE-269", "CWE-522"}, CAPEC: []string{"CAPEC-233"},
		Fixes:   fixes(fix("Bind the credential of each joined cluster to the verbs that {target} needs, keep it in a secret that registrars cannot read, rotate it, and revoke it when the cluster leaves.", "ASVS 13.2.2", "CWE-522")),
		element: (*node).manages,
	},
	{
		ID: "platform-node-secrets", Category: stride.InformationDisclosure,
		Title: "Secrets of every workload on {target} read from the node",
		Actor: "An attacker with root on {target}", Action: "read the mounted secrets, tokens and memory of all workloads placed there",
		Fact: "what runs on one node shares its kernel and disk", Lack: "separation of sensitive workloads", Effect: "disclosure of the credentials of workloads that were never attacked",
		Ask:     "Are sensitive workloads kept on nodes of their own, with short-lived and bound tokens?",
		Control: stride.TenantIsolation, Also: []stride.ControlName{stride.Sandboxing},
		Terms: []string{"dedicated nodes", "taints", "bound tokens"}, Risk: risk(2, 4),
		CWE: []string{"CWE-653"}, CAPEC: []string{"CAPEC-150"},
		Fixes: fixes(fix("Place sensitive workloads on nodes of their own by taints and affinity, use bound tokens of minutes, and run foreign workloads in a sandbox (gVisor, Kata).", "ASVS 13.3.4", "CWE-653")),
		element: func(n *node) bool {
			return n.is("cluster_node") && n.Kind == stride.Process && n.joins() && n.has("container")
		},
	},
	{
		ID: "platform-noisy-neighbour", Category: stride.DenialOfService,
		Title: "One namespace's workloads starve those of the others on {target}",
		Actor: "A tenant, or a faulty workload of one", Action: "use up CPU, memory, disk or addresses of {target}",
		Fact: "several namespaces share it", Lack: "quota per namespace", Effect: "evicted and slow workloads of everybody else",
		Ask:     "Which requests, limits and quotas per namespace hold on {target}?",
		Control: stride.Quotas, Also: []stride.ControlName{stride.TenantIsolation},
		Terms: []string{"ResourceQuota", "LimitRange", "limits"}, Risk: risk(3, 2),
		CWE: []string{"CWE-770"}, CAPEC: []string{"CAPEC-130"},
		Fixes: fixes(fix("Set ResourceQuota and LimitRange per namespace on {target}, limit pods and volumes per tenant, and reserve capacity for system workloads.", "CWE-770", "CAPEC-130")),
		element: func(n *node) bool {
			return n.is("cluster_node", "kubernetes", "orchestrator") && n.Kind == stride.Process && !n.managed && !n.named("api", "apiserver", "controller", "scheduler") &&
				n.design.namespaces > 1
		},
		reserved: true,
	},
}

// steering reports whether a quarter of the elements make a cluster or decide in
// one: the design is about it, and does not merely run there.
func (d *design) steering() bool {
	parts := 0
	for _, n := range d.nodes {
		if n.is("control_plane", "orchestrator", "agent", "cluster_node", "consensus", "decision_point") {
			parts++
		}
	}
	return parts*4 >= len(d.nodes)
}

// joins reports whether n is a member of a cluster and reports to its control
// plane; a virtual machine without one joins nothing.
func (n *node) joins() bool {
	if n.named("cni", "plugin", "certificate", "cert", "log", "logging", "metrics", "telemetry", "backup", "storage") {
		return false // works for a node or a part of it and is none
	}
	if n.is("agent") && n.named("node", "kubelet", "cluster", "daemon") {
		return true
	}
	return n.has("control_plane", "orchestrator") && n.design.cluster && !n.is("third_party") &&
		!n.named("ec2", "vm", "virtual", "instance", "instances", "baremetal")
}

// alsoNamed reports whether the name of n is a product or kind that runs or builds
// workloads and is none: its last word is one of the stems.
func (n *node) alsoNamed(stems ...string) bool {
	own := wordsIn(n.Name)
	return len(own) > 0 && own[len(own)-1:].holds(stems...)
}
