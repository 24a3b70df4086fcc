package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// secrets holds the attacks on credentials, keys and configuration.
var secrets = []Rule{
	{
		ID: "secret-in-config", Category: stride.InformationDisclosure,
		Title: "Credentials read from {target}",
		Actor: "An attacker who gets onto the host or into the repository", Action: "read credentials from {target}",
		Lack: "managed secrets in place of plain settings", Effect: "use of those credentials against the services they open",
		Ask:     "Does {target} hold credentials in readable form, and who can read it?",
		Control: stride.SecretsManagement, Also: []stride.ControlName{stride.EncryptionAtRest},
		Terms: []string{"vault", "secrets manager", "encrypted"}, Risk: risk(3, 4),
		CWE: []string{"CWE-522", "CWE-256"}, CAPEC: []string{"CAPEC-150"},
		Fixes:   fixes(fix("Move credentials out of {target} into a secret manager, fetch them at start with the workload's identity, and rotate those that were there.", "ASVS 13.3.1", "CWE-522")),
		Measure: "no secrets in configuration", singled: ofElement(func(n *node) bool {
			return n.keeps(stride.DataCredentials, stride.DataKeys, stride.DataTokens) || n.told("credential", "secret", "password", "token", "environment", "env") || n.programs() > 0
		}),
		element: func(n *node) bool {
			return n.is("config_store") && n.Kind != stride.ExternalEntity && !n.named("webhook", "policy", "admission", "registration")
		},
	},
	{
		ID: "config-tampering", Category: stride.Tampering,
		Title: "{target} changed to redirect {callers}",
		Actor: "An attacker or insider with write access to {target}", Action: "change addresses, credentials or limits in {target}",
		Fact: "what it says is trusted from the start on", Lack: "restriction and review of changes", Effect: "{callers} connecting to a system of the attacker, or running without their checks", Measure: "review of configuration changes",
		singled: ofElement(func(n *node) bool { return n.programs() > 0 }),
		Ask:     "Who may change {target}, and is a change reviewed and noticed?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.IntegrityCheck, stride.CodeReview},
		Terms: []string{"read-only", "access control", "version control"}, Risk: risk(2, 3),
		CWE: []string{"CWE-732"}, CAPEC: []string{"CAPEC-75"},
		Fixes: fixes(fix("Keep {target} in version control with review, mount it read-only, and alert when it drifts from what was approved.", "CAPEC-75", "CWE-732")),
		element: func(n *node) bool {
			return n.is("config_store") && n.Kind != stride.ExternalEntity && !n.has("decision_point")
		},
	},
	{
		ID: "secret-store-overreach", Category: stride.ElevationOfPrivilege,
		Title: "One foothold reads every secret in {target}",
		Actor: "An attacker who took over one workload", Action: "read secrets of other workloads from {target}",
		Lack: "least privilege per workload", Effect: "spread from one service to all systems whose keys lie there",
		Ask:     "Can each workload read only its own entries of {target}, and is every read logged?",
		Control: stride.LeastPrivilege, Also: []stride.ControlName{stride.Authorization},
		Terms: []string{"policy", "least privilege", "role"}, Risk: risk(2, 4),
		CWE: []string{"CWE-269", "CWE-1220"}, CAPEC: []string{"CAPEC-122"},
		Fixes:   fixes(fix("Scope policies of {target} to one workload each, issue short-lived credentials, and alert on unusual reads.", "ASVS 13.3.2", "CWE-1220")),
		element: (*node).vault,
		Measure: "least privilege per workload in secret stores", singled: ofElement(func(n *node) bool { return n.readers() > 1 || n.readers() == 0 && !n.design.outspoken }),
	},
	{
		ID: "secret-store-outage", Category: stride.DenialOfService,
		Title: "Nothing starts while {target} is down",
		Actor: "An attacker, or an expired key", Action: "make {target} unavailable",
		Fact: "the secrets of {callers} come from there", Lack: "redundancy of {target}", Effect: "services that cannot start or renew their credentials",
		Ask:     "What happens to {callers} while {target} is unavailable?",
		Control: stride.Redundancy, Terms: []string{"replica", "high availability"}, Risk: risk(2, 3),
		CWE: []string{"CWE-400"}, CAPEC: []string{"CAPEC-125"},
		Fixes: fixes(fix("Run {target} replicated, cache leases with a grace period, and rehearse unsealing.", "ASVS 13.1.2")),
		element: func(n *node) bool {
			return n.ownVault()
		},
		singled:  ofElement(func(n *node) bool { return n.readers() > 0 }),
		reserved: true,
	},
	{
		ID: "secret-added-login-key", Category: stride.ElevationOfPrivilege,
		Title: "Foreign key added to {target}",
		Actor: "Somebody who may write to {target}", Action: "add a key of their own, or keep one that should have been removed, and log in with it",
		Fact: "whoever is listed there may log in", Lack: "restriction and review of changes", Effect: "lasting administrative access past every other check",
		Ask:     "Who may change {target}, is each entry tied to a person, and is a change noticed?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.IntegrityCheck},
		Terms: []string{"read-only", "key rotation", "reviewed"}, Risk: risk(2, 4),
		CWE: []string{"CWE-732", "CWE-284"}, CAPEC: []string{"CAPEC-122"},
		Fixes:   fixes(fix("Issue short-lived SSH certificates in place of {target}, or manage it as reviewed code, and alert on every change.", "ASVS 13.3.4", "CWE-732")),
		element: func(n *node) bool { return n.keyList() },
	},
}
