package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// thirdParties holds the attacks that come by way of other companies.
var thirdParties = []Rule{
	{
		ID: "third-forged-callback", Category: stride.Spoofing,
		Title: "Forged callbacks to {target}",
		Actor: "Anybody who knows its address", Action: "send {target} events that look as if they came from {callers}",
		Lack: "signature check on incoming events", Effect: "the system acting on events that never happened",
		Ask:     "Does {target} verify a signature and timestamp on each event?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.Authentication, stride.MutualAuthentication},
		Terms: []string{"signature", "HMAC", "webhook secret"}, Risk: risk(4, 3), CWE: []string{"CWE-345"}, CAPEC: []string{"CAPEC-194"},
		Fixes:   fixes(fix("Verify an HMAC over body and timestamp in {target}, refuse old and repeated events, and fetch the state from the sender before acting.", "CWE-345", "CWE-294")),
		element: func(n *node) bool { return n.is("webhook_receiver") && !n.admissionWebhook() },
	},
	{
		ID: "third-request-forgery", Category: stride.InformationDisclosure,
		Title: "{source} made to call internal addresses",
		Actor: "A user who supplies an address", Action: "have {source} fetch internal services or the cloud metadata address instead of {dest}",
		Fact: "{source} calls out to {dest}", Lack: "filter on outgoing connections", Effect: "disclosure of internal data and cloud credentials",
		Ask:     "Can users influence which address {source} calls, and is outgoing traffic restricted?",
		Control: stride.EgressFiltering, Also: []stride.ControlName{stride.InputValidation},
		Terms: []string{"egress", "allow-list", "SSRF"}, Risk: risk(2, 4), CWE: []string{"CWE-918"}, CAPEC: []string{"CAPEC-664"},
		Fixes: fixes(fix("Allow {source} to call only the hosts of {dest}, resolve once, refuse private ranges, and require IMDSv2.", "ASVS 1.3.6", "ASVS 13.2.4", "CWE-918")),
		at:    atFlowAndReceiver,
		flow:  func(e *edge) bool { return e.from.service() && e.to.is("third_party") && e.from.handlesOutsideInput() },
	},
	{
		ID: "third-leaked-key", Category: stride.InformationDisclosure,
		Title: "Key of {source} for {dest} read from its configuration or code",
		Actor: "Somebody with read access to repository, image or host of {source}", Action: "take the API key for {dest} and use it at the owner's cost and in the owner's name",
		Fact: "{source} calls {dest} with a key of its own", Lack: "managed secret in place of a setting", Effect: "calls in the owner's name, with the data and money behind them",
		Ask:     "Where does {source} keep its key for {dest}, what may the key do, and how often does it change?",
		Control: stride.SecretsManagement, Also: []stride.ControlName{stride.KeyManagement},
		Terms: []string{"vault", "secrets manager", "rotation"}, Risk: risk(2, 4), CWE: []string{"CWE-798", "CWE-522"}, CAPEC: []string{"CAPEC-150"},
		Fixes: fixes(fix("Fetch the key for {dest} from a secret manager, restrict it to the calls that {source} makes, scan code for it, and rotate it.", "ASVS 13.3.1", "ASVS 13.3.4", "CWE-798")),
		at:    atFlow,
		flow: func(e *edge) bool {
			return e.from.service() && !e.from.outside && e.to.outside && e.to.is("third_party", "payment_service", "email_service", "sms_service", "llm")
		},
	},
	{
		ID: "third-oversharing", Category: stride.InformationDisclosure,
		Title: "{source} hands {dest} more than it needs",
		Actor: "{dest}, or whoever breaches it", Action: "use or lose data that {source} sends",
		Fact: "the data leaves the system's control", Lack: "minimization of what is sent", Effect: "disclosure of {data} outside of it",
		Ask:     "Which fields does {source} send to {dest}, and could fewer do?",
		Control: stride.DataMinimization, Terms: []string{"minimize", "pseudonym", "contract"}, Risk: risk(2, 3), Sensitive: true,
		CWE: []string{"CWE-201"}, CAPEC: []string{"CAPEC-569"},
		Fixes: fixes(fix("Send {dest} only the fields it needs, under pseudonyms, and agree on deletion.", "ASVS 14.2.3", "CWE-201")),
		at:    atFlow,
		flow:  func(e *edge) bool { return e.to.is("third_party") && !e.from.is("third_party") && !e.from.person() },
	},
	{
		ID: "third-compromised-peer", Category: stride.Tampering,
		Title: "Hostile data from {source}, once compromised, reaches {dest}",
		Actor: "An attacker who took over {source}", Action: "send crafted answers or commands to {dest}",
		Fact: "{dest} trusts what {source} sends", Lack: "validation of what comes in", Effect: "corrupted data or code execution in {dest}",
		Ask:     "Does {dest} validate what {source} sends like any other input?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.IntegrityCheck},
		Terms: []string{"validate", "schema", "signature"}, Risk: risk(2, 3), CWE: []string{"CWE-1357", "CWE-20"}, CAPEC: []string{"CAPEC-153"},
		Fixes: fixes(fix("Validate answers of {source} against a schema in {dest}, cap their size, and run with the fewest rights.", "ASVS 2.2.1", "CWE-20")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.is("third_party") && !e.to.is("third_party", "human") && e.to.Kind != stride.ExternalEntity
		},
	},
	{
		ID: "third-outage", Category: stride.DenialOfService,
		Title: "Outage of {dest} stops {source}",
		Actor: "An outage, a rate limit or a closed account", Action: "make {dest} unavailable",
		Fact: "{source} waits for its answers", Lack: "fallback for it", Effect: "failing or hanging requests in {source}",
		Ask:     "What does {source} do when {dest} is slow or gone?",
		Control: stride.Redundancy, Terms: []string{"fallback", "circuit breaker", "timeout"}, Risk: risk(3, 2), CWE: []string{"CWE-400"}, CAPEC: []string{"CAPEC-607"},
		Fixes: fixes(fix("Set deadlines and a circuit breaker around calls to {dest}, queue what can wait, and degrade visibly.", "ASVS 13.1.2", "ASVS 16.5.2")),
		at:    atReceiver,
		flow: func(e *edge) bool {
			return e.from.service() && !e.from.outside && e.to.is("third_party", "payment_service", "email_service", "sms_service") && e.to.outside
		},
	},
}

