package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// practicesOfAccess are the attacks that a workshop lists first of any part which
// people or programs sign in to: they rest on the sentence that says how.
// Source: OWASP Top 10; OWASP API Security Top 10; OWASP ASVS 5.
var practicesOfAccess = []practice{
	{
		id: "told-forged-token", category: stride.Spoofing, title: "Forged or altered token accepted by {target}",
		actor: "Somebody who knows, guesses or swaps the key or algorithm", action: "make a token of their own, with the user and role of their choice, that {target} accepts",
		lack: "check of signature, issuer and audience", effect: "requests in any user's name, administrators included",
		ask:     "Which key and algorithm does {target} accept in tokens, and does it check issuer, audience and expiry of each?",
		control: stride.IntegrityCheck, also: []stride.ControlName{stride.KeyManagement}, terms: []string{"pinned algorithm", "audience check", "JWKS"}, risk: risk(3, 4),
		cwe: "CWE-347", capec: "CAPEC-194", fix: "Fix the algorithm in {target}, take keys from the issuer's key set only, check issuer, audience and expiry, and keep signing keys out of its settings.",
		says: []string{"jwt", "json web token", "signed token", "bearer token"},
		of:   (*node).checksTokens,
	},
	{
		id: "told-static-key", category: stride.Spoofing, title: "Long-lived key or password that {target} works with stolen",
		actor: "Whoever reads a setting, a script, an image, a log or a backup", action: "copy the key and use it from elsewhere as {target} does",
		lack: "managed, short-lived credentials", effect: "access with the rights of {target} that lasts until somebody changes the key",
		ask:     "Where does the key of {target} lie, what does it open, and how often is it changed?",
		control: stride.SecretsManagement, also: []stride.ControlName{stride.KeyManagement}, terms: []string{"secrets manager", "workload identity", "rotation"}, risk: risk(3, 4),
		cwe: "CWE-522", capec: "CAPEC-560", fix: "Give {target} short-lived credentials from a secrets manager or a workload identity, limit each to its task and network, and scan code and images for the old ones.",
		says: []string{
			"api key", "access key", "service account key", "service account credential", "connection string", "client secret", "technical user", "shared secret", "api credential", "service credential", "database password",
			"robot account", "service account key", "deploy key", "personal access token", "long lived token", "long lived access token", "api token per", "bot token", "hs token",
		},
		unless: []string{"check", "verif", "validat", "issu", "signature"},
		of: func(n *node) bool {
			return !n.outside && !n.is("client", "identity_provider", "device", "monitoring", "webhook_receiver", "control_plane") && (n.program() && !n.managed || n.is("code_repository", "artifact_registry", "ci_cd"))
		},
	},
	{
		id: "told-higher-role", category: stride.ElevationOfPrivilege, title: "Ordinary user of {target} reaches functions of a higher role",
		actor: "A signed-in user with a low role", action: "call functions of {target} that its pages only hide from them",
		lack: "authorization of each function on the server", effect: "administration of users, settings and other people's data by somebody without that role",
		ask:     "Does {target} check the role on the server for each function, and is every new function denied by default?",
		control: stride.Authorization, also: []stride.ControlName{stride.LeastPrivilege}, terms: []string{"deny by default", "role check", "permission matrix"}, risk: risk(3, 4),
		cwe: "CWE-862", capec: "CAPEC-122", fix: "Check the role of the caller in {target} for each function, deny what is not listed, and test every route with the lowest role.",
		says: []string{
			"administrators", "admins", "same frontend", "same portal", "same application", "roles", "role based", "user and admin", "moderators", "supervisor", "staff and", "admin function", "admin page", "admin area",
			"administrators or not", "admin or not", "all users can", "every user can", "any user can", "all staff can", "everybody can", "everyone can", "flagged as admin",
		},
		unless: []string{"iam", "workload", "arn"},
		of: func(n *node) bool {
			return n.fronts() && len(n.Tags) > 0 && !n.managed && !n.is("gateway", "admin_interface")
		},
	},
	{
		id: "told-own-fields", category: stride.Tampering, title: "Role, price or owner set by extra fields in a request to {target}",
		actor: "A user with an ordinary HTTP client", action: "add fields such as role, price, quantity or owner to what {target} binds from a request",
		lack: "list of the fields that each request may set", effect: "a higher role, a lower price or somebody else's record, against every rule of the pages",
		ask:     "Which fields may a request to {target} set, and are prices, totals, roles and owners worked out on the server?",
		control: stride.InputValidation, terms: []string{"field allow-list", "server-side price", "schema validation"}, risk: risk(3, 3),
		cwe: "CWE-915", capec: "CAPEC-153", fix: "Bind listed fields only in {target}, work out prices, totals, roles and owners on the server, and refuse negative or absurd quantities.",
		says: []string{
			"basket", "shopping cart", "coupon", "discount", "voucher", "loyalty point", "quantity", "checkout", "check out", "self registration", "register themselves", "sign up", "signs up", "registration form", "edit their profile", "update their profile", "creates an account", "create an account",
		},
		of: func(n *node) bool { return n.fronts() && !n.is("gateway") },
	},
	{
		id: "told-insider-look", category: stride.InformationDisclosure, title: "Insider looks up or copies records at {target} without need",
		actor: "A curious, bribed or leaving member of staff", action: "read or export records at {target} that their work does not need",
		lack: "limit and review of such access", effect: "disclosure of people's data by somebody who was allowed in, and nobody who notices",
		ask:     "Who among staff can read records at {target}, for which reason, and who reviews what was read?",
		control: stride.Monitoring, also: []stride.ControlName{stride.AuditLogging, stride.LeastPrivilege, stride.DataMinimization}, terms: []string{"access review", "just-in-time access", "look-up alert"}, risk: risk(3, 3),
		cwe: "CWE-359", capec: "CAPEC-122", fix: "Grant staff access to {target} per case and for hours, log each look-up with its reason, cap exports, and review outliers weekly.",
		says: []string{
			"support staff", "support team", "support engineer", "support agent", "customer service agent", "customer service team", "customer service staff", "service staff", "help desk", "helpdesk", "back office", "analysts", "contractors", "employees", "data engineers", "on call engineer", "operators can", "staff can",
		},
		of: func(n *node) bool {
			return !n.person() && !n.is("client", "ci_cd", "code_repository", "llm", "device", "gateway", "identity_provider") && (n.fronts() || n.store())
		},
		silences: []string{"people-bulk-export"},
	},
	{
		id: "told-wide-rights", category: stride.ElevationOfPrivilege, title: "Takeover of {target} opens all that its rights reach",
		actor: "An attacker who finds a flaw in {target} or steals its credentials", action: "use the rights of {target} against the parts that it may reach",
		lack: "least privilege of {target}", effect: "one broken part becoming all that trusts it",
		ask:     "Which of its rights does {target} need in a normal week, and what stops it from using the others?",
		control: stride.LeastPrivilege, also: []stride.ControlName{stride.Sandboxing}, terms: []string{"scoped role", "separate account", "read-only"}, risk: risk(2, 4),
		cwe: "CWE-250", capec: "CAPEC-233", fix: "Cut the rights of {target} down to what it uses, one credential per peer, and alert when it reaches for something else.",
		says: []string{
			"cluster admin right", "cluster admin role", "admin right", "administrator right", "administrative right", "full access", "write access to", "access to all", "read access to", "as root", "root right", "privileged container", "privileged mode", "docker socket", "manages everything",
			"all permissions", "same role", "shared role", "shared account",
		},
		of: func(n *node) bool {
			return n.program() && !n.is("client", "monitoring") && n.Kind != stride.ExternalEntity
		},
		silences: []string{"flow-stepping-stone"},
	},
	{
		id: "told-edge-key", category: stride.InformationDisclosure, title: "Private TLS key of {target} stolen",
		actor: "An intruder on the host of {target}, or a reader of its settings, image or backups", action: "copy the key with which {target} ends TLS and pose as it or read recorded traffic",
		lack: "protection and rotation of that key", effect: "users and programs that talk to an impostor with the right name",
		ask:     "Where does the TLS key of {target} lie, who can read it, and how fast can the certificate be replaced?",
		control: stride.KeyManagement, also: []stride.ControlName{stride.SecretsManagement}, terms: []string{"HSM", "KMS", "automatic renewal"}, risk: risk(2, 4),
		cwe: "CWE-522", capec: "CAPEC-474", fix: "Keep the TLS key of {target} readable by that process alone or in a KMS, issue certificates for weeks, and rehearse their replacement.",
		says:   []string{"terminates tls", "terminates https", "terminates ssl", "tls termination", "tls is terminated", "terminates the tls"},
		unless: []string{"acm", "managed"},
		of:     func(n *node) bool { return n.program() && !n.managed && !n.outside },
	},
}
