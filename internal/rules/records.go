package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// records holds repudiation and the attacks on logs.
var records = []Rule{
	{
		ID: "log-denied-action", Category: stride.Repudiation,
		Title: "{actors} can deny {acts} made through {target}",
		Actor: "{actors}", Action: "deny {acts} made through {target}, or claim that somebody else made them",
		Lack: "record of who did what", Effect: "disputes about {acts} that nobody can settle",
		Ask:     "Does {target} record {acts} with user, time and outcome?",
		Control: stride.AuditLogging, Terms: []string{"audit", "log", "trail"}, Risk: risk(3, 2), Reach: true,
		CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-195"},
		Fixes:   fixes(fix("Record {acts} in {target} with user, session, time and outcome, and keep the record where {actors} and the service cannot change it.", "ASVS 16.2.1", "ASVS 16.3.1", "CWE-778")),
		Most:    3,
		element: (*node).deniable,
		hear:    hears((*node).pointOfAction, "place order", "places order", "place their order", "orders are placed", "checkout", "check out", "purchase", "approve the", "approve order", "approve payment", "edit and approve", "transfer money", "refund"),
	},
	{
		ID: "log-denied-administration", Category: stride.Repudiation,
		Title: "{source} can deny changes of {setting} on {dest}",
		Actor: "{source}", Action: "change {setting} on {dest} and deny it, or erase the traces",
		Fact: "administrators often can change the log as well", Lack: "audit log out of their reach", Effect: "misuse of privileges without accountability",
		Ask:     "Are actions of {source} on {dest} recorded under personal accounts, where {source} cannot delete them?",
		Control: stride.AuditLogging, Terms: []string{"audit", "log", "trail"}, Risk: risk(3, 3),
		CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-268"},
		Fixes: fixes(fix("Give {source} personal accounts, and stream an audit log of {dest} to an append-only store run by somebody else.", "ASVS 16.3.2", "ASVS 16.4.3", "CWE-778")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.insider() && !e.to.person() && !e.to.is("code_repository") && e.to.settingOf() != "" && !e.looks() && !e.to.calls(keepsLogs)
		},
		Measure: "audit logs out of administrators' reach", singled: ofFlow((*edge).namedAdministration),
		Most: 3,
	},
	{
		ID: "log-denied-privilege", Category: stride.Repudiation,
		Title: "{target} can deny misuse of privileges",
		Actor: "{target}", Action: "misuse privileged access and deny it",
		Lack: "audit log of privileged actions", Effect: "damage for which nobody can be held to account",
		Ask:     "Are the actions of {target} recorded under personal accounts, where they cannot delete them?",
		Control: stride.AuditLogging, Terms: []string{"audit", "log", "trail"}, Risk: risk(3, 3),
		CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-268"},
		Fixes:   fixes(fix("Record each action of {target} under a personal account in an append-only log that somebody else runs.", "ASVS 16.3.2", "ASVS 16.4.3", "CWE-778")),
		Measure: "audit of privileged actions", singled: ofElement(func(n *node) bool {
			return n.design.cluster || n.told("privileg", "privileged", "root", "sudo", "bypass", "full", "elevated", "superuser", "manage", "refund", "delet", "approv", "configur", "grant", "reset", "impersonat", "override", "maintain", "assign", "deploy", "publish")
		}),
		element: func(n *node) bool {
			return n.is("admin", "operator") && len(n.out) == 0 && !n.colleagueActs("admin", "operator")
		},
		common: true,
	},
	{
		ID: "log-tampering", Category: stride.Repudiation,
		Title: "Records in {target} altered or deleted to hide an attack",
		Actor: "An attacker or insider with write access", Action: "delete or forge entries in {target}",
		Lack: "protection of the records against change", Effect: "loss of the evidence needed to detect and prove misuse",
		Ask:     "Can those who write to {target} also change or delete what is there?",
		Control: stride.LogIntegrity, Also: []stride.ControlName{stride.IntegrityCheck},
		Terms: []string{"append-only", "immutable", "WORM", "signed log"}, Risk: risk(2, 3),
		CWE: []string{"CWE-117", "CWE-732"}, CAPEC: []string{"CAPEC-268"},
		Fixes:   fixes(fix("Make {target} append-only for its writers, hash-chain or object-lock it, and copy it to another account.", "ASVS 16.4.2", "ASVS 16.4.3")),
		Measure: "logs that writers cannot change", singled: ofElement(func(n *node) bool {
			return n.told("audit", "security", "bastion", "trail", "siem", "compliance", "forensic")
		}),
		element: func(n *node) bool { return !n.managed && (n.is("log_store") || n.store() && n.keeps(stride.DataLogs)) },
	},
	{
		ID: "log-leak", Category: stride.InformationDisclosure,
		Title: "Sensitive log entries readable in {target}",
		Actor: "Anybody who may read {target}", Action: "read and export {logged} there",
		Fact: "more people read logs than the data itself", Lack: "redaction before writing", Effect: "disclosure of {logged} to people who need none of it",
		Ask:     "What is removed before it is written to {target}, and who may read it?",
		Control: stride.DataMinimization, Also: []stride.ControlName{stride.Authorization},
		Terms: []string{"redact", "mask", "scrub"}, Risk: risk(3, 3), Silences: []string{"store-theft-at-rest"},
		CWE: []string{"CWE-532"}, CAPEC: []string{"CAPEC-150"},
		Fixes:   fixes(fix("Redact secrets and private values before writing to {target}, restrict reading by role, and delete on schedule.", "ASVS 16.2.5", "CWE-532")),
		Measure: "redaction of logs", singled: ofElement(func(n *node) bool {
			return n.precious() || n.told("body", "bodies", "payload", "prompt", "prompts", "debug", "request", "requests", "personal") || n.design.private && !n.told("ssh", "bastion")
		}),
		element: func(n *node) bool {
			return (n.is("log_store") || n.store() && n.keeps(stride.DataLogs) && !n.is("database") || n.is("monitoring") && n.told("logs", "traces", "tracing", "crash")) && !n.named("cloudtrail", "audit", "prometheus", "metrics")
		},
	},
	{
		ID: "log-forging", Category: stride.Tampering,
		Title: "Forged entries injected into {target}",
		Actor: "A caller whose input is logged", Action: "insert line breaks or markup that read as genuine entries of {target} or run in its viewer",
		Lack: "encoding of what is logged", Effect: "misleading records and attacks on those who read them",
		Ask:     "Is logged input encoded, so that it can form no entry of its own in {target}?",
		Control: stride.OutputEncoding, Also: []stride.ControlName{stride.InputValidation, stride.LogIntegrity},
		Terms: []string{"structured logging", "encode"}, Risk: risk(2, 2),
		CWE: []string{"CWE-117"}, CAPEC: []string{"CAPEC-93"},
		Fixes: fixes(fix("Write structured (JSON) records to {target} and encode control characters.", "ASVS 16.4.1", "CWE-117")),
		element: func(n *node) bool {
			return n.is("log_store") && n.calledBy(func(c *node) bool { return c.service() && c.exposed() })
		},
	},
	{
		ID: "log-blind-spot", Category: stride.Repudiation,
		Title: "Flooding blinds {target}",
		Actor: "An attacker", Action: "flood {target} with events or stop its agents so that an attack goes unseen",
		Fact: "detection depends on it", Lack: "alarm on missing or excessive events", Effect: "attacks that are noticed late or never",
		Ask:     "Who is alerted when {target} stops receiving events or is swamped?",
		Control: stride.Monitoring, Also: []stride.ControlName{stride.RateLimiting},
		Terms: []string{"alert", "heartbeat", "monitor"}, Risk: risk(2, 2),
		CWE: []string{"CWE-223", "CWE-779"}, CAPEC: []string{"CAPEC-578"},
		Fixes: fixes(fix("Alert on silence and on bursts per sender at {target}, and keep a reserve for security events.", "ASVS 16.4.3", "CWE-223")),
		element: func(n *node) bool {
			return n.is("monitoring") && n.Kind != stride.ExternalEntity && n.told("siem", "detect", "detection", "intrusion", "security", "splunk", "sentinel", "guardduty", "falco", "wazuh")
		},
	},
	{
		ID: "log-shared-account", Category: stride.Repudiation,
		Title: "What is done on {target} under a shared account cannot be traced to a person",
		Actor: "One of those who share it, or a former member who still knows the secret", Action: "act on {target} under the shared account and deny it",
		Fact: "several people use one account or key there", Lack: "record that names the person", Effect: "misuse and mistakes for which nobody can be held to account",
		Ask:     "How is it known which person used the shared account on {target}, and when is its secret changed?",
		Control: stride.AuditLogging, Terms: []string{"personal account", "session recording", "audit"}, Risk: risk(3, 3), Most: 2, Silences: []string{"log-denied-administration"},
		CWE: []string{"CWE-778", "CWE-522"}, CAPEC: []string{"CAPEC-560"},
		Fixes:    fixes(fix("Give each person an account of their own on {target}, issue short-lived SSH certificates or single sign-on, and change the shared secret when somebody leaves.", "ASVS 16.2.1", "CWE-778")),
		tell:     (*node).sharedLogin,
		onlyTold: true,
		element:  func(n *node) bool { return !n.person() && !n.is("client") },
	},
}

// deniable reports whether people order or change through n something that they
// may want to deny; payments are judged at the provider.
func (n *node) deniable() bool {
	if !n.webService() || n.is("api_gateway") || n.near("payment_service") {
		return false
	}
	for _, e := range n.in {
		if e.byPerson() && e.act() != "" {
			return true
		}
	}
	return false
}

// colleagueActs reports whether somebody else with one of the roles is drawn as
// acting on a part: the same people under another name, more often than not.
func (n *node) colleagueActs(roles ...stride.Tag) bool {
	for _, other := range n.design.nodes {
		if other != n && len(other.out) > 0 && other.is(roles...) {
			return true
		}
	}
	return false
}
