package rules

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// practice is an attack that a way of working is known for in its field: who
// trusts whom, what is handed over, what people carry from one part to another. It
// rests on the sentence by which the source tells of that way of working, which the
// proposal quotes, and keeps quiet without one.
type practice struct {
	id       string
	category stride.Category
	title    string
	// actor, action, lack and effect make the statement, as in a Rule.
	actor, action, lack, effect string
	ask                         string
	control                     stride.ControlName
	also                        []stride.ControlName
	terms                       []string
	risk                        stride.Risk
	cwe, capec, fix             string
	// says lists the phrases that tell of it, in lower case; each word stands for its
	// inflections.
	says []string
	// unless holds stems of words that make such a sentence one of something else.
	unless []string
	// of is the kind of part that it is said of.
	of func(*node) bool
	// silences names rules that say the same with less reason.
	silences []string
	// once bounds a proposal to one part, the most exposed. Whole makes that the heart of
	// the design, whichever part the sentence names: it is about the product.
	once, whole bool
}

// mostOfPractice bounds the parts of which one proposal of a practice speaks.
const mostOfPractice = 2

// practices makes rules of the tables, in their order.
func practices() []Rule {
	tables := slices.Concat(practicesOfAccess, practicesOfTrust, practicesOfPrograms, practicesOfData, practicesOfThings,
		practicesOfPolicies, practicesOfControllers, practicesOfClients, practicesOfServices)
	out := make([]Rule, 0, len(tables))
	for _, p := range tables {
		most, tell := mostOfPractice, telling(p.says...)
		if p.once || p.whole {
			most = 1
		}
		if p.whole {
			tell = tellingOfAll(p.says...)
		}
		out = append(out, Rule{
			ID: p.id, Category: p.category, Title: p.title, Actor: p.actor, Action: p.action, Lack: p.lack, Effect: p.effect, Ask: p.ask,
			Control: p.control, Also: p.also, Terms: p.terms, Risk: p.risk, Most: most, Silences: p.silences,
			CWE: []string{p.cwe}, CAPEC: []string{p.capec}, Fixes: fixes(fix(p.fix, p.cwe)),
			tell: unanswered(tell, p.terms, p.unless), onlyTold: true,
			element: func(n *node) bool { return len(n.quotes) > 0 && p.of(n) },
		})
	}
	return out
}

// unanswered leaves out a sentence that has one of the terms by which a source
// speaks of the control, since it tells the fact and the answer to it, and one that
// has a word with one of the other stems.
func unanswered(tell func(*node) (stride.Evidence, bool), terms, unless []string) func(*node) (stride.Evidence, bool) {
	answers := (&Rule{Terms: terms}).phrases()
	return func(n *node) (stride.Evidence, bool) {
		quote, ok := tell(n)
		if !ok {
			return quote, false
		}
		said := wordsIn(quote.Quote)
		if said.holds(unless...) || slices.ContainsFunc(answers, func(p []string) bool { return said.find(p) >= 0 }) {
			return stride.Evidence{}, false
		}
		return quote, true
	}
}

// program reports whether n runs software of its own: no store, no person and no
// mere wire.
func (n *node) program() bool {
	return n.Kind == stride.Process && !n.person() && !n.is("wireless", "field_bus", "debug_port")
}

// endpoint reports whether n is a part that others talk to, stores included.
func (n *node) endpoint() bool { return !n.person() && !n.is("wireless", "debug_port") }

// ofLanguageModel reports whether n works with a language model.
func (n *node) ofLanguageModel() bool { return n.is("llm", "llm_application", "llm_tool") }

// inPlant reports whether the design has things that move, measure or switch.
func (n *node) inPlant() bool { return n.has("device", "field_bus", "robot_middleware") }

// medical reports whether the design handles patients' data.
func (n *node) medical() bool { return n.design.patients }

