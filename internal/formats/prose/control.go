package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// controlRow lists phrases that speak of a safeguard. Says is what a phrase
// says where nothing denies it: "unencrypted" says absent.
type controlRow struct {
	control stride.ControlName
	says    stride.ControlState
	phrases string
}

var controlTable = []controlRow{
	{stride.Authentication, stride.ControlPresent, "authenticated|authenticates|authentication|authenticate|log in|logs in|logged in|signs in|sign in|bearer token|jwt|oauth|oauth2|oidc|saml|credentials required|basic auth|requires login|requires a password|require a password|have a password|has a password|need a password|protected by a password|password-protected|wpa2-enterprise|wpa3-enterprise|wpa2 enterprise|802.1x"},
	{stride.Authentication, stride.ControlAbsent, "unauthenticated|anonymous access|anonymously|open for anyone|without security enabled|no login|no password|without password|without a password|without passwords|no credentials|without credentials"},
	{stride.MutualAuthentication, stride.ControlPresent, "mtls|mutual tls authentication|mutual tls|mutual authentication|mutually authenticated|client certificate|client certificates|two-way tls"},
	{stride.MultiFactor, stride.ControlPresent, "mfa|2fa|multi-factor authentication|two-factor authentication|multi-factor|multifactor|two-factor|second factor|one-time password|totp|hardware token|passkey|passkeys|webauthn"},
	{stride.Authorization, stride.ControlPresent, "authorization|authorisation|authorized by|rbac|role-based|abac|attribute-based|access control|access controls|permissions are checked|permission check|permission checks|acl|acls|iam policies|iam policy|scopes|role concept|checks the role|checks the roles|check the roles|checks the permission|checks the permissions|checks permissions|checks the rights|roles are checked|checks the owner|checks ownership|ownership is checked|roles and permissions|restricted to members"},
	{stride.LeastPrivilege, stride.ControlPresent, "least privilege|least-privilege|minimal permissions|read-only access|restricted permissions|non-root"},
	{stride.LeastPrivilege, stride.ControlAbsent, "runs as root|running as root|run as root|sudoer|administrator rights|full access|cluster-admin rights|privileged container|overly broad"},
	{stride.SessionManagement, stride.ControlPresent, "session timeout|session expires|session expiry|sessions expire|httponly|secure cookie|secure cookies|short-lived token|short-lived tokens|token expiry|tokens expire|session rotation|session management|short-lived session token|short-lived credentials|temporary credentials|oidc role"},
	{stride.EncryptionInTransit, stride.ControlPresent, "https|tls|ssl|mutual tls|encrypted in transit|encryption in transit|over ssh|ipsec|encrypted channel|encrypted connection|wss|sftp|end-to-end encrypted|mtls|over vpn|vpn tunnel|wpa2-enterprise|wpa3-enterprise|wpa2|wpa3"},
	{stride.EncryptionInTransit, stride.ControlAbsent, "unencrypted|plaintext http|plain http|in the clear|cleartext|clear text|plain-text protocol|in plain text|in plaintext|as plain text|as plaintext"},
	{stride.EncryptionAtRest, stride.ControlPresent, "encrypted at rest|encryption at rest|at-rest encryption|disk encryption|full-disk encryption|encrypted disk|encrypted storage|server-side encryption|encrypted volume|encrypted volumes|sse-kms|transparent data encryption|encrypted backups"},
	{stride.EncryptionAtRest, stride.ControlAbsent, "stored in plaintext|stored in plain text|stored unencrypted|plaintext passwords|stored in clear text"},
	{stride.KeyManagement, stride.ControlPresent, "kms|key rotation|keys are rotated|hsm|hardware security module|key management|rotated keys|customer-managed keys"},
	{stride.SecretsManagement, stride.ControlPresent, "secrets manager|secret manager|hashicorp vault|from vault|in vault|by vault|vault agent|vault secrets|key vault|secrets management|secret store|sealed secrets|parameter store"},
	{stride.SecretsManagement, stride.ControlAbsent, "hard-coded credentials|hardcoded credentials|hardcoded secrets|hard-coded secrets|hardcoded password|hard-coded password|secrets in environment variables|credentials in code|hardcoded api key"},
	{stride.InputValidation, stride.ControlPresent, "input validation|validates input|validates inputs|input is validated|inputs are validated|schema validation|validates the request|validates requests|sanitized|sanitised|sanitizes|sanitization|validated against|validate input|validate inputs|validate its input|validate its inputs|validate the input|validate any input|validate user input|validates user input|validates its input|validates all input|validate requests|validate the request|validate the requests|validate request bodies|validate parameters|check its input|check the input|check input|sanitize input|sanitise input|sanitize user input|exact match of redirect|redirect uris are matched exactly|redirect uri must match exactly|exact redirect uri|exact redirect uris|against a json schema|against a schema|range check|range checked|plausibility check|plausibility checks"},
	{stride.ParameterizedQueries, stride.ControlPresent, "parameterized queries|parameterised queries|prepared statements|prepared statement|parameterized query|queries are parameterized|queries are parameterised|parameterizes queries|parameterises queries|parameterizes its queries|parameterized statements|bound parameters|bind variables|bind parameters|an orm|the orm|by orm|with orm|orm layer|orm queries|object-relational mapper|object-relational mapping"},
	{stride.OutputEncoding, stride.ControlPresent, "output encoding|encodes output|encodes its output|encodes all output|escapes output|escapes its output|content security policy|csp header|html escaping|output is encoded|auto-escaping"},
	{stride.CSRFProtection, stride.ControlPresent, "csrf|csrf token|csrf tokens|anti-csrf|samesite"},
	{stride.MalwareScanning, stride.ControlPresent, "virus scan|virus scanning|malware scan|malware scanning|antivirus|anti-virus|scanned for malware|scanned for viruses"},
	{stride.RateLimiting, stride.ControlPresent, "rate limit|rate limits|rate limiting|rate-limiting|rate-limited|rate limited|throttling|throttled|throttles|account lockout|rate-based rule|rate-based rules|login attempts are limited|failed logins lock|locked after|lockout after|backoff after|ip ban|fail2ban"},
	{stride.Quotas, stride.ControlPresent, "quota|quotas|resource limits|size limit|size limits|file size limit|resource limit|spending limit|token limit"},
	{stride.Redundancy, stride.ControlPresent, "highly available|high availability|multi-az|multiple availability zones|replicated|replicas|failover|auto-scaling|autoscaling|auto scaling|redundant|redundancy|hot standby|replicated to the second|second data centre|second data center|standby site|two data centres|two data centers|runs on two|run on two|three replicas|two replicas|offline buffer|offline buffering|buffers offline|local list|store and forward|can roll back|rolls back automatically|rolled back automatically|automatic rollback|a b update|a b updates|updates a b|a b partition|a b partitions|a b slots"},
	{stride.Redundancy, stride.ControlAbsent, "single point of failure|single instance|single replica|only one instance|only one replica|only one server"},
	{stride.DDoSProtection, stride.ControlPresent, "ddos protection|ddos mitigation|aws shield|anti-ddos|cloud armor|cloudflare"},
	{stride.AuditLogging, stride.ControlPresent, "audit log|audit logs|audit logging|audit trail|cloudtrail|access logs|access logging|logs all|logs every|every action is logged|all actions are logged|is logged|are logged|audited|atna"},
	{stride.AuditLogging, stride.ControlAbsent, "not logged|not audited|keeps no logs|no logs are kept|without logging"},
	{stride.LogIntegrity, stride.ControlPresent, "append-only|immutable log|immutable logs|tamper-evident|tamper-proof|write-once|worm storage|signed logs|object lock|log integrity"},
	{stride.Monitoring, stride.ControlPresent, "monitoring|monitored|alerting|alerts are|siem|intrusion detection|anomaly detection|custom metrics and alarms|metrics and alarms|alarms are raised|alarm goes off|alerts on call|on-call alert|dashboards and alarms"},
	{stride.Backup, stride.ControlPresent, "backup|backups|backed up|back up|snapshots are|point-in-time recovery|daily snapshot"},
	{stride.IntegrityCheck, stride.ControlPresent, "checksum|checksums|integrity check|hmac|signature verification|signatures are verified|verifies the signature|verifies signatures|verified signature|webhook signature|signed requests|signed webhook|message signing|signed messages|content hash|digitally signed|signed urls|pre-signed|verifies the webhook signature|signature header|spf and dkim|dkim|dmarc|checks the signature|check the signature|verify the signature|checks signatures|checks its signature|verifies its signature|validates the signature|signature is checked|signature is verified|signatures are checked|signatures are validated"},
	{stride.CodeSigning, stride.ControlPresent, "code signing|signed metadata|signed firmware|signed images|signed image|signed updates|signed update|signed packages|images are signed|firmware is signed|updates are signed|artifact signing|cosign|signed commits|signed artifacts|signed binaries|provenance is verified|releases are signed|packages are signed|binaries are signed|artifacts are signed|artefacts are signed|builds are signed|charts are signed|apps are signed|commits are signed|installer is signed|installers are signed"},
	{stride.CodeReview, stride.ControlPresent, "code review|code reviews|pull request review|peer review|reviewed by|two-person review|branch protection|reviewed pull requests|required reviews|changes are reviewed|review process|reviews changes|review changes|reviews the changes|review the changes|reviews code|review code|reviews the code|reviews pull requests|review pull requests|reviews commits"},
	{stride.CodeReview, stride.ControlAbsent, "without review|without a review|without any review|unreviewed|push directly to main|pushes directly to main|push straight to main|pushes straight to main|merges their own"},
	{stride.DependencyScanning, stride.ControlPresent, "dependency scanning|vulnerability scanning|dependabot|image scanning|sbom|sca|software composition analysis|pinned dependencies|lock file|lockfile|vulnerability scanner|pinned to a version|pinned to versions|pinned versions|versions are pinned|pinned by digest|pinned to digests|pins the versions|pins versions|pins the version|pins the images|pins the digests|pins its dependencies|scanned for vulnerabilities"},
	{stride.ReplayProtection, stride.ControlPresent, "nonce|nonces|replay protection|idempotency key|idempotency keys|sequence numbers|anti-replay|rolling code|monotonic counter"},
	{stride.NetworkIsolation, stride.ControlPresent, "private subnet|private subnets|security group|security groups|network policy|network policies|not reachable from the internet|not exposed to the internet|isolated network|firewall|firewalled|private endpoint|private endpoints|network segmentation|segmented|vpc endpoint|air-gapped|private network|ip allow-list|ip allowlist|ip whitelist|allowlisted ips|internal network only|restricted to the local host|restricted to localhost|bound to localhost|binds to localhost|listens on localhost|local host only|localhost only|only on localhost|loopback only|own vlan|separate vlan|separate vlans|firewall permits|firewall allows only"},
	{stride.NetworkIsolation, stride.ControlAbsent, "publicly accessible|publicly reachable|exposed to the internet|reachable from the internet|open to the internet|public bucket|publicly readable|flat network|reachable from the whole|reachable from anywhere|reachable from everywhere|reachable from every|reachable by every|reachable from any|reachable by any|reachable from all|accessible from anywhere|accessible from everywhere|accessible from the whole|accessible by any|accessible from any|open to the whole"},
	{stride.EgressFiltering, stride.ControlPresent, "egress filtering|egress filter|egress rules|outbound allow-list|outbound allowlist|egress proxy|url allow-list|domain allowlist|url allowlist|outbound traffic is restricted"},
	{stride.Sandboxing, stride.ControlPresent, "sandbox|sandboxed|sandboxing|gvisor|seccomp|apparmor|selinux|firecracker|isolated container|isolated environment|isolated process"},
	{stride.TenantIsolation, stride.ControlPresent, "tenant isolation|row-level security|row level security|per-tenant|tenant id|separate schema per tenant|isolated tenants|tenants are isolated"},
	{stride.PhysicalProtection, stride.ControlPresent, "tamper-resistant|tamper detection|locked cabinet|locked room|physical access is restricted|tamper switch|physically secured|locked enclosure"},
	{stride.PhysicalProtection, stride.ControlAbsent, "physically accessible|public place|unattended"},
	{stride.SecureBoot, stride.ControlPresent, "secure boot|verified boot|measured boot|trusted boot"},
	{stride.HumanApproval, stride.ControlPresent, "human approval|manual approval|approved by a human|requires approval|human in the loop|human-in-the-loop|four-eyes|human review|confirmation by the user|user confirmation|must approve|dual control|two approvals|two people approve|approved by two|second person approves|second person must|need the approval of|needs the approval of|asks for approval|approval of the user|after approval|requires the approval"},
	{stride.PromptFiltering, stride.ControlPresent, "prompt filtering|prompt filter|guardrail|guardrails|content filter|content filtering|moderation api|prompt shield|output filter|prompt injection detection"},
	{stride.DataMinimization, stride.ControlPresent, "anonymized|anonymised|pseudonymized|pseudonymised|data minimization|data minimisation|redacted|masked|tokenized|tokenised|retention period|retention policy|pii is removed|deleted after"},
	{stride.FailClosed, stride.ControlPresent, "fail closed|fails closed|fail-closed|deny by default|default deny|default-deny|denied by default"},
	{stride.FailClosed, stride.ControlAbsent, "fail open|fails open|fail-open|failurepolicy ignore|allow by default"},
	// These hold a safeguard's word and speak of something else.
	{"", stride.ControlUnknown, "authorization model|authorization models|authorization policies|authorization decision|authorization decisions|authorization engine|authorization solution|authorization solutions|authorization process|authorization processes|authorization data|authorization query|authorization queries|authorization authorization|access control queries|authorization header|authorization headers|authorisation header|authorisation headers|" +
		"no password in|no passwords in|no credentials in|no password policy|no password reset|no password rotation|no password expiry|no password manager|not logged in|not logged on|authorization request|authorization requests|authorization code|authorization codes|authorization server|authorization servers|" +
		"authorization endpoint|append-only topic|append-only topics|append-only segment|append-only segments|append-only file|append-only files"},
}

