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
		Fixes:   fixes(fix("Make changes to {dest} as reviewed code with a dry run, limits on how much changes at once, and a tested way back.", "CAPEC-176")),
		at:      atFlowAndReceiver,
		Measure: "review of changes to settings", singled: ofFlow(func(e *edge) bool {
			stems := []string{"manual", "hand", "mistake", "accident", "wrong", "misconfig", "typo"}
			return e.says(append(stems, "directly", "immediate", "live", "edit", "chang")...) || e.from.quoted.holds(stems...) || e.to.quoted.holds(stems...)
		}),
		flow: func(e *edge) bool {
			return e.from.is("admin", "operator") && !e.to.person() && e.to.settingOf() != "" && !e.looks()
		},
		reserved: true,
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
		element: func(n *node) bool { return n.is("developer") && n.standing() },
		tell:    telling("laptop", "workstation", "ssh", "kubeconfig", "personal access token"), common: true,
		reserved: true,
		home:     func(d *design) bool { return d.ships || d.robotic() || d.learning() },
	},
}