// payments holds fraud on money flows.
var payments = []Rule{
	{
		ID: "pay-altered-amount", Category: stride.Tampering,
		Title: "Amount or recipient of a payment through {dest} altered",
		Actor: "A customer, or somebody between {source} and {dest}", Action: "change amount, currency or recipient of an order before it is paid",
		Fact: "{target} carries what is to be paid", Lack: "check of the amount against the order", Effect: "goods paid with too little or money sent elsewhere",
		Ask:     "Is the amount computed on the server and compared with what {dest} confirms?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.InputValidation},
		Terms: []string{"server-side price", "verify amount", "signature"}, Risk: risk(3, 4), CWE: []string{"CWE-345", "CWE-602"}, CAPEC: []string{"CAPEC-384"},
		Fixes: fixes(fix("Compute the amount on the server, bind it to the order id, and compare with the confirmation of {dest} before delivery.", "ASVS 2.3.1", "CWE-345")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.is("payment_service") && !e.from.is("payment_service") && !e.from.person()
		},
	},
	{
		ID: "pay-card-skimming", Category: stride.InformationDisclosure,
		Title: "Card data skimmed in {source} while it is entered",
		Actor: "Malware on the customer's machine, or a script injected into the payment page", Action: "read card data in {source} before it is sent to {dest}",
		Fact: "card data is typed there", Lack: "integrity check of the scripts on the payment page", Effect: "theft of {data} from many customers unnoticed",
		Ask:     "Which scripts run on the page where card data is entered, and are they pinned and watched?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.OutputEncoding},
		Terms: []string{"subresource integrity", "Content-Security-Policy", "hosted fields"}, Risk: risk(3, 4),
		CWE: []string{"CWE-353", "CWE-829"}, CAPEC: []string{"CAPEC-569"},
		Fixes: fixes(fix("Let the provider's hosted fields take card data in {source}, keep third-party scripts off that page, pin the rest by hash, and alert on changes.", "ASVS 3.6.1", "CWE-353")),
		at:    atFlow,
		flow: func(e *edge) bool {
			return e.from.is("browser", "mobile_app") && anyClass(e.Data, []stride.DataClass{stride.DataPayment})
		},
	},
	{
		ID: "pay-stolen-card", Category: stride.Spoofing,
		Title: "Payments with stolen cards through {target}",
		Actor: "A fraudster", Action: "test and use stolen card numbers at {target} as if they were the holder",
		Lack: "strong authentication of the payer", Effect: "chargebacks, fees and loss of the merchant account",
		Ask:     "Is 3-D Secure or fraud scoring used before {target} is charged?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.RateLimiting, stride.Monitoring},
		Terms: []string{"3-D Secure", "fraud detection", "CVC"}, Risk: risk(4, 3), Most: 1, CWE: []string{"CWE-290", "CWE-799"}, CAPEC: []string{"CAPEC-21"},
		Fixes: fixes(fix("Require 3-D Secure for risky payments, limit attempts per card and address, and review refunds.", "ASVS 2.4.1", "CWE-799")),
		element: func(n *node) bool {
			return n.is("payment_service") && !n.calledBy(func(c *node) bool { return c.is("payment_service") })
		},
	},
	{
		ID: "pay-denied-order", Category: stride.Repudiation,
		Title: "Disputed payments and refunds through {target}",
		Actor: "A customer or an employee", Action: "deny an order, refund or payout that went through {target}",
		Lack: "record that ties it to a person", Effect: "losses in disputes and undetected internal fraud",
		Ask:     "Which records tie each payment and refund through {target} to a person and an order?",
		Control: stride.AuditLogging, Terms: []string{"audit", "receipt", "log"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-195"},
		Fixes:   fixes(fix("Keep order, consent, actor and confirmation of {target} together in an append-only record; need two people for large refunds.", "ASVS 16.2.1", "CWE-778")),
		element: func(n *node) bool { return n.is("payment_service") },
	},
	{
		ID: "pay-account-takeover", Category: stride.ElevationOfPrivilege,
		Title: "Merchant's account at {target} taken over, refunds and payouts issued",
		Actor: "An attacker who phishes an employee or steals their laptop", Action: "sign in to the merchant's dashboard of {target} and issue refunds, cancel orders or change the payout account",
		Fact: "that account commands the merchant's money", Lack: "second factor for the dashboard", Effect: "money sent elsewhere and customers' data read",
		Ask:     "Who can sign in to the dashboard of {target}, with a second factor, and who approves refunds and payout changes?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.HumanApproval, stride.LeastPrivilege},
		Terms: []string{"MFA", "two-factor", "dashboard roles"}, Risk: risk(3, 4), Most: 1,
		CWE: []string{"CWE-308", "CWE-269"}, CAPEC: []string{"CAPEC-98", "CAPEC-560"},
		Fixes:   fixes(fix("Require passkeys for the dashboard of {target}, give each employee the smallest role, need two people for payout changes and large refunds, and alert on both.", "ASVS 6.3.3", "CWE-308")),
		element: func(n *node) bool { return n.is("payment_service") && n.outside },
	},
}

// people holds mistakes and insiders.
var people = []Rule{
	{
		ID: "people-operator-error", Category: stride.Tampering,
		Title: "Mistake by {source} on {dest}: wrong {setting}",
		Actor: "{source}", Action: "set {setting} on {dest} wrongly by accident",
		Fact: "one person's change takes effect at once", Lack: "approval by a second person", Effect: "an outage or an opened door that nobody meant",
		Ask:     "Do changes by {source} on {dest} go through review and can they be undone?",
		Control: stride.HumanApproval, Also: []stride.ControlName{stride.CodeReview},
		Terms: []string{"approval", "review", "dry run"}, Risk: risk(2, 3), CWE: []string{"CWE-1419"}, CAPEC: []string{"CAPEC-176"},
		Fixes: fixes(fix("Make changes to {dest} as reviewed code with a dry run, limits on how much changes at once, and a tested way back.", "CAPEC-176")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.is("admin", "operator") && !e.to.person() && e.to.settingOf() != ""
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
}