type controlPhrase struct {
	words   []string
	control stride.ControlName
	says    stride.ControlState
}

// finding is one statement about a safeguard; at is the word it begins with.
type finding struct {
	name  stride.ControlName
	state stride.ControlState
	at    int // byte offset within the text that was searched
	// vague is set where "encrypted" stands alone: of a connection, or of what is kept.
	vague bool
}

func controlIndex() map[string][]controlPhrase {
	out := map[string][]controlPhrase{}
	for _, r := range controlTable {
		for _, p := range strings.Split(r.phrases, "|") {
			words := strings.FieldsFunc(p, func(c rune) bool { return c == ' ' || c == '-' })
			out[words[0]] = append(out[words[0]], controlPhrase{words, r.control, r.says})
		}
	}
	return out
}

// controlsIn reads every statement about a safeguard out of lower-case text.
func (x *extractor) controlsIn(lower string) []finding {
	tokens := tokenize(lower, 0, len(lower))
	var words []string
	var at []int
	for _, t := range tokens {
		switch {
		case t.word:
			for _, w := range t.subs {
				words, at = append(words, spelled(w)), append(at, t.start)
			}
		case strings.ContainsAny(t.text, ",;:()"):
			words, at = append(words, t.text), append(at, t.start)
		case t.text == "|":
			words, at = append(words, ";"), append(at, t.start) // the next cell of a table
		}
	}
	weaknesses := x.weaknessesIn(words, at)
	out := x.safeguardsIn(words, at)
	for _, w := range weaknesses {
		out = append(out, w.finding)
	}
	named := make([]bool, len(words)) // words that belong to a phrase of a table
	for i := 0; i < len(words); i++ {
		if overruled(weaknesses, i) {
			named[i] = true
			continue
		}
		w, longest := words[i], 0
		for _, p := range x.phrases[w] {
			if len(p.words) > longest && matchAt(words, i, p.words) {
				longest = len(p.words)
			}
		}
		for _, p := range x.phrases[w] {
			if len(p.words) != longest || !matchAt(words, i, p.words) {
				continue
			}
			name := p.control
			if name == stride.EncryptionInTransit && p.says == stride.ControlAbsent {
				name = clearWhere(words, i, i+longest)
			}
			if name == stride.EncryptionAtRest && p.says == stride.ControlAbsent && ofMachines(words[:i]) {
				name = stride.SecretsManagement
			}
			if name != "" {
				out = append(out, finding{name: name, state: polarity(words, i, i+longest, p.says), at: at[i]})
			}
		}
		if longest > 0 {
			for end := i + longest; i < end; i++ {
				named[i] = true
			}
			i--
			continue
		}
		if w == "encrypted" || w == "encryption" || w == "encrypts" || w == "encrypt" {
			name, told := encryptionOf(words)
			out = append(out, finding{name: name, state: polarity(words, i, i+1, stride.ControlPresent), at: at[i], vague: !told})
		}
	}
	out = append(out, x.denialsIn(words, at, named)...)
	out = append(out, circumstancesIn(words, at)...)
	if openByDesign(words) {
		out = slices.DeleteFunc(out, func(f finding) bool { return f.name == stride.Authentication && f.state == stride.ControlAbsent })
	}
	return out
}

