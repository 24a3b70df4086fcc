package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// people holds mistakes and insiders.
var people = []Rule{
	{
		ID: "people-operator-error", Category: stride.Tampering,
		Title: "Mistake by {source} in setting {setting} on {dest}",
		Actor: "{source}", Action: "set {setting} on {dest} wrongly by accident",
		Fact: "one person's change takes effect at once", Lack: "approval by a second person", Effect: "an outage or an opened door that nobody meant",
		Ask:     "Do changes by {source} on {dest} go through review and can they be undone?",
		Control: stride.HumanApproval, Also: []stride.ControlName{stride.CodeReview},
		Terms: []string{"approval", "review", "dry run"}, Risk: risk(2, 3), CWE: []string{"CWE-1419"}, CAPEC: []string{"CAPEC-176"},
		Fixes: fixes(fix("Make changes to {dest} as reviewed code with a dry run, limits on how much changes at once, and a tested way back.", "CAPEC-176")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.is("admin", "operator") && !e.to.person() && e.to.settingOf() != "" && !e.looks()
		},
	},
	{
		ID: "people-stolen-workstation", Category: stride.Spoofing,
		Title: "Credentials stolen from the machine of {target}",
		Actor: "Malware or a thief", Action: "take keys and tokens from the workstation of {target} and connect in their name",
		Fact: "{target} holds standing access", Lack: "hardware-bound second factor", Effect: "entry with the rights of {target}",
		Ask:     "Are the keys of {target} hardware-bound and short-lived, and are their machines managed?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.SecretsManagement},
		Terms: []string{"hardware key", "managed device", "MFA"}, Risk: risk(3, 3), CWE: []string{"CWE-522"}, CAPEC: []string{"CAPEC-653"},
		Fixes:   fixes(fix("Use hardware-bound keys and certificates of a few hours for {target}, from managed machines only.", "ASVS 6.3.3", "CWE-522")),
		element: func(n *node) bool { return n.is("developer") },
	},
	{
		ID: "people-bulk-export", Category: stride.InformationDisclosure,
		Title: "Records looked up or exported in bulk by {source} through {dest}",
		Actor: "A curious, bribed or leaving member of {source}", Action: "read or export records of people through {dest} that their work does not need",
		Fact: "their work gives them access to all of them", Lack: "limit and review of look-ups", Effect: "disclosure of {data} by somebody who was allowed in",
		Ask:     "Are look-ups and exports by {source} in {dest} tied to a case, limited and reviewed?",
		Control: stride.Monitoring, Also: []stride.ControlName{stride.AuditLogging, stride.LeastPrivilege, stride.DataMinimization},
		Terms: []string{"access review", "case reference", "alert on exports"}, Risk: risk(2, 3), Sensitive: true, Most: 2, CWE: []string{"CWE-359"}, CAPEC: []string{"CAPEC-122"},
		Fixes: fixes(fix("Tie each look-up by {source} in {dest} to a case, mask what the case does not need, cap exports, and alert on unusual numbers.", "ASVS 16.2.1", "CWE-359")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.person() && !e.from.is("end_user") && (e.from.insider() || e.from.named("staff", "analyst", "nurse", "clerk", "agent", "employee", "support", "pharmacist", "underwriter", "operator")) &&
				!e.to.is("device", "gateway", "vpn") && (anyClass(e.Data, sensitiveData()) || e.to.handlesPrivate())
		},
	},
}