// practicesOfTrust are attacks on who is believed, and on what that rests.
// Source: NIST SP 800-63B; SPIFFE threat model; RFC 9700; ETSI EN 303 645.
var practicesOfTrust = []practice{
	{
		id: "told-claimed-identity", category: stride.Spoofing, title: "{target} believes the name that its caller gives",
		actor: "Anybody who can reach {target}", action: "present the identifier of somebody else to {target} and be taken for them",
		lack: "proof that the caller owns that identifier", effect: "requests and records in another's name",
		ask:     "What besides that identifier does {target} check: a certificate, a key in hardware, a signature?",
		control: stride.MutualAuthentication, terms: []string{"client certificate", "mTLS", "proof of possession"}, risk: risk(3, 4),
		cwe: "CWE-290", capec: "CAPEC-151", fix: "Bind the identifier to a credential of its own (client certificate or key in hardware) and let {target} refuse a caller whose credential names another.",
		says: []string{
			"identified by", "identifies itself", "identify themselves", "ae title", "by its serial number", "by mac address", "by its mac", "by their mac", "by ip address", "by its ip", "by source address", "last part of the", "caller id", "by the client id",
		},
		of: func(n *node) bool { return n.endpoint() && !n.store() },
	},
	{
		id: "told-join-token", category: stride.Spoofing, title: "Join token of {target} used by an impostor",
		actor: "Whoever reads the token in a script, a ticket or a log", action: "enrol a part of their own with {target} before or after the genuine one",
		lack: "single use and short life of that token", effect: "an attacker inside of the circle of trusted parts, with the identity and rights of a genuine one",
		ask:     "How long does a join token of {target} live, how often is it good, and who approves a join?",
		control: stride.SessionManagement, also: []stride.ControlName{stride.HumanApproval}, terms: []string{"single use", "expires", "attestation"}, risk: risk(3, 4),
		cwe: "CWE-613", capec: "CAPEC-60", fix: "Let join tokens of {target} work once and for minutes, bind them to the hardware or platform identity of the joining part, and alert on every join.",
		says: []string{"join token", "joins with a token", "bootstrap token", "enrolment token", "enrollment token", "provisioning token", "provisioning key", "claim certificate", "node token"},
		of:   func(n *node) bool { return n.endpoint() && !n.store() },
	},
	{
		id: "told-bootstrap-trust", category: stride.Spoofing, title: "First contact of {target} caught by an impostor",
		actor: "An attacker on the network at the first start", action: "answer {target} with a trust anchor or key of their own",
		lack: "protected delivery of the first trust anchor", effect: "every later connection checked against the attacker's key",
		ask:     "How does the first trust anchor reach {target}, and who could replace it on the way or on disk?",
		control: stride.IntegrityCheck, also: []stride.ControlName{stride.KeyManagement}, terms: []string{"pinned", "signed bundle", "out of band"}, risk: risk(2, 4),
		cwe: "CWE-345", capec: "CAPEC-94", fix: "Ship the first trust anchor of {target} with the image or out of band, pin its hash, and protect its file from other accounts.",
		says: []string{"bootstrap trust", "bootstrap bundle", "bootstrap certificate", "trust on first use", "tofu", "on first connection", "trust bundle at"},
		of:   (*node).program,
	},
	{
		id: "told-signing-authority", category: stride.Spoofing, title: "Signing key of {target} copied and used elsewhere",
		actor: "An intruder on the host of {target}, an administrator, or a reader of its backups", action: "copy the key with which {target} signs and sign whatever they like",
		lack: "protection of that key in hardware or a key service", effect: "forged identities, messages or records that everybody verifies as genuine",
		ask:     "Where does the signing key of {target} lie, who can read or use it, and how fast can it be replaced?",
		control: stride.KeyManagement, also: []stride.ControlName{stride.SecretsManagement}, terms: []string{"HSM", "KMS", "key rotation"}, risk: risk(2, 4),
		cwe: "CWE-522", capec: "CAPEC-474", fix: "Keep the signing key of {target} in an HSM or KMS that logs each use, rehearse its replacement, and keep it out of ordinary backups.",
		says: []string{
			"signing authority", "certificate authority", "signing key", "signed by its key", "signs it with", "signs them with", "signs with its", "signs each", "root key", "subca",
		},
		of: func(n *node) bool {
			return n.endpoint() && !n.store() && !n.is("client") && !n.named("audit", "log", "logs") && !n.design.keysInHardware()
		},
		silences: []string{"oauth-signing-key"},
	},
	{
		id: "told-handed-credentials", category: stride.ElevationOfPrivilege, title: "Credentials that {target} hands out obtained by the wrong caller",
		actor: "A program or user that gets {target} to take it for an entitled one", action: "ask {target} for keys or tokens and act with their rights",
		lack: "least privilege of what is handed out", effect: "access with the rights of somebody else, wherever those credentials are good",
		ask:     "To whom does {target} hand out which credentials, what do they allow at most, and how long are they good?",
		control: stride.LeastPrivilege, also: []stride.ControlName{stride.Authorization}, terms: []string{"scoped", "short-lived", "audience"}, risk: risk(2, 4),
		cwe: "CWE-269", capec: "CAPEC-122", fix: "Let {target} hand out credentials for one audience, one task and minutes, decide by attested properties of the caller, and log each issue.",
		says: []string{
			"returns a signed", "returns a token", "hands out tokens", "hands out credentials", "issues tokens", "issues a token", "issues short lived", "temporary credentials", "temporary aws credentials", "gives the workload", "issues certificates",
			"issues a certificate", "credentials with which", "exchanges it for",
		},
		of: func(n *node) bool { return n.program() && !n.is("client") && !n.signsPeopleIn() },
	},
	{
		id: "told-wide-match", category: stride.ElevationOfPrivilege, title: "Too broad an entry of {target} fits more than was meant",
		actor: "Somebody who can start or name a program, label or object", action: "choose names or labels so that an entry of {target} fits them",
		lack: "review of what each entry matches", effect: "rights or identities granted to parts that nobody meant",
		ask:     "Who writes the entries of {target}, who reviews them, and can they match by a property that the requester sets?",
		control: stride.HumanApproval, also: []stride.ControlName{stride.CodeReview, stride.LeastPrivilege}, terms: []string{"review of entries", "policy test", "admission policy"}, risk: risk(3, 3),
		cwe: "CWE-863", capec: "CAPEC-122", fix: "Match by at least two properties that the requester cannot set, forbid wildcards in {target}, and let a second person review each entry.",
		says: []string{"selector", "wildcard", "pod label", "registration entr", "matches any", "prefix match", "pattern match", "regular expression", "by label"},
		of:   func(n *node) bool { return n.program() && !n.outside && !n.is("client") },
	},
	{
		id: "told-federated-peer", category: stride.Spoofing, title: "Federated peer of {target} vouches for what is not its own",
		actor: "A hostile or breached partner", action: "send {target} identities, messages or records about others than its own",
		lack: "limit on what each peer may vouch for", effect: "foreign users, sessions or records taken for genuine on the word of a stranger",
		ask:     "What may each peer assert to {target}, how are its keys pinned and renewed, and how is a peer cut off?",
		control: stride.Authorization, also: []stride.ControlName{stride.InputValidation}, terms: []string{"allow-list of peers", "per-peer limit", "namespace"}, risk: risk(3, 3),
		cwe: "CWE-346", capec: "CAPEC-151", fix: "Check at {target} that each statement of a peer is about its own users and signed by its own key, keep a list of peers, and prepare to cut one off.",
		says: []string{"federated with", "federation with", "federation api", "over federation", "federated trust", "roaming", "other servers", "remote servers", "peer servers", "partner network", "foreign domain"},
		of: func(n *node) bool {
			return n.endpoint() && !n.store() && !n.is("identity_provider", "client", "payment_service")
		},
	},
	{
		id: "told-trusted-place", category: stride.Spoofing, title: "Place on the network stands for a sign-in at {target}",
		actor: "Anybody in the right network, or behind a proxy that is", action: "use {target} without a password because of where they connect from",
		lack: "authentication besides the network address", effect: "access as the person or device that usually sits there",
		ask:     "Which networks skip the sign-in at {target}, and can a proxy or guest device be among them?",
		control: stride.Authentication, terms: []string{"sign-in", "client certificate"}, risk: risk(3, 3),
		cwe: "CWE-290", capec: "CAPEC-151", fix: "Ask for a credential at {target} from every network, bind fixed screens to a device certificate with few rights, and list trusted proxies one by one.",
		says: []string{"trusted network", "without password", "without a password", "without signing in from", "inside the network without", "from the internal network without", "trusted proxies"},
		of:   func(n *node) bool { return !n.store() && n.Kind == stride.Process || n.is("device") },
	},
	{
		id: "told-pairing", category: stride.Spoofing, title: "Foreign device joins while {target} is open for pairing",
		actor: "Somebody within range, or who learns the network key", action: "join a device of their own to {target} or listen to the exchange of keys",
		lack: "limit in time and a code per device for pairing", effect: "a hostile device among the trusted ones, which hears and sends as they do",
		ask:     "Who opens {target} for pairing, for how long, and is each device checked by a code of its own?",
		control: stride.UniqueCredentials, also: []stride.ControlName{stride.Authentication}, terms: []string{"install code", "PIN", "pairing window"}, risk: risk(3, 3),
		cwe: "CWE-287", capec: "CAPEC-115", fix: "Open {target} for pairing for a minute at a time, require install codes or a PIN per device, and show each new device to the owner.",
		says: []string{"permit join", "pairing mode", "network key", "paired by", "pairing", "commissioning mode", "setup code"},
		of:   func(n *node) bool { return !n.person() && !n.store() },
	},
	{
		id: "told-link-token", category: stride.Spoofing, title: "Link or code for {target} used by somebody else",
		actor: "Whoever sees the link or code in a mail, history, referrer, log or on paper", action: "open {target} with it in place of the person it was meant for",
		lack: "binding of it to one person and one use", effect: "access to that person's data without their sign-in",
		ask:     "How long is a link or code for {target} good, how often, and what else is asked for?",
		control: stride.SessionManagement, also: []stride.ControlName{stride.MultiFactor}, terms: []string{"single use", "expires in minutes", "second factor"}, risk: risk(3, 3),
		cwe: "CWE-640", capec: "CAPEC-50", fix: "Let links and codes for {target} work once and for minutes, keep them out of URLs that are logged, and ask for a second proof.",
		says: []string{"link containing", "link with a token", "token in the url", "token in the link", "reset link", "magic link", "launch link", "invitation link", "invite link", "code and birth", "printed code", "access code", "code on paper", "code printed"},
		of:   func(n *node) bool { return n.program() && !n.is("email_service", "sms_service") },
	},
	{
		id: "told-break-glass", category: stride.Repudiation, title: "Emergency access at {target} used without an emergency and denied",
		actor: "A curious insider", action: "use emergency access at {target} to look at records that are none of their business",
		lack: "review of each use", effect: "disclosure of records that the roles protect, and nobody who answers for it",
		ask:     "Who reviews each emergency access at {target}, within which time, and must a reason be given?",
		control: stride.AuditLogging, also: []stride.ControlName{stride.Monitoring}, terms: []string{"audit", "review", "reason"}, risk: risk(3, 3),
		cwe: "CWE-778", capec: "CAPEC-122", fix: "Ask for a reason at {target}, notify the data's owner and the privacy officer at once, and review every use within days.",
		says: []string{"break the glass", "break glass", "breaking the glass", "emergency access", "emergency override"},
		of:   func(n *node) bool { return !n.person() },
	},
	{
		id: "told-published-keys", category: stride.Tampering, title: "False key published through {target}",
		actor: "Whoever can write to {target}, or poses as it", action: "add a key of their own to what {target} publishes",
		lack: "integrity check of what is published", effect: "signatures of the attacker believed by everybody who fetches keys there",
		ask:     "Who can change what {target} publishes, and how do those who fetch it notice a foreign key?",
		control: stride.IntegrityCheck, also: []stride.ControlName{stride.LeastPrivilege}, terms: []string{"signed bundle", "key transparency"}, risk: risk(2, 4),
		cwe: "CWE-345", capec: "CAPEC-94", fix: "Let the signer alone write what {target} publishes, serve it over TLS with a short cache life, and alert on every new key.",
		says: []string{"publishes public key", "publishes the public key", "publishes the jwt key", "publishes its public key", "publishes the keys", "keys are published", "publishes its jwks", "serves a jwks", "jwks endpoint of", "bundle endpoint"},
		of:   func(n *node) bool { return n.endpoint() && !n.store() },
	},
}