// spelled returns the word with the apostrophe that a hasty writer leaves out.
func spelled(w string) string {
	if full, hasty := apostrophes[w]; hasty {
		return full
	}
	return strings.ReplaceAll(w, "’", "'")
}

// openByDesign reports whether the words say that what is public needs no login:
// "public pages need no authentication".
func openByDesign(words []string) bool {
	for i, w := range words {
		if w == "no" && i > 0 && (words[i-1] == "need" || words[i-1] == "needs" || words[i-1] == "require" || words[i-1] == "requires") {
			return slices.Contains(words[:i], "public") || slices.Contains(words[:i], "published")
		}
	}
	return false
}

func matchAt(words []string, i int, want []string) bool {
	if i+len(want) > len(words) {
		return false
	}
	for j, w := range want {
		if words[i+j] != w {
			return false
		}
	}
	return true
}

// encryptionOf decides whether bare "encrypted" speaks of storage or transport, and
// whether a word tells.
func encryptionOf(words []string) (name stride.ControlName, told bool) {
	name = stride.EncryptionInTransit
	for _, w := range words {
		switch w {
		case "stored", "rest", "disk", "disks", "stores", "volume", "volumes", "column", "columns", "backups":
			return stride.EncryptionAtRest, true
		case "traffic", "transit", "connection", "connections", "link", "links", "channel", "over", "between", "network", "communication", "messages",
			"sent", "sends", "session", "calls", "tls":
			return stride.EncryptionInTransit, true
		case "card", "cards", "stick", "drive", "drives", "flash", "partition", "partitions", "filesystem", "tape", "tapes", "table", "tables", "bucket", "buckets",
			"archive", "archives", "database", "databases", "eeprom", "nvram":
			name, told = stride.EncryptionAtRest, true
		}
	}
	return name, told
}

