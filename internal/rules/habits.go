package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// habits holds the rules that rest on how a part is used, where the source says
// so in words that are common in the field: a remote desktop tool, a code by text
// message, a copy for staging. None of them denies a control; each is known to
// bring its own attack.
var habits = []Rule{
	{
		ID: "told-remote-tool", Category: stride.ElevationOfPrivilege,
		Title: "{target} controlled through its remote desktop tool",
		Actor: "Whoever guesses or steals the tool's password", Action: "connect to {target} from anywhere and use its screen",
		Fact: "a remote desktop tool runs there", Lack: "approval of each session", Effect: "everything that a person at the keyboard could do",
		Ask:     "Who may connect to {target} remotely, with a second factor, and does somebody approve each session?",
		Control: stride.HumanApproval, Terms: []string{"approved session", "jump host"}, Risk: risk(3, 4), Most: 1,
		CWE: []string{"CWE-308", "CWE-284"}, CAPEC: []string{"CAPEC-555"},
		Fixes: fixes(fix("Remove the tool from {target} or force it through a jump host with personal accounts and a second factor, opened per session and recorded.", "ASVS 8.4.2", "CWE-308")),
		element: func(n *node) bool {
			return n.Kind == stride.Process && !n.named("teamviewer", "anydesk", "logmein", "vnc", "support") && n.tells("teamviewer", "anydesk", "logmein", "vnc")
		},
	},
	{
		ID: "told-outdated", Category: stride.ElevationOfPrivilege,
		Title: "Known flaws of the outdated software in {target}",
		Actor: "An attacker with a published exploit", Action: "take over {target} by a flaw that newer versions have mended",
		Fact: "it is behind on updates", Lack: "patching in time", Effect: "control of {target} with tools that anybody can download",
		Ask:     "Which version runs in {target}, until when is it supported, and how fast are fixes installed?",
		Control: stride.DependencyScanning, Terms: []string{"patch", "supported version"}, Risk: risk(3, 4), Most: 2,
		CWE: []string{"CWE-1395", "CWE-1104"}, CAPEC: []string{"CAPEC-542"},
		Fixes: fixes(fix("Upgrade {target} to a supported version, patch within days of a critical fix, and where that cannot be, isolate it and filter what reaches it.", "ASVS 15.2.1", "CWE-1395")),
		element: func(n *node) bool {
			return n.tells("end of life", "out of support", "no longer supported", "unsupported version", "not yet upgraded", "not upgraded", "not patched", "unpatched", "patches once", "patched once", "once or twice a year", "rarely patched", "rarely updated", "outdated", "windows 7", "windows xp", "server 2008", "server 2012", "not been updated", "not been patched", "patches are applied")
		},
	},
	{
		ID: "told-copied-data", Category: stride.InformationDisclosure,
		Title: "Production data of {target} exposed in a copy for tests or staging",
		Actor: "Developers, contractors, or an intruder of the weaker environment", Action: "read real records in the copy of {target}",
		Fact: "real data is copied to where fewer checks apply", Lack: "masking of the copy", Effect: "disclosure of the same data without breaking into production",
		Ask:     "Who can read the copy of {target}, and which fields are masked in it?",
		Control: stride.DataMinimization, Terms: []string{"masked", "synthetic data"}, Risk: risk(3, 3), Sensitive: true, Most: 1,
		CWE: []string{"CWE-668", "CWE-359"}, CAPEC: []string{"CAPEC-545"},
		Fixes: fixes(fix("Mask or synthesize records before a copy of {target} leaves production, give it the same access rules, and delete it on schedule.", "ASVS 14.2.4", "CWE-668")),
		element: func(n *node) bool {
			return n.tells("used for staging", "copy for staging", "copied to staging", "restored to staging", "restored into staging", "restored copy", "copy of production", "production data", "real data in test", "copied to the test")
		},
	},
	{
		ID: "told-endless-data", Category: stride.InformationDisclosure,
		Title: "Data that should be gone is still read in {target}",
		Actor: "An insider, or whoever breaks in there years later", Action: "read records in {target} that their owners had deleted or that nobody needs",
		Fact: "deletion does not reach it", Lack: "deletion on schedule", Effect: "a larger loss than necessary, and a breach of the promise to delete",
		Ask:     "What deletes records in {target}, after how long, and do requests of their owners reach it?",
		Control: stride.DataMinimization, Terms: []string{"retention", "deletion"}, Risk: risk(2, 3), Sensitive: true, Most: 2,
		CWE: []string{"CWE-212"}, CAPEC: []string{"CAPEC-546"},
		Fixes: fixes(fix("Set a retention period on {target}, pass deletion requests on to it, and test by a canary record that they arrive.", "ASVS 14.2.5", "CWE-212")),
		element: func(n *node) bool {
			return n.tells("deletion requests do not", "do not yet reach", "does not reach", "never deleted", "not deleted", "kept indefinitely", "kept forever", "kept for ever", "no retention", "retained indefinitely", "kept for five years", "kept for ten years", "retention is not", "not purged", "never purged")
		},
	},
	{
		ID: "told-pseudonym", Category: stride.InformationDisclosure,
		Title: "People found again behind hashed identifiers in {target}",
		Actor: "Anybody who reads them and can list possible values", Action: "hash all possible identifiers and compare them with those in {target}",
		Fact: "the hash has no secret salt", Lack: "keyed pseudonyms", Effect: "records thought anonymous being tied to persons",
		Ask:     "Which key protects the pseudonyms in {target}, and who can read it?",
		Control: stride.KeyManagement, Terms: []string{"keyed hash", "HMAC", "tokenization"}, Risk: risk(2, 3), Most: 1,
		CWE: []string{"CWE-916", "CWE-359"}, CAPEC: []string{"CAPEC-112"},
		Fixes: fixes(fix("Use an HMAC with a key in a KMS, or random tokens, for identifiers in {target}, and change the key per purpose.", "ASVS 11.4.1", "CWE-916")),
		element: func(n *node) bool {
			return n.tells("unsalted", "not salted", "without salt", "without a salt", "salt is a constant", "constant salt", "fixed salt", "same salt")
		},
	},
	{
		ID: "told-any-address", Category: stride.InformationDisclosure,
		Title: "{target} made to fetch internal addresses",
		Actor: "A user who supplies an address", Action: "have {target} call internal services or the cloud metadata address",
		Fact: "it fetches addresses that users choose", Lack: "filter on where it may connect", Effect: "disclosure of internal data and cloud credentials",
		Ask:     "Which addresses may {target} fetch, are redirects followed, and are private ranges refused after resolving?",
		Control: stride.EgressFiltering, Also: []stride.ControlName{stride.InputValidation}, Terms: []string{"allow-list", "egress proxy", "SSRF"}, Risk: risk(3, 4), Most: 2,
		CWE: []string{"CWE-918"}, CAPEC: []string{"CAPEC-664"},
		Fixes: fixes(fix("Send requests of {target} through an egress proxy that resolves once and refuses private and link-local ranges, follow no redirects, and require IMDSv2.", "ASVS 1.3.6", "CWE-918")),
		element: func(n *node) bool {
			return n.Kind == stride.Process &&
				n.tells("any url", "any https url", "any http url", "arbitrary url", "follows redirect", "url supplied", "url provided", "user supplied url", "custom url", "register a url", "register an url", "register any", "fetches the url", "fetches urls", "downloads favicons", "fetches icons", "fetches the icon", "link preview", "callback url")
		},
		Silences: []string{"third-request-forgery"},
	},
	{
		ID: "told-guessable-id", Category: stride.InformationDisclosure,
		Title: "Records behind {target} listed by counting through their numbers",
		Actor: "Anybody with one number", Action: "try the numbers before and after it at {target}",
		Fact: "numbers can be guessed", Lack: "check of who asks for which record", Effect: "disclosure of other people's records in bulk",
		Ask:     "Does {target} check that the caller owns the numbered record, and are series of attempts noticed?",
		Control: stride.Authorization, Terms: []string{"ownership check", "random identifier"}, Risk: risk(3, 3), Sensitive: true, Most: 1,
		CWE: []string{"CWE-639"}, CAPEC: []string{"CAPEC-1"},
		Fixes: fixes(fix("Check ownership in {target} on each read, hand out random identifiers of 128 bits, and limit misses per caller.", "ASVS 8.2.2", "CWE-639")),
		element: func(n *node) bool {
			return n.tells("running number", "sequential number", "sequential id", "incrementing", "consecutive number", "serial id", "numeric id")
		},
	},
	{
		ID: "told-trusted-header", Category: stride.Spoofing,
		Title: "Identity header forged by a caller of {target} past the gateway",
		Actor: "Anybody who reaches it without the gateway, such as another workload", Action: "set the header by which {target} knows its user",
		Fact: "it believes a header that the gateway adds", Lack: "check of a signed token", Effect: "requests in any user's name",
		Ask:     "Can anything but the gateway reach {target}, and does it verify a signed token by itself?",
		Control: stride.MutualAuthentication, Also: []stride.ControlName{stride.Authorization}, Terms: []string{"signed token", "mTLS"}, Risk: risk(3, 4), Most: 3,
		CWE: []string{"CWE-290", "CWE-807"}, CAPEC: []string{"CAPEC-21"},
		Fixes: fixes(fix("Verify the user's signed token in {target}, accept calls from the gateway only (mTLS), and strip the header at the edge.", "ASVS 9.2.3", "CWE-290")),
		element: func(n *node) bool {
			return n.service() && !n.is("gateway") &&
				n.tells("id header", "user header", "identity header", "header which the gateway", "header that the gateway", "header set by", "header added by", "forwarded user", "in the request body and", "broker id in", "tenant header")
		},
	},
	{
		ID: "told-text-code", Category: stride.Spoofing,
		Title: "Code sent by text message for {target} caught by SIM swap",
		Actor: "A fraudster who has the victim's number moved to their own card", Action: "receive the code and sign in, enrol or recover at {target} as the victim",
		Fact: "a text message proves who holds the number and no more", Lack: "phishing-resistant factor", Effect: "takeover of the account",
		Ask:     "Which steps at {target} rest on a code by text message alone, and is a recent SIM change checked?",
		Control: stride.MultiFactor, Terms: []string{"passkey", "authenticator app"}, Risk: risk(3, 4), Most: 1,
		CWE: []string{"CWE-308", "CWE-640"}, CAPEC: []string{"CAPEC-151"},
		Fixes: fixes(fix("Use passkeys or app-bound keys at {target}, ask the carrier for recent SIM changes, delay sensitive actions after enrolment, and notify the old device.", "ASVS 6.3.3", "CWE-308")),
		element: func(n *node) bool {
			return n.tells("code by sms", "sms code", "code by text", "code which the bank sends by sms", "sends by sms", "sent by sms", "sms otp", "otp by sms", "one time code by sms", "code via sms")
		},
	},
	{
		ID: "told-unsigned-link", Category: stride.InformationDisclosure,
		Title: "Signed links to {target} passed on or logged",
		Actor: "Whoever finds the link in a mail, log, history or referrer", Action: "fetch from {target} until the link expires",
		Fact: "the link is the only key", Lack: "short life and binding of links", Effect: "disclosure of the objects without signing in",
		Ask:     "How long do signed links to {target} live, and what can they read or write?",
		Control: stride.SessionManagement, Terms: []string{"expires in minutes", "signed cookie"}, Risk: risk(3, 3), Sensitive: true, Most: 1,
		CWE: []string{"CWE-668", "CWE-200"}, CAPEC: []string{"CAPEC-21"},
		Fixes: fixes(fix("Let signed links to {target} live for minutes, for one object and one method, with content type and size fixed, and keep them out of logs.", "ASVS 8.2.1", "CWE-668")),
		element: func(n *node) bool {
			return n.is("object_storage", "file_storage") &&
				n.tells("pre signed", "presigned", "signed url", "signed link", "sas token", "sas url", "share link")
		},
	},
}
