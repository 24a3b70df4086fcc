package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// policyKeeper reports whether n decides or hands out by what its owners write down.
func (n *node) policyKeeper() bool {
	return n.endpoint() && (n.is("policy_engine", "secret_store", "identity_provider", "config_store") || n.grants())
}

// practicesOfPolicies are attacks on programs that act on policies, and on those that
// keep rights: what a policy may do, which version counts, who writes it.
// Source: CNCF TAG Security, self-assessments of Cloud Custodian and OpenFGA; OWASP
// Authorization Cheat Sheet.
var practicesOfPolicies = []practice{
	{
		id: "told-acting-policy", category: stride.ElevationOfPrivilege, title: "Policy that {target} carries out changes or deletes what it should not",
		actor: "Whoever may write or alter a policy, or errs in one", action: "have {target} delete, stop or open resources with rights of its own",
		lack: "review of policies by a second person before they act", effect: "destroyed or exposed resources, in a way that looks like automation at work",
		ask:     "Who reviews a policy before {target} acts on it, and how many resources may one run change?",
		control: stride.HumanApproval, also: []stride.ControlName{stride.CodeReview}, terms: []string{"approval", "second person"}, risk: risk(3, 4),
		cwe: "CWE-269", capec: "CAPEC-233", fix: "Let policies act through {target} only after review and a trial run, split reading and changing roles, cap how many resources one run may touch, and exempt what must never be deleted.",
		says:  []string{"remediat", "corrective action", "acts on resource", "actions on resource", "deletes resource", "filters and actions"},
		whole: true,
		of: func(n *node) bool {
			return n.program() && n.is("policy_engine", "monitoring", "service", "function", "scheduler")
		},
	},
	{
		id: "told-check-then-act", category: stride.Tampering, title: "Resource changed between the check and the action of {target}",
		actor: "Somebody who may change the resource", action: "swap, tag or restore the resource after {target} has looked at it and before it acts",
		lack: "check and action in one step", effect: "an action on the wrong resource, or none on the right one",
		ask:     "How long may lie between the check and the action of {target}, and does it act on the version that it checked?",
		control: stride.IntegrityCheck, terms: []string{"conditional request", "resource version", "transaction"}, risk: risk(2, 3),
		cwe: "CWE-362", capec: "CAPEC-212", fix: "Let {target} act on condition of the version that it checked, keep the time between short, and check the outcome afterwards.",
		says:  []string{"current state of the resource", "if all checks pass", "then proceeds with", "before evaluating the policy", "after the check"},
		whole: true,
		of:    (*node).program,
	},
	{
		id: "told-provisioned-function", category: stride.ElevationOfPrivilege, title: "Right of {target} to create functions used to run code under a stronger role",
		actor: "Whoever takes over {target} or its credentials", action: "create or alter a function that runs under a role with wider rights, and call it",
		lack: "limit on which roles may be handed to functions", effect: "rights that {target} itself was never given, keys and data among them",
		ask:     "Which roles may {target} pass to the functions that it creates, and who sees new ones?",
		control: stride.LeastPrivilege, also: []stride.ControlName{stride.Monitoring}, terms: []string{"permission boundary", "pass role"}, risk: risk(3, 4),
		cwe: "CWE-269", capec: "CAPEC-233", fix: "Name the roles that {target} may pass, put a permissions boundary on them, refuse changes of other functions' code, and alert on every function created.",
		says:  []string{"provisions serverless function", "provisions lambda", "provisions function", "creates serverless function", "creates lambda function", "deploys lambda function", "deploys serverless function"},
		whole: true,
		of:    func(n *node) bool { return n.program() && !n.outside },
	},
	{
		id: "told-findings", category: stride.InformationDisclosure, title: "Findings in {target} show an intruder where to strike",
		actor: "An insider, or an intruder with read access", action: "read in {target} which resources are open, unpatched or out of policy",
		lack: "limit on who reads them", effect: "a map of the weakest spots, and of data in resources that the findings quote",
		ask:     "Who may read findings in {target}, and how long are they kept?",
		control: stride.Authorization, also: []stride.ControlName{stride.EncryptionAtRest}, terms: []string{"access policy", "restricted"}, risk: risk(2, 3),
		cwe: "CWE-200", capec: "CAPEC-116", fix: "Give findings in {target} a bucket or index of their own, readable for those who mend them, encrypted under their key, and deleted on a date.",
		says: []string{"structured output", "scan result", "scan finding", "compliance report", "compliance finding", "assessment result", "vulnerability report"},
		once: true,
		of:   func(n *node) bool { return n.store() && !n.outside },
	},
	{
		id: "told-permissive-model", category: stride.ElevationOfPrivilege, title: "Model or policy of {target} grants more than was meant",
		actor: "A user with ordinary rights", action: "find a relation, group or path in {target} that grants what nobody wanted to grant",
		lack: "tests and review of what it grants", effect: "access to other people's objects that every check confirms",
		ask:     "Which tests show what must be refused at {target}, and who reviews a change of the model?",
		control: stride.CodeReview, terms: []string{"policy tests", "access review", "assertions"}, risk: risk(3, 4),
		cwe: "CWE-863", capec: "CAPEC-1", fix: "Keep models and policies of {target} in version control with tests of what must be refused, review each change by a second person, and list unused and public grants regularly.",
		says:  []string{"authorization model", "relationship tuple", "relation tuple", "permission model", "bound to policies", "least privilege polic", "attached polic"},
		whole: true,
		of:    (*node).policyKeeper,
	},
	{
		id: "told-old-model", category: stride.ElevationOfPrivilege, title: "Callers of {target} decide by an old version of its rules",
		actor: "A user whom the new version would refuse", action: "use an application that still asks {target} by the old version, or by none",
		lack: "retirement of old versions", effect: "rights that were taken away and still work",
		ask:     "Which version do callers of {target} name, and how are those found that still use an old one?",
		control: stride.Monitoring, terms: []string{"pinned model", "retired version"}, risk: risk(2, 3),
		cwe: "CWE-863", capec: "CAPEC-1", fix: "Let callers of {target} name the version in every request, report which versions are asked for, and refuse retired ones after a date.",
		says:  []string{"a new version is created", "versions of the model", "model version"},
		whole: true,
		of:    func(n *node) bool { return n.is("policy_engine") },
	},
	{
		id: "told-own-grants", category: stride.ElevationOfPrivilege, title: "Client of {target} writes rights for itself",
		actor: "Whoever holds the credential of any client", action: "write models, relations or roles at {target} that give their own user everything",
		lack: "separate rights for asking and for writing", effect: "control of every application that asks {target}",
		ask:     "Which clients of {target} may write models and relations, and which may only ask?",
		control: stride.LeastPrivilege, terms: []string{"read only client", "per store", "separate credential"}, risk: risk(3, 4),
		cwe: "CWE-1220", capec: "CAPEC-122", fix: "Give clients of {target} that only ask a credential that cannot write, bind others to one store and model, and alert on writes by anybody else.",
		says:  []string{"relationship tuples updating", "updating authorization model", "write authorization model", "manage the authorization model", "writing relationship", "tuples read write", "creates and changes roles"},
		whole: true,
		of:    func(n *node) bool { return n.is("policy_engine", "api") },
	},
	{
		id: "told-shared-key", category: stride.Spoofing, title: "Pre-shared key of {target} copied, guessed or never changed",
		actor: "Whoever reads an environment variable, an image or a log", action: "call {target} with the key that all its clients share",
		lack: "protection and exchange of that key", effect: "the rights of every client, until somebody changes the key everywhere",
		ask:     "Where do the keys of {target} lie, how long are they, and how is one replaced without an outage?",
		control: stride.KeyManagement, also: []stride.ControlName{stride.SecretsManagement}, terms: []string{"rotation", "secrets manager"}, risk: risk(3, 4),
		cwe: "CWE-798", capec: "CAPEC-560", fix: "Prefer tokens of an identity provider at {target}; else give each client a random key of 256 bits with an end date, in a secrets manager, and compare them in constant time.",
		says:     []string{"pre shared key", "preshared key", "shared key or oidc", "psk secret"},
		unless:   []string{"wifi", "wpa", "wireguard", "ipsec", "zigbee", "lora"},
		whole:    true,
		of:       func(n *node) bool { return n.program() && !n.is("client", "device", "vpn") },
		silences: []string{"told-static-key"},
	},
	{
		id: "told-open-console", category: stride.InformationDisclosure, title: "Console for trying out {target} left open",
		actor: "Anybody who finds its address", action: "use the console to read, try and change what {target} holds, and to learn its version",
		lack: "a sign-in before it", effect: "disclosure of the data model, and changes by strangers",
		ask:     "Is the console of {target} off in production, or behind a sign-in?",
		control: stride.Authentication, also: []stride.ControlName{stride.NetworkIsolation}, terms: []string{"disabled in production", "sign-in"}, risk: risk(3, 3),
		cwe: "CWE-306", capec: "CAPEC-574", fix: "Turn the console of {target} off outside of development, bind it to localhost or put it behind sign-in, and leave versions out of answers.",
		says:  []string{"playground", "swagger ui", "graphiql", "api explorer", "debug console", "debug endpoint", "pprof"},
		whole: true,
		of:    func(n *node) bool { return n.program() && !n.is("client") },
	},
	{
		id: "told-stored-grants", category: stride.Tampering, title: "Rights written straight into {target}",
		actor: "A database administrator, or whoever has the service's database password", action: "add or delete rights in {target} past the service that checks them",
		lack: "integrity check of what is stored", effect: "access for whom they like, without a trace in the service's log",
		ask:     "Who may write {target} besides the service, and what would notice a row that it did not write?",
		control: stride.IntegrityCheck, also: []stride.ControlName{stride.LeastPrivilege}, terms: []string{"changelog", "only the service may write"}, risk: risk(2, 4),
		cwe: "CWE-732", capec: "CAPEC-124", fix: "Leave writing of {target} to the service's account alone, log statements of all others, and compare its rows with the service's own change log.",
		says: []string{"stores the relationship", "stores relationship", "store authorization", "stores authorization", "stores the permission", "stores permission", "stores roles", "keeps roles", "stores the policies"},
		once: true,
		of:   func(n *node) bool { return n.database() && !n.outside },
	},
}