// clearWhere decides whether "unencrypted" and "in plain text", words
// [from,to), speak of storage or of transport: the nearest verb before tells,
// else the nearest after. It returns "" where plain text is only a format.
func clearWhere(words []string, from, to int) stride.ControlName {
	if to < len(words) {
		switch strings.TrimSuffix(words[to], "s") {
		case "connection", "channel", "http", "link", "traffic", "network", "protocol", "tcp", "mqtt", "wifi", "websocket":
			return stride.EncryptionInTransit
		}
	}
	for i := from - 1; i >= 0; i-- {
		if name := keepsOrSends(words[i]); name != "" {
			return name
		}
	}
	for i := to; i < len(words); i++ {
		if name := keepsOrSends(words[i]); name != "" {
			return name
		}
	}
	if last := words[to-1]; from+1 < to && (last == "text" && words[from] != "clear" || last == "plaintext") {
		return ""
	}
	return stride.EncryptionInTransit
}

func keepsOrSends(w string) stride.ControlName {
	switch w {
	case "store", "stores", "stored", "storing", "keep", "keeps", "kept", "save", "saves", "saved", "hold", "holds", "held", "persisted", "persists", "lies",
		"disk", "disks", "volume", "volumes", "backup", "backups":
		return stride.EncryptionAtRest
	case "send", "sends", "sent", "transmit", "transmits", "transmitted", "transferred", "transfers", "travels", "travel", "flows", "calls",
		"talks", "communicates", "connects", "forwards", "forwarded":
		return stride.EncryptionInTransit
	}
	return ""
}

