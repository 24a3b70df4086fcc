package analysis

import "github.com/threatdraft/threatdraft/internal/stride"

// controlTemplates say what each safeguard stops; every ControlName has one.
var controlTemplates = map[stride.ControlName]caseTemplate{
	stride.Authentication: {
		"{from} calls every operation of {target} without credentials, and with ones that have been revoked",
		"every call is refused before anything is read or changed",
	},
	stride.MutualAuthentication: {
		"a client with a certificate of another authority, and one with an expired one, connect to {to}",
		"the handshake fails for both, and {from} in turn refuses a server with a certificate of another name",
	},
	stride.MultiFactor: {
		"somebody signs in to {target} with the right password and without the second factor, and repeats a one-time code that was used",
		"no session is opened in either case",
	},
	stride.UniqueCredentials: {
		"the default accounts of {target} are tried with the passwords of its manual, and the credentials of one instance on another",
		"none of them works",
	},
	stride.Authorization: {
		"an authenticated caller uses {target} for an object that belongs to somebody else, by changing its id",
		"the answer is the same as for an object that does not exist",
	},
	stride.LeastPrivilege: {
		"the account of {from} is used on {to} for an operation that its work does not need: another schema, a deletion, a grant",
		"each is refused for lack of the right",
	},
	stride.SessionManagement: {
		"a session of {target} is used again after signing out, after its lifetime, and after a change of the password",
		"it is refused in all three cases, and the identifier has changed at the sign-in",
	},
	stride.EncryptionInTransit: {
		"the traffic between {from} and {to} is recorded, and {from} is offered plain text, TLS 1.1 and a certificate of another name",
		"the recording shows no content, and the connection is not made on any of the three offers",
	},
	stride.EncryptionAtRest: {
		"the files, a snapshot and a backup of {target} are copied and searched for a known value",
		"the value is not found, and the copy cannot be opened without the key",
	},
	stride.KeyManagement: {
		"a key of {target} is rotated and the old one is withdrawn",
		"old data stays readable, nothing new is written with the old key, and each use of a key stands in the log",
	},
	stride.SecretsManagement: {
		"the repository, the image, the environment and the logs of {target} are searched for its credentials",
		"none is found, and a rotated credential reaches {target} without a new build",
	},
	stride.InputValidation: {
		"{from} sends {target} a value that is too long, of another type, out of range and with control characters, in each field",
		"each is refused with the name of the field, and nothing of it is stored or passed on",
	},
	stride.ParameterizedQueries: {
		"{from} passes on `x' OR '1'='1` and `1; DROP TABLE t; --` in each field, filter and sort order that ends in a query to {to}",
		"each is searched for as text or refused; no other row is read or changed",
	},
	stride.OutputEncoding: {
		"`<img src=x onerror=alert(1)>` is stored by way of every field that {target} shows",
		"it is shown as text on every page and in every message, and no script runs",
	},
	stride.CSRFProtection: {
		"a page of another origin submits a form to {target} with the victim's cookies",
		"the request is refused for its missing token or its Origin, and nothing changes",
	},
	stride.MalwareScanning: {
		"the EICAR test file is handed to {target} as it is, in an archive, and under the name of an image",
		"all three are quarantined before anybody can fetch them",
	},
	stride.RateLimiting: {
		"one client sends {target} a thousand requests within ten seconds",
		"those above the limit are answered with 429, and another client is served as usual",
	},
	stride.Quotas: {
		"one tenant fills {target} to its quota and goes on",
		"what exceeds the quota is refused for this tenant alone, and an alert came at 80 %",
	},
	stride.Redundancy: {
		"one instance of {target} is killed under load",
		"the others take over within the agreed time and no accepted work is lost",
	},
	stride.DDoSProtection: {
		"a distributed load of a hundred times the usual one is sent to {target} in an agreed test",
		"it is absorbed upstream, and regular users are served",
	},
	stride.AuditLogging: {
		"a user changes data by way of {target}, and an administrator changes the user's rights",
		"both stand in the audit trail with who, when, what and from where, and without secrets",
	},
	stride.LogIntegrity: {
		"somebody with administrator's rights on {target} deletes and alters records",
		"it is refused, or the check of the records names the gap",
	},
	stride.Monitoring: {
		"a known attack pattern is played against {target} in an agreed test",
		"somebody on duty is alerted within the agreed time, with enough detail to act",
	},
	stride.Backup: {
		"{target} is restored from its newest backup into an empty environment",
		"counts and checksums agree with the original, within the agreed time",
	},
	stride.IntegrityCheck: {
		"one byte is changed in what {from} hands to {to}",
		"the change is found before the content is used, and it is reported",
	},
	stride.CodeSigning: {
		"an unsigned artifact, one signed with another key, and an older signed one are offered to {target}",
		"none of the three is run",
	},
	stride.CodeReview: {
		"a change of {target} is pushed and merged by its author alone",
		"the merge is refused until somebody else has approved the newest commit",
	},
	stride.DependencyScanning: {
		"a dependency with a published vulnerability is added to {target}",
		"the build fails with the name of the vulnerability and the version that mends it",
	},
	stride.ReplayProtection: {
		"a valid message from {from} to {to} is recorded and sent again, at once and an hour later",
		"it takes effect once, and the repetitions are refused",
	},
	stride.NetworkIsolation: {
		"a host in a neighbouring segment and one on the internet scan {target}",
		"no port of it answers but those that the design names",
	},
	stride.EgressFiltering: {
		"{target} is made to call an address on the internet, the metadata service and an internal host by its IP address",
		"all three calls are blocked and stand in the log",
	},
	stride.Sandboxing: {
		"an input that exploits the decoder of {target} in a test build opens a file, a socket and a process",
		"all three are denied, and the rest of the system goes on",
	},
	stride.TenantIsolation: {
		"a user of tenant A uses {target} with the ids, the host name and the cache keys of tenant B",
		"nothing of tenant B is read or changed, and counts do not give it away",
	},
	stride.PhysicalProtection: {
		"somebody opens the enclosure of {target} and connects to its ports",
		"the opening is noticed, the ports give no shell, and the keys are erased or out of reach",
	},
	stride.SecureBoot: {
		"{target} is started from a changed boot image, and from an older signed one",
		"it refuses both",
	},
	stride.HumanApproval: {
		"{from} asks {target} for an action that cannot be undone, without and with a forged approval",
		"nothing happens until an entitled person has seen the exact action and approved it",
	},
	stride.PromptFiltering: {
		"a message and a fetched document tell {target} to ignore its instructions, in plain words, encoded, and in another language",
		"the instructions are not followed in any of them, and the attempt stands in the log",
	},
	stride.DataMinimization: {
		"all that {target} stores and passes on of one person is listed",
		"each field has a purpose and a date of deletion, and nothing older is found",
	},
	stride.FailClosed: {
		"the check that {target} relies on is made to time out, to fail and to answer nonsense",
		"the request is refused in all three cases",
	},
}
