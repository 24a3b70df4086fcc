package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// thirdParties holds the attacks that come by way of other companies.
var thirdParties = []Rule{
	{
		ID: "third-forged-callback", Category: stride.Spoofing,
		Title: "Forged callbacks to {target}",
		Actor: "Anybody who knows the address of {target}", Action: "send {target} events that look as if they came from {callers}",
		Lack: "signature check on incoming events", Effect: "the system acting on events that never happened",
		Ask:     "Does {target} verify a signature and timestamp on each event?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.Authentication, stride.MutualAuthentication},
		Terms: []string{"signature", "HMAC", "webhook secret"}, Risk: risk(4, 3), CWE: []string{"CWE-345"}, CAPEC: []string{"CAPEC-194"},
		Fixes:   fixes(fix("Verify an HMAC over body and timestamp in {target}, refuse old and repeated events, and fetch the state from the sender before acting.", "CWE-345", "CWE-294")),
		element: func(n *node) bool { return n.is("webhook_receiver") && !n.admissionWebhook() && !n.outgoingHook() },
		heed:    (*node).hookControls,
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
		flow: func(e *edge) bool {
			return e.from.service() && e.to.is("third_party") && !e.judges() && e.from.handlesOutsideInput() && (e.says("url", "address", "fetch", "crawl", "link") || e.from.named("proxy", "fetch", "crawl", "scraper", "preview", "import") || e.from.told("url", "urls", "webhook", "webhooks", "preview", "favicon"))
		},
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
			return e.from.service() && !e.from.outside && e.to.outside && !e.judges() && e.to.is("third_party", "payment_service", "email_service", "sms_service", "llm") &&
				!e.from.has("secret_store") && !(e.from.is("function") && e.to.managed) // which its role opens
		},
		common: true,
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
		flow: func(e *edge) bool {
			return e.to.is("third_party") && !e.from.outside && !e.judges() && !e.from.person() && anyClass(e.Data, sensitiveData())
		},
		reserved: true,
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
			return e.from.is("third_party") && !e.judges() && !e.to.is("third_party", "human", "webhook_receiver") && e.to.Kind != stride.ExternalEntity
		},
		common:   true,
		reserved: true,
		home:     (*design).learning,
	},
	{
		ID: "third-outage", Category: stride.DenialOfService,
		Title: "Outage of {dest} stops {source}",
		Actor: "An outage, a rate limit or a closed account", Action: "make {dest} unavailable",
		Fact: "requests in {source} wait for its answers", Lack: "fallback for it", Effect: "failing or hanging requests in {source}",
		Ask:     "What does {source} do when {dest} is slow or gone?",
		Control: stride.Redundancy, Terms: []string{"fallback", "circuit breaker", "timeout"}, Risk: risk(3, 2), CWE: []string{"CWE-400"}, CAPEC: []string{"CAPEC-607"},
		Fixes: fixes(fix("Set deadlines and a circuit breaker around calls to {dest}, queue what can wait, and degrade visibly.", "ASVS 13.1.2", "ASVS 16.5.2")),
		at:    atReceiver,
		flow: func(e *edge) bool {
			return e.from.service() && !e.from.is("worker", "queue") && !e.from.outside && !e.judges() && e.to.is("third_party", "payment_service", "sms_service") && e.to.outside
		},
		common:  true,
		Measure: "fallbacks for services of others", singled: ofFlow((*edge).waitsForOthers),
	},
	{
		ID: "third-replayed-callback", Category: stride.Tampering,
		Title: "Same event delivered to {target} twice or out of order",
		Actor: "The sender's retries, or somebody who recorded a genuine event", Action: "have {target} handle one event again",
		Fact: "the copy of a genuine event is genuine as well", Lack: "memory of handled events", Effect: "what the event sets off happening twice, or an old state overwriting a newer one",
		Ask:     "Does {target} remember event ids and refuse old timestamps?",
		Control: stride.ReplayProtection, Terms: []string{"idempotency", "event id", "timestamp tolerance"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-294", "CWE-837"}, CAPEC: []string{"CAPEC-60"},
		Fixes: fixes(fix("Store handled event ids of {target} under a unique constraint, refuse timestamps older than minutes, and read the present state from the sender.", "CWE-837", "CWE-294")),
		element: func(n *node) bool {
			return n.is("webhook_receiver") && !n.admissionWebhook() && !n.outgoingHook() && n.countsEvents()
		},
		reserved: true,
	},
	{
		ID: "third-forged-notice", Category: stride.Spoofing,
		Title: "Forged notice from {source} accepted by {dest}",
		Actor: "Anybody who finds the address that is called", Action: "send {dest} a notice in the name of {source}",
		Fact: "{dest} acts on what {source} reports", Lack: "signature check on incoming notices", Effect: "{dest} acting on events that never happened",
		Ask:     "Does {dest} verify a signature and timestamp on each notice from {source}?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.Authentication, stride.MutualAuthentication},
		Terms: []string{"signature", "HMAC", "webhook secret"}, Risk: risk(4, 3), Most: 2, CWE: []string{"CWE-345"}, CAPEC: []string{"CAPEC-194"},
		Fixes: fixes(fix("Verify the provider's signature over body and timestamp in {dest}, refuse repeats, and fetch the state from {source} before acting.", "CWE-345", "CWE-294")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.outside && !e.judges() && e.from.is("third_party", "payment_service", "sms_service", "email_service") && e.to.service() && !e.to.has("webhook_receiver") &&
				e.says("webhook", "callback", "notif") && !e.says("signed", "signature", "hmac")
		},
	},
	{
		ID: "third-webhook-target", Category: stride.InformationDisclosure,
		Title: "Webhooks of {source} pointed at internal addresses",
		Actor: "A user who registers an address", Action: "have {source} send requests to internal services or the cloud metadata address",
		Fact: "users choose where {source} calls", Lack: "filter on outgoing connections", Effect: "disclosure of internal data and cloud credentials",
		Ask:     "Are addresses that users register for {source} resolved and checked at each call, and are redirects refused?",
		Control: stride.EgressFiltering, Also: []stride.ControlName{stride.InputValidation},
		Terms: []string{"allow-list", "egress proxy", "SSRF"}, Risk: risk(3, 4), Most: 1, CWE: []string{"CWE-918"}, CAPEC: []string{"CAPEC-664"}, Silences: []string{"third-request-forgery"},
		Fixes: fixes(fix("Send webhooks of {source} through an egress proxy that refuses private and link-local ranges after resolving, follow no redirects, and require IMDSv2.", "ASVS 1.3.6", "CWE-918")),
		at:    atSender,
		flow: func(e *edge) bool {
			return e.from.service() && !e.from.outside && e.to.outside && e.says("webhook") && !e.to.outgoingChat() && !e.judges()
		},
	},
}

// countsEvents reports whether events at n must happen once: they carry money,
// orders or records, and do not merely say that something is to be read again.
func (n *node) countsEvents() bool {
	return n.near("payment_service") || n.receives(stride.DataPayment, stride.DataCommands, stride.DataBusiness, stride.DataHealth)
}

// outgoingHook reports whether n is an address that the system calls, as for
// notices to a chat room, and not one that receives.
func (n *node) outgoingHook() bool {
	if n.outgoingChat() {
		return true
	}
	return len(n.in) > 0 && len(n.out) == 0 && n.Kind == stride.ExternalEntity
}

// outgoingChat reports whether n is a room or pager to which notices go.
func (n *node) outgoingChat() bool { return n.named("slack", "teams", "discord", "pagerduty") }