// polarity turns what a phrase says around where a denial stands near it, and
// makes it unknown where the text only plans or allows it.
func polarity(words []string, from, to int, says stride.ControlState) stride.ControlState {
	if unstated(words) {
		return stride.ControlUnknown
	}
	denied, reach := false, 6
	listed := from > 0 && (words[from-1] == "or" || words[from-1] == "nor") || orFollows(words[to:])
	if listed {
		reach = 14 // "does not provide A, B or C" denies all three
	}
	for i := from - 1; i >= 0 && i >= from-reach; i-- {
		if w := words[i]; w == ";" || w == "but" || w == ":" || w == "," && i < from-2 && !listed {
			break
		}
		if words[i] == "and" && i+1 < len(words) && finite(words[i+1]) {
			break // "has no password and is reachable": a statement of its own
		}
		if !denial(words[i]) || i+1 < len(words) && words[i+1] == "only" {
			continue
		}
		if i > 1 && words[i-1] == "longer" && words[i-2] == "no" {
			break // "no longer lacks"
		}
		// "No request reaches it without authentication": one denial undoes the
		// other, whichever of the two the phrase stands behind.
		other := exceptWithout(words[to:])
		if words[i] == "without" {
			other = neverBefore(words[:i])
		}
		denied = !other
		if other {
			break
		}
	}
	for i := to; i < len(words) && i < to+4; i++ {
		if w := words[i]; w == ";" || w == "but" || w == "," || w == "and" {
			break
		}
		if w := words[i]; w == "not" || w == "disabled" || w == "missing" || w == "absent" || w == "isn't" || w == "aren't" || w == "turned" &&
			i+1 < len(words) && words[i+1] == "off" {
			denied = true
		}
	}
	if denied = denied || withdrawn(words[to:]); denied && says == stride.ControlPresent {
		return stride.ControlAbsent
	}
	for i := clauseStart(words, from, 8); i < min(len(words), to+6) && (i < to || words[i] != ";" && words[i] != "but"); i++ {
		if tentative(words[i]) || words[i] == "can" && i+1 < len(words) && words[i+1] == "be" && !(i >= to && handled(words[i+2:])) {
			return stride.ControlUnknown
		}
	}
	if !denied {
		return says
	}
	if says == stride.ControlPresent {
		return stride.ControlAbsent
	}
	return stride.ControlPresent
}

