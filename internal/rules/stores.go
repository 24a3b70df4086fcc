package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// stores holds the attacks on data at rest.
var stores = []Rule{
	{
		ID: "store-public-object", Category: stride.InformationDisclosure,
		Title: "Objects in {target} readable by strangers",
		Actor: "Anybody on the internet", Action: "list or fetch objects of {target} through a public setting, a leaked account key or an over-long signed link",
		Lack: "restriction of who may read it", Effect: "disclosure of {data} kept there",
		Ask:     "Who may read {target}: is public access blocked and are shared keys disabled or rotated?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"bucket policy", "private", "access control", "IAM"}, Risk: risk(3, 3), Sensitive: true, Silences: []string{"net-store-reachable"},
		CWE: []string{"CWE-732", "CWE-284"}, CAPEC: []string{"CAPEC-180"},
		Fixes: fixes(fix("Block public access to {target} at account level, use role-based identities in place of account keys, and let signed links expire within minutes.", "ASVS 8.2.1", "CWE-732")),
		element: func(n *node) bool {
			return n.store() && !n.staticSite() && !n.publishes() && (n.is("object_storage") || n.is("file_storage") && !n.is("browser_storage") && !n.ofHost() && n.near("web_app", "api", "function", "client"))
		},
		Measure: "private buckets", singled: ofElement(func(n *node) bool {
			return n.precious() || n.direct() || n.userFilled() || n.told("public", "presigned", "signed", "link", "links", "anonymous")
		}),
	},
	{
		ID: "store-shared-credentials", Category: stride.InformationDisclosure,
		Title: "Stolen credentials of {source} open {dest}",
		Actor: "An attacker who reads the configuration or memory of {source}", Action: "take the credentials kept there and query {dest} directly",
		Fact: "{source} must hold credentials for {dest}", Lack: "management of secrets", Effect: "disclosure and change of {data} past every check of {source}",
		Ask:     "Where does {source} keep its credentials for {dest}, and how often do they change?",
		Control: stride.SecretsManagement, Terms: []string{"vault", "secrets manager", "managed identity", "rotation"}, Risk: risk(2, 4), Most: 3,
		CWE: []string{"CWE-522"}, CAPEC: []string{"CAPEC-150"},
		Fixes: fixes(fix("Let {source} obtain short-lived credentials for {dest} from a secret manager or a workload identity; none in files or images.", "ASVS 13.3.1", "ASVS 13.3.4", "CWE-522")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.networkStore() && e.to.asksForCredentials() && !e.from.rolesOnly() && (e.to.is("database") || e.to.broker()) && !e.to.managed && e.from.service() && !e.from.fedByConfig()
		},
		common: true,
	},
	{
		ID: "store-excess-rights", Category: stride.Tampering,
		Title: "{source}, once compromised, can change all of {dest}",
		Actor: "An attacker who takes over {source}", Action: "alter or delete any record in {dest}, also those that other programs wrote",
		Lack: "separation of rights on {dest}", Effect: "corrupted or lost {data}", Measure: "least privilege of database accounts",
		Ask:     "Which rights does the account of {source} have on {dest}: only the tables and operations that it needs?",
		Control: stride.LeastPrivilege, Also: []stride.ControlName{stride.Authorization},
		Terms: []string{"least privilege", "read-only", "role"}, Risk: risk(2, 3), Sensitive: true,
		CWE: []string{"CWE-250", "CWE-732"}, CAPEC: []string{"CAPEC-122"},
		Fixes:   fixes(fix("Give {source} an account of its own on {dest} with only the operations it needs, and keep point-in-time recovery.", "ASVS 13.2.2", "CWE-250")),
		at:      atFlowAndReceiver,
		singled: ofFlow(func(e *edge) bool { return e.to.shared() || e.to.sensitive() || e.from.outside }),
		flow: func(e *edge) bool {
			return e.to.database() && e.to.networkStore() && !e.to.is("cache") && (e.from.service() && !e.from.is("function") || e.from.is("client", "script") && !e.from.person())
		},
		common: true,
	},
	{
		ID: "store-theft-at-rest", Category: stride.InformationDisclosure,
		Title: "Copied files or snapshots of {target} disclose {data}",
		Actor: "Somebody who obtains a disk, snapshot or dump of {target}", Action: "read it outside of the system",
		Lack: "encryption at rest", Effect: "disclosure of {data}",
		Ask:     "Is {target} encrypted at rest, and who can use the key?",
		Control: stride.EncryptionAtRest, Terms: []string{"encrypted at rest", "KMS", "disk encryption"}, Risk: risk(2, 3), Sensitive: true,
		CWE: []string{"CWE-311", "CWE-312"}, CAPEC: []string{"CAPEC-37"},
		Fixes:   fixes(fix("Encrypt {target}, its snapshots and its dumps with a key that is kept apart from them, and log each use of the key.", "ASVS 11.3.3", "ASVS 14.2.4", "CWE-311")),
		Measure: "encryption at rest", singled: ofElement((*node).confidential),
		element: func(n *node) bool {
			return n.store() && !n.onThing() && (n.Controls.State(stride.EncryptionAtRest) != stride.ControlUnknown || !n.encryptedByDefault()) && !n.keyList() && !(n.is("secret_store") && (n.managed || n.named("kubernetes"))) && !n.passwordManager() && !n.keyChip() && !n.is("config_store") && !n.staticSite() && !n.bare() && !n.controlStore() && !n.is("queue", "cache", "browser_storage", "code_repository", "artifact_registry") && !n.outside &&
				(n.database() || n.is("file_storage", "object_storage", "backup_store") || n.keeps(stride.DataPersonal, stride.DataHealth, stride.DataPayment, stride.DataCredentials, stride.DataKeys, stride.DataTokens))
		},
		common:   true,
		reserved: true,
		home:     func(d *design) bool { return d.storing() || d.learning() || d.small() },
	},
	{
		ID: "store-saturation", Category: stride.DenialOfService,
		Title: "{target} filled up until writes fail",
		Actor: "A caller or a runaway process", Action: "fill {target} with data",
		Lack: "quota on what is written", Effect: "failing writes and an outage of {callers}",
		Fact: "several programs or strangers write to a medium that is small", tell: (*node).smallMedium, onlyTold: true,
		Ask:     "What limits how much {callers} can write to {target}, and what happens when it is full?",
		Control: stride.Quotas, Also: []stride.ControlName{stride.RateLimiting, stride.Monitoring},
		Terms: []string{"quota", "retention", "capacity"}, Risk: risk(2, 3),
		CWE: []string{"CWE-770"}, CAPEC: []string{"CAPEC-130"},
		Fixes: fixes(fix("Set size and retention limits on {target}, alert at 80 %, and reject writes per caller before the disk is full.", "ASVS 5.2.4", "CWE-770")),
		element: func(n *node) bool {
			return n.store() && !n.bare() && n.is("database", "file_storage", "log_store", "queue") && !n.is("cache", "browser_storage") && !n.providerStore() && !n.controlStore() && n.manyWriters()
		},
		common:   true,
		reserved: true,
	},
	{
		ID: "store-destruction", Category: stride.DenialOfService,
		Title: "{target} deleted or encrypted together with its copies",
		Actor: "An attacker or insider with write access to {target}", Action: "delete or encrypt {data} there and every copy that the same rights reach",
		Fact: "the work of {callers} rests on it", Lack: "backup out of their reach", Effect: "loss of {data} and a long outage of {callers}",
		Ask:     "Is {target} backed up where an attacker with its credentials cannot delete the copies, and was a restore tried?",
		Control: stride.Backup, Also: []stride.ControlName{stride.Redundancy},
		Terms: []string{"backup", "snapshot", "replica"}, Risk: risk(2, 3), Measure: "backups out of an attacker's reach",
		singled: ofElement(func(n *node) bool {
			return n.precious() && (n.programs() > 0 || n.entrusted) && (n.sensitive() || !n.unnamed())
		}),
		CWE: []string{"CWE-693"}, CAPEC: []string{"CAPEC-212"},
		Fixes: fixes(fix("Keep immutable, versioned backups of {target} in another account and rehearse the restore.", "CAPEC-212", "CWE-693")),
		element: func(n *node) bool {
			return n.store() && n.is("database", "object_storage") && !n.is("cache") && !n.outside && !n.staticSite() && !n.enclosed && !n.bare() && !n.controlStore()
		},
		common: true,
	},
	{
		ID: "store-unaccountable-change", Category: stride.Repudiation,
		Title: "Reads and changes in {target} cannot be traced to a person",
		Actor: "Somebody with access to {target}", Action: "change or read records and deny it",
		Fact: "access under the accounts of {callers} names no person", Lack: "audit log of access to it", Effect: "no way to find who changed {data}",
		Ask:     "Does {target} record who read or changed what, with the end user's identity and not only the service account?",
		Control: stride.AuditLogging, Terms: []string{"audit", "access log", "logging"}, Risk: risk(3, 2),
		CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-268"},
		Fixes:   fixes(fix("Turn on access auditing of {target} and hand the acting user down from {callers}; ship the records to a store that they cannot change.", "ASVS 16.2.1", "ASVS 16.4.3", "CWE-778")),
		Measure: "audit of access to data", singled: ofElement(func(n *node) bool {
			return (n.sensitive() || n.central() && n.precious() || n.calledBy((*node).insider)) && !n.spokenFor(stride.AuditLogging)
		}),
		element: func(n *node) bool {
			return n.store() && !n.bare() && !n.alone() && !n.enclosed && !n.staticSite() && !n.is("cache", "browser_storage") &&
				(n.is("database", "object_storage") && !n.controlStore() || n.is("file_storage") && len(n.in) > 0)
		},
		common: true,
	},
	{
		ID: "store-cache-poisoning", Category: stride.Tampering,
		Title: "Poisoned entries in {target}",
		Actor: "An attacker who can write to {target} or influence its keys", Action: "place entries that are taken for genuine by {callers}",
		Lack: "authentication of who writes to it", Effect: "users being served forged content or somebody else's session",
		Ask:     "Does {target} require authentication, and do its keys separate users?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.NetworkIsolation},
		Terms: []string{"requirepass", "ACL", "authentication"}, Risk: risk(2, 3), Sensitive: true,
		CWE: []string{"CWE-345"}, CAPEC: []string{"CAPEC-141"},
		Fixes:   fixes(fix("Require authentication and TLS on {target}, bind it to the private network, and put user and tenant into every key.", "ASVS 14.2.5", "CWE-345")),
		element: func(n *node) bool { return n.is("cache") && n.Kind != stride.ExternalEntity && !n.alone() },
		hear:    hears(func(n *node) bool { return n.is("cache") && n.store() }, "session", "job queue", "cached permission", "tokens"),
	},
	{
		ID: "store-backup-theft", Category: stride.InformationDisclosure,
		Title: "Theft of the copies in {target}",
		Actor: "An attacker who finds {target} less guarded than the live data", Action: "copy whole backups",
		Fact: "it holds complete copies", Lack: "encryption of them", Effect: "disclosure of {data} as a whole, unnoticed",
		Ask:     "Are the copies in {target} encrypted with a key kept elsewhere, and who may read them?",
		Control: stride.EncryptionAtRest, Terms: []string{"encrypted", "KMS"}, Risk: risk(2, 4),
		CWE: []string{"CWE-311"}, CAPEC: []string{"CAPEC-37"},
		Fixes:   fixes(fix("Encrypt what goes into {target} with a key kept elsewhere, and restrict and log its reading.", "ASVS 11.3.3", "CWE-311")),
		element: func(n *node) bool { return n.is("backup_store") },
	},
	{
		ID: "store-impersonated-client", Category: stride.Spoofing,
		Title: "Impersonated client of {target}",
		Actor: "An attacker with guessed, stolen or default credentials", Action: "connect to {target} posing as a legitimate client",
		Lack: "authentication of its clients", Effect: "reading and writing of {data} under a false identity",
		Ask:     "How does {target} authenticate its clients: per-client certificates or accounts, none of them default?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.MutualAuthentication},
		Terms: []string{"authenticate", "client certificate", "password"}, Risk: risk(2, 3), Sensitive: true,
		CWE: []string{"CWE-287", "CWE-1392"}, CAPEC: []string{"CAPEC-151"},
		Fixes:   fixes(fix("Require an account or certificate of its own from each client of {target}, remove default accounts, and rotate credentials.", "ASVS 13.2.1", "ASVS 6.3.2", "CWE-287")),
		Measure: "authentication of database clients", singled: ofElement((*node).direct),
		element: func(n *node) bool {
			return n.database() && n.networkStore() && !n.guardedByPolicy() && !n.controlStore() && !n.is("cache")
		},
		common:   true,
		reserved: true,
		home:     (*design).storing,
	},
	{
		ID: "store-loosened-access", Category: stride.ElevationOfPrivilege,
		Title: "Accounts, roles and grants of {target} changed",
		Actor: "Somebody with operator access to {target}", Action: "add accounts, replace password hashes or grant themselves further rights on {target}",
		Lack: "authorization of changes to grants", Effect: "administrative access to {target} and all that it keeps",
		Ask:     "Who may change users, roles and settings of {target}, and is a change noticed?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"role", "grant", "access control"}, Risk: risk(2, 3), Sensitive: true,
		CWE: []string{"CWE-269", "CWE-732"}, CAPEC: []string{"CAPEC-122"},
		Fixes:   fixes(fix("Manage roles of {target} as reviewed code, keep superuser accounts out of applications, and alert on new grants.", "ASVS 8.2.1", "CWE-269")),
		element: func(n *node) bool { return n.accounted() && n.networkStore() && n.readers() > 1 },
		Measure: "review of grants of databases", singled: ofElement((*node).grantsTold),
		common:   true,
		reserved: true,
		home:     (*design).storing,
	},
	{
		ID: "store-bypassed-api", Category: stride.ElevationOfPrivilege,
		Title: "Direct writes to {target} bypass the API server's checks and audit log",
		Actor: "An attacker with a client certificate of {target} or a foothold on its network", Action: "read or write cluster state in {target} directly",
		Fact: "access rules, admission and audit stand in the API server, not in {target}", Lack: "network restriction to the API server alone", Effect: "secrets read and privileged objects created with no trace in the audit log",
		Ask:     "Can anything but the API server reach {target}, and with which certificates?",
		Control: stride.NetworkIsolation, Also: []stride.ControlName{stride.MutualAuthentication},
		Terms: []string{"client certificate", "firewall", "mTLS"}, Risk: risk(2, 4), Silences: []string{"net-store-reachable", "net-spoofed-server", "store-shared-credentials", "store-excess-rights"},
		CWE: []string{"CWE-288", "CWE-923"}, CAPEC: []string{"CAPEC-115"},
		Fixes:   fixes(fix("Admit only the API server to {target} by mutual TLS with a CA of its own and by firewall, and give nobody else a client certificate.", "ASVS 12.3.5", "CWE-288")),
		element: func(n *node) bool { return n.controlStore() && !n.enclosed },
	},
	{
		ID: "store-cluster-secrets", Category: stride.InformationDisclosure,
		Title: "Cluster secrets read from the disk or a snapshot of {target}",
		Actor: "Somebody who obtains a disk, snapshot or backup of {target}", Action: "read every Secret of the cluster in it",
		Fact: "Kubernetes keeps Secrets there in readable form by default", Lack: "encryption of them at rest", Effect: "disclosure of tokens, keys and passwords of all workloads",
		Ask:     "Are Secrets encrypted before they are written to {target} (EncryptionConfiguration with a KMS provider), and who can copy its snapshots?",
		Control: stride.EncryptionAtRest, Terms: []string{"encrypted at rest", "EncryptionConfiguration", "KMS"}, Risk: risk(2, 4),
		CWE: []string{"CWE-312"}, CAPEC: []string{"CAPEC-37"},
		Fixes:   fixes(fix("Turn on envelope encryption of Secrets with a KMS provider, re-write those that exist, and keep snapshots of {target} encrypted in an account of their own.", "ASVS 11.3.3", "CWE-312")),
		element: (*node).controlStore,
	},
	{
		ID: "store-cross-origin", Category: stride.InformationDisclosure,
		Title: "Other sites' scripts read {target} through a wide CORS rule",
		Actor: "A hostile page open in a user's browser", Action: "fetch objects of {target} with the user's links or cookies, where any origin is allowed",
		Fact: "browsers reach it directly", Lack: "restriction of the origins allowed", Effect: "disclosure of {data} to other sites",
		Ask:     "Which origins, methods and headers does the CORS rule of {target} allow?",
		Control: stride.Authorization, Terms: []string{"CORS", "allowed origins"}, Risk: risk(2, 2), Sensitive: true,
		CWE: []string{"CWE-346", "CWE-284"}, CAPEC: []string{"CAPEC-1"},
		Fixes: fixes(fix("List the exact origins and methods in the CORS rule of {target}; never combine a wildcard with credentials.", "ASVS 3.5.1", "CWE-346")),
		element: func(n *node) bool {
			return n.store() && n.is("object_storage") && !n.staticSite() && n.near("browser", "web_app") && n.uploadedTo()
		},
		reserved: true,
	},
	{
		ID: "store-private-content", Category: stride.InformationDisclosure,
		Title: "Private content in {target} seen by staff or kept too long",
		Actor: "A curious insider, or an intruder with read access", Action: "browse personal content in {target}",
		Fact: "{target} keeps content that may show or concern people", Lack: "limit on what is kept and who sees it", Effect: "loss of privacy of the people concerned",
		Ask:     "Which personal content lies in {target}, how long is it kept, and which staff can open it?",
		Control: stride.DataMinimization, Also: []stride.ControlName{stride.Authorization},
		Terms: []string{"retention", "deletion", "pseudonym"}, Risk: risk(2, 3), Sensitive: true,
		CWE: []string{"CWE-200"}, CAPEC: []string{"CAPEC-569"},
		Fixes: fixes(fix("Delete content of {target} on schedule, hide who it belongs to from staff, and log each look at it.", "ASVS 14.2.4", "CWE-200")),
		element: func(n *node) bool {
			return n.store() && !n.containerImage() && !n.is("artifact_registry", "code_repository", "config_store", "browser_storage") &&
				n.named("image", "photo", "picture", "upload", "chat", "profile", "behavio", "recording", "video", "voice")
		},
	},
	{
		ID: "store-overload", Category: stride.DenialOfService,
		Title: "One client's heavy operations stall {target} for the others",
		Actor: "One of {callers}, hostile or faulty", Action: "open connections or run scans and bulk writes until {target} stops serving the rest",
		Fact: "they share its capacity", Lack: "limit per client", Effect: "an outage of everything that depends on {target}", Silences: []string{"store-saturation"},
		Ask:     "Which limits per client on connections, rate and duration does {target} enforce?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.Quotas},
		Terms: []string{"rate limit", "connection limit", "timeout"}, Risk: risk(3, 3),
		CWE: []string{"CWE-400", "CWE-770"}, CAPEC: []string{"CAPEC-130"},
		Fixes: fixes(fix("Limit connections, rate and statement time per client of {target}, and isolate heavy work on a replica.", "ASVS 15.2.2", "CWE-770")),
		element: func(n *node) bool {
			return n.database() && n.networkStore() && !n.controlStore() && !n.httpOnly() && (n.shared() || n.foreignClients()) &&
				!n.calledBy(func(c *node) bool { return c.webService() })
		},
		common: true,
	},
	{
		ID: "store-mistaken-delete", Category: stride.DenialOfService,
		Title: "{source} deletes or overwrites data in {dest} by mistake",
		Actor: "{source}", Action: "run a delete, migration or restore against the wrong data or the wrong environment of {dest}",
		Fact: "{source} works on it with rights to change everything", Lack: "backup to go back to", Effect: "loss of {data} that nobody intended",
		Ask:     "What keeps {source} from running a destructive command against the wrong {dest}, and how far back can it be restored?",
		Control: stride.Backup, Also: []stride.ControlName{stride.HumanApproval},
		Terms: []string{"backup", "point-in-time", "approval"}, Risk: risk(3, 3), Silences: []string{"store-destruction"},
		CWE: []string{"CWE-693"}, CAPEC: []string{"CAPEC-212"},
		Fixes: fixes(fix("Give {source} read-only access to {dest} by default, separate accounts per environment, deletion protection, and point-in-time recovery that is rehearsed.", "ASVS 13.2.2", "CWE-693")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.insider() && e.to.networkStore() && e.to.is("database", "object_storage", "file_storage") && !e.to.is("cache")
		},
	},
	{
		ID: "store-untested-restore", Category: stride.DenialOfService,
		Title: "Restore from {target} fails when it is needed",
		Actor: "An outage, a mistake or an attacker who spoils the copies", Action: "leave {target} as the only source of the data while its copies are incomplete, too old or unreadable",
		Fact: "recovery rests on {target}", Lack: "check that a restore works", Effect: "data that is lost although it was backed up",
		Ask:     "When was a restore from {target} last rehearsed, and what alerts when a copy is missing or damaged?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.Monitoring},
		Terms: []string{"restore test", "rehearsed", "recovery drill"}, Risk: risk(2, 3),
		CWE: []string{"CWE-353"}, CAPEC: []string{"CAPEC-212"},
		Fixes:   fixes(fix("Restore from {target} into an empty environment on schedule, compare checksums and counts, measure the time it takes, and alert on missed copies.", "CWE-353", "ASVS 13.1.2")),
		element: func(n *node) bool { return n.is("backup_store") && n.Kind != stride.ExternalEntity },
	},
	{
		ID: "store-default-account", Category: stride.Spoofing,
		Title: "Default account of {target} used to get in",
		Actor: "Anybody who reaches {target}", Action: "log in with the account or password that {target} was delivered with",
		Fact: "a default account is in use there", Lack: "replacement of default credentials", Effect: "full rights on {target} under a name that says nothing",
		Ask:     "Does the default account of {target} still exist, with which password and from where may it log in?",
		Control: stride.SecretsManagement, Also: []stride.ControlName{stride.Authentication},
		Terms: []string{"default account removed", "password changed", "personal accounts"}, Risk: risk(3, 4), Silences: []string{"store-impersonated-client"},
		CWE: []string{"CWE-1392"}, CAPEC: []string{"CAPEC-560"},
		Fixes:    fixes(fix("Disable the default account of {target}, create personal and per-service accounts with the rights that each needs, and bind logins to networks.", "ASVS 6.3.2", "CWE-1392")),
		tell:     telling("default account", "default user", "user default", "default password", "default credentials", "default login", "default superuser"),
		onlyTold: true,
		element:  func(n *node) bool { return n.database() || n.is("queue", "admin_interface") },
	},
}

// ofHost reports whether the store is a disk or a file system of the machine or
// container that uses it, which has no address of its own.
func (n *node) ofHost() bool {
	return n.named("container", "overlayfs", "disk", "volume", "filesystem", "tmpfs", "ephemeral", "flash", "ramdisk", "partition")
}