// handled reports whether the words go on with what people do with a log that is
// there: "an audit log can be exported".
func handled(words []string) bool {
	if len(words) == 0 {
		return false
	}
	switch words[0] {
	case "exported", "searched", "filtered", "queried", "downloaded", "viewed", "read", "forwarded", "sent", "seen", "reviewed":
		return true
	}
	return false
}

// unstated reports whether the sentence is about what the text leaves open: "The
// source does not state how peers authenticate".
func unstated(words []string) bool {
	for i := 1; i < len(words); i++ {
		if words[i-1] != "not" && words[i-1] != "never" {
			continue
		}
		switch words[i] {
		case "state", "stated", "states", "specify", "specified", "say", "said", "document", "documented", "mention", "mentioned", "describe", "described",
			"known", "decided", "defined":
			return true
		}
	}
	return false
}

// orFollows reports whether what follows ends an enumeration: ", B or C", "or C".
func orFollows(words []string) bool {
	for i, w := range words {
		switch {
		case w == "or" || w == "nor":
			return true
		case i > 6 || i > 0 && w == "," || punctuation(w) && w != "," || finite(w):
			return false
		}
	}
	return false
}

// clauseStart returns where the clause of word i begins, at most reach words
// before it.
func clauseStart(words []string, i, reach int) int {
	least := max(0, i-reach)
	for i > least && words[i-1] != ";" && words[i-1] != "but" {
		i--
	}
	return i
}

// withdrawn reports whether what follows a safeguard's name takes it back: "is
// offered but not required", "on the robot: not burnt in yet", "off by default".
func withdrawn(words []string) bool {
	for i := 0; i < len(words) && i < 9; i++ {
		switch words[i] {
		case ";", ",", "and", "(":
			return false
		case "off":
			return i+1 == len(words) || words[i+1] == "by" || words[i-min(1, i)] == "is" || words[i-min(1, i)] == "are"
		case "excluded", "bypassed":
			return true
		case ":":
			return i+1 < len(words) && (words[i+1] == "not" || words[i+1] == "no" || words[i+1] == "none" || words[i+1] == "missing" ||
				words[i+1] == "there" && i+2 < len(words) && words[i+2] == "isn't" || words[i+1] == "there" && i+3 < len(words) && words[i+2] == "is" && denial(words[i+3]))
		case "but", "is", "are":
			rest := words[i+1:]
			if len(rest) > 0 && (rest[0] == "has" || rest[0] == "have" || rest[0] == "is" || rest[0] == "are") {
				rest = rest[1:]
			}
			if len(rest) > 0 && rest[0] == "not" {
				if rest = rest[1:]; len(rest) > 0 && (rest[0] == "yet" || rest[0] == "been") {
					rest = rest[1:]
				}
				if len(rest) > 0 && inForce(rest[0]) {
					return true
				}
			}
		}
	}
	return false
}

// inForce lists what a safeguard that counts is: "offered but not required".
func inForce(w string) bool {
	switch w {
	case "required", "enforced", "mandatory", "enabled", "active", "used", "verified", "checked", "configured", "switched", "turned", "set",
		"rolled", "introduced", "deployed", "implemented", "mature", "burnt", "burned":
		return true
	}
	return false
}

// exceptWithout reports whether the clause goes on to "without".
func exceptWithout(words []string) bool {
	for _, w := range words {
		switch w {
		case ";", "but", ":", ",":
			return false
		case "without", "unless":
			return true
		}
	}
	return false
}

// neverBefore reports whether the clause that ends here denies its verb.
func neverBefore(words []string) bool {
	for _, w := range slices.Backward(words) {
		switch w {
		case ";", "but", ":":
			return false
		case "no", "never", "nobody", "nothing", "none", "not", "cannot", "can't", "won't", "don't", "doesn't", "isn't", "aren't":
			return true
		}
	}
	return false
}

// finite lists verb forms that begin a new statement behind "and".
func finite(w string) bool {
	switch w {
	case "is", "are", "was", "were", "has", "have", "uses", "use", "runs", "run", "requires", "stores", "calls":
		return true
	}
	return false
}

func denial(w string) bool {
	switch w {
	case "no", "not", "without", "lacks", "lack", "lacking", "never", "missing", "neither", "nor", "doesn't", "don't", "isn't", "aren't", "cannot",
		"none", "absent", "disabled", "nobody", "nothing", "didn't", "can't", "won't", "hasn't", "haven't", "wasn't":
		return true
	}
	return false
}

func tentative(w string) bool {
	switch w {
	case "will", "would", "planned", "plan", "plans", "todo", "tbd", "may", "might", "could", "optional", "optionally", "should", "consider", "future",
		"proposed", "recommended", "eventually", "unclear", "unknown", "if", "whether", "ideally":
		return true
	}
	return false
}

func modality(lower string) bool {
	for _, w := range strings.FieldsFunc(lower, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' }) {
		if tentative(w) {
			return true
		}
	}
	return false
}

// setControl records a statement; absent outweighs present, and both outweigh
// unknown, because a stated gap is what the reader must see.
func setControl(c stride.Controls, f finding, ev stride.Evidence) {
	have, known := c[f.name]
	switch {
	case !known || weight(f.state) > weight(have.State):
		c[f.name] = stride.Control{State: f.state, Evidence: []stride.Evidence{ev}}
	case have.State == f.state:
		have.Evidence = addEvidence(have.Evidence, ev)
		c[f.name] = have
	}
}

func weight(s stride.ControlState) int {
	switch s {
	case stride.ControlAbsent:
		return 2
	case stride.ControlPresent:
		return 1
	}
	return 0
}
