package prose

import (
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
	{stride.Authentication, stride.ControlPresent, "authenticated|authenticates|authentication|authenticate|log in|logs in|logged in|signs in|sign in|bearer token|jwt|oauth|oauth2|oidc|saml|credentials required|basic auth|requires login|requires a password|password-protected"},
	{stride.Authentication, stride.ControlAbsent, "unauthenticated|anonymous access|anonymously|open for anyone|without security enabled|no login"},
	{stride.MutualAuthentication, stride.ControlPresent, "mtls|mutual tls authentication|mutual tls|mutual authentication|mutually authenticated|client certificate|client certificates|two-way tls"},
	{stride.MultiFactor, stride.ControlPresent, "mfa|2fa|multi-factor authentication|two-factor authentication|multi-factor|multifactor|two-factor|second factor|one-time password|totp|hardware token|passkey|passkeys|webauthn"},
	{stride.Authorization, stride.ControlPresent, "authorization|authorisation|authorized by|rbac|role-based|abac|attribute-based|access control|access controls|permissions are checked|permission check|permission checks|acl|acls|iam policies|iam policy|scopes"},
	{stride.LeastPrivilege, stride.ControlPresent, "least privilege|least-privilege|minimal permissions|read-only access|restricted permissions|non-root"},
	{stride.LeastPrivilege, stride.ControlAbsent, "runs as root|running as root|run as root|sudoer|administrator rights|full access|cluster-admin rights|privileged container|overly broad"},
	{stride.SessionManagement, stride.ControlPresent, "session timeout|session expires|session expiry|sessions expire|httponly|secure cookie|secure cookies|short-lived token|short-lived tokens|token expiry|tokens expire|session rotation|session management"},
	{stride.EncryptionInTransit, stride.ControlPresent, "https|tls|ssl|encrypted in transit|encryption in transit|over ssh|ipsec|encrypted channel|encrypted connection|wss|sftp|end-to-end encrypted|mtls|over vpn|vpn tunnel"},
	{stride.EncryptionInTransit, stride.ControlAbsent, "unencrypted|plaintext http|plain http|in the clear|cleartext|clear text|plain-text protocol"},
	{stride.EncryptionAtRest, stride.ControlPresent, "encrypted at rest|encryption at rest|at-rest encryption|disk encryption|full-disk encryption|encrypted disk|encrypted storage|server-side encryption|encrypted volume|encrypted volumes|sse-kms|passwords are hashed|hashed passwords|bcrypt|argon2|transparent data encryption|encrypted backups"},
	{stride.EncryptionAtRest, stride.ControlAbsent, "stored in plaintext|stored in plain text|stored unencrypted|plaintext passwords|stored in clear text"},
	{stride.KeyManagement, stride.ControlPresent, "kms|key rotation|keys are rotated|hsm|hardware security module|key management|rotated keys|customer-managed keys"},
	{stride.SecretsManagement, stride.ControlPresent, "secrets manager|secret manager|vault|key vault|secrets management|secret store|sealed secrets|parameter store"},
	{stride.SecretsManagement, stride.ControlAbsent, "hard-coded credentials|hardcoded credentials|hardcoded secrets|hard-coded secrets|hardcoded password|hard-coded password|secrets in environment variables|credentials in code|hardcoded api key|default password|default credentials|default passwords"},
	{stride.InputValidation, stride.ControlPresent, "input validation|validates input|validates inputs|input is validated|inputs are validated|schema validation|validates the request|validates requests|sanitized|sanitised|sanitizes|sanitization|validated against"},
	{stride.ParameterizedQueries, stride.ControlPresent, "parameterized queries|parameterised queries|prepared statements|prepared statement|parameterized query|orm"},
	{stride.OutputEncoding, stride.ControlPresent, "output encoding|escapes output|content security policy|csp header|html escaping|output is encoded|auto-escaping"},
	{stride.CSRFProtection, stride.ControlPresent, "csrf|csrf token|csrf tokens|anti-csrf|samesite"},
	{stride.MalwareScanning, stride.ControlPresent, "virus scan|virus scanning|malware scan|malware scanning|antivirus|anti-virus|scanned for malware|scanned for viruses"},
	{stride.RateLimiting, stride.ControlPresent, "rate limit|rate limits|rate limiting|rate-limiting|rate-limited|rate limited|throttling|throttled|throttles|account lockout"},
	{stride.Quotas, stride.ControlPresent, "quota|quotas|resource limits|size limit|size limits|file size limit|resource limit|spending limit|token limit"},
	{stride.Redundancy, stride.ControlPresent, "highly available|high availability|multi-az|multiple availability zones|replicated|replicas|failover|auto-scaling|autoscaling|auto scaling|redundant|redundancy|hot standby"},
	{stride.Redundancy, stride.ControlAbsent, "single point of failure|single instance|single replica"},
	{stride.DDoSProtection, stride.ControlPresent, "ddos protection|ddos mitigation|aws shield|anti-ddos|cloud armor|cloudflare"},
	{stride.AuditLogging, stride.ControlPresent, "audit log|audit logs|audit logging|audit trail|cloudtrail|access logs|access logging|logs all|logs every|every action is logged|all actions are logged|is logged|are logged|audited"},
	{stride.LogIntegrity, stride.ControlPresent, "append-only|immutable log|immutable logs|tamper-evident|tamper-proof|write-once|worm storage|signed logs|object lock|log integrity"},
	{stride.Monitoring, stride.ControlPresent, "monitoring|monitored|alerting|alerts are|siem|intrusion detection|anomaly detection"},
	{stride.Backup, stride.ControlPresent, "backup|backups|backed up|snapshots are|point-in-time recovery|daily snapshot"},
	{stride.IntegrityCheck, stride.ControlPresent, "checksum|checksums|integrity check|hmac|signature verification|signatures are verified|verifies the signature|verifies signatures|verified signature|webhook signature|signed requests|signed webhook|message signing|signed messages|content hash|digitally signed|signed urls|pre-signed"},
	{stride.CodeSigning, stride.ControlPresent, "code signing|signed firmware|signed images|signed image|signed updates|signed update|signed packages|images are signed|firmware is signed|updates are signed|artifact signing|cosign|signed commits|signed artifacts|signed binaries|provenance is verified"},
	{stride.CodeSigning, stride.ControlAbsent, "unsigned|not signed firmware"},
	{stride.CodeReview, stride.ControlPresent, "code review|code reviews|pull request review|peer review|reviewed by|two-person review|branch protection|reviewed pull requests|required reviews|changes are reviewed|review process"},
	{stride.DependencyScanning, stride.ControlPresent, "dependency scanning|vulnerability scanning|dependabot|image scanning|sbom|sca|software composition analysis|pinned dependencies|lock file|lockfile|vulnerability scanner"},
	{stride.ReplayProtection, stride.ControlPresent, "nonce|nonces|replay protection|idempotency key|idempotency keys|sequence numbers|anti-replay|rolling code|monotonic counter"},
	{stride.NetworkIsolation, stride.ControlPresent, "private subnet|private subnets|security group|security groups|network policy|network policies|not reachable from the internet|not exposed to the internet|isolated network|firewall|firewalled|private endpoint|private endpoints|network segmentation|segmented|vpc endpoint|air-gapped|private network|ip allow-list|ip allowlist|ip whitelist|allowlisted ips|internal network only"},
	{stride.NetworkIsolation, stride.ControlAbsent, "publicly accessible|publicly reachable|exposed to the internet|reachable from the internet|open to the internet|public bucket|publicly readable|flat network"},
	{stride.EgressFiltering, stride.ControlPresent, "egress filtering|egress filter|egress rules|outbound allow-list|outbound allowlist|egress proxy|url allow-list|domain allowlist|url allowlist|outbound traffic is restricted"},
	{stride.Sandboxing, stride.ControlPresent, "sandbox|sandboxed|sandboxing|gvisor|seccomp|apparmor|selinux|firecracker|isolated container|isolated environment|isolated process"},
	{stride.TenantIsolation, stride.ControlPresent, "tenant isolation|row-level security|row level security|per-tenant|tenant id|separate schema per tenant|isolated tenants|tenants are isolated"},
	{stride.PhysicalProtection, stride.ControlPresent, "tamper-resistant|tamper detection|locked cabinet|locked room|physical access is restricted|tamper switch|physically secured|locked enclosure"},
	{stride.PhysicalProtection, stride.ControlAbsent, "physically accessible|public place|unattended"},
	{stride.SecureBoot, stride.ControlPresent, "secure boot|verified boot|measured boot|trusted boot"},
	{stride.HumanApproval, stride.ControlPresent, "human approval|manual approval|approved by a human|requires approval|human in the loop|human-in-the-loop|four-eyes|human review|confirmation by the user|user confirmation|must approve|dual control"},
	{stride.PromptFiltering, stride.ControlPresent, "prompt filtering|prompt filter|guardrail|guardrails|content filter|content filtering|moderation api|prompt shield|output filter|prompt injection detection"},
	{stride.DataMinimization, stride.ControlPresent, "anonymized|anonymised|pseudonymized|pseudonymised|data minimization|data minimisation|redacted|masked|tokenized|tokenised|retention period|retention policy|pii is removed|deleted after"},
	{stride.FailClosed, stride.ControlPresent, "fail closed|fails closed|fail-closed|deny by default|default deny|default-deny|denied by default"},
	{stride.FailClosed, stride.ControlAbsent, "fail open|fails open|fail-open|failurepolicy ignore|allow by default"},
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
		if t.word {
			for _, w := range t.subs {
				words, at = append(words, w), append(at, t.start)
			}
		} else if strings.ContainsAny(t.text, ",;:()") {
			words, at = append(words, t.text), append(at, t.start)
		}
	}
	var out []finding
	for i := 0; i < len(words); i++ {
		w, longest := words[i], 0
		for _, p := range x.phrases[w] {
			if len(p.words) > longest && matchAt(words, i, p.words) {
				longest = len(p.words)
			}
		}
		for _, p := range x.phrases[w] {
			if len(p.words) == longest && matchAt(words, i, p.words) {
				out = append(out, finding{p.control, polarity(words, i, i+longest, p.says), at[i]})
			}
		}
		if longest > 0 {
			i += longest - 1
			continue
		}
		if w == "encrypted" || w == "encryption" || w == "encrypts" || w == "encrypt" {
			out = append(out, finding{encryptionOf(words), polarity(words, i, i+1, stride.ControlPresent), at[i]})
		}
	}
	return out
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

// encryptionOf decides whether bare "encrypted" speaks of storage or transport.
func encryptionOf(words []string) stride.ControlName {
	for _, w := range words {
		switch w {
		case "stored", "rest", "disk", "disks", "stores", "volume", "volumes", "column", "columns", "backups":
			return stride.EncryptionAtRest
		}
	}
	return stride.EncryptionInTransit
}

// polarity turns what a phrase says around where a denial stands near it, and
// makes it unknown where the text only plans or allows it.
func polarity(words []string, from, to int, says stride.ControlState) stride.ControlState {
	denied := false
	for i := from - 1; i >= 0 && i >= from-6; i-- {
		if w := words[i]; w == ";" || w == "but" || w == ":" || w == "," && i < from-2 {
			break
		}
		if denial(words[i]) && (i+1 >= len(words) || words[i+1] != "only") {
			denied = true
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
	for i := max(0, from-8); i < min(len(words), to+6); i++ {
		if tentative(words[i]) || words[i] == "can" && i+1 < len(words) && words[i+1] == "be" {
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

func denial(w string) bool {
	switch w {
	case "no", "not", "without", "lacks", "lack", "lacking", "never", "missing", "neither", "nor", "doesn't", "don't", "isn't", "aren't", "cannot",
		"none", "absent", "disabled":
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

// attachControls gives each statement to the part or the flow it speaks of.
func (x *extractor) attachControls() {
	inSentence := map[int][]*flow{}
	for _, f := range x.flows {
		for _, ev := range f.evidence {
			inSentence[ev.Start] = append(inSentence[ev.Start], f)
		}
	}
	var last *element
	for i := range x.sentences {
		s := &x.sentences[i]
		if s.block.kind == heading || s.block.section.role == roleFlows && s.block.kind == bullet || s.end > s.start && x.text[s.end-1] == ':' {
			continue
		}
		lower := strings.ToLower(x.text[s.start:s.end])
		for _, f := range x.controlsIn(lower) {
			x.attach(s, f, lower, inSentence[s.start], last)
		}
		if len(s.mentions) > 0 && s.mentions[0].elem != nil {
			last = s.mentions[0].elem
		}
	}
}

func (x *extractor) attach(s *sentence, f finding, lower string, flows []*flow, last *element) {
	at := s.start + min(f.at, s.end-s.start)
	ev := x.quote(s.start, s.end, at, at)
	onFlows := f.name == stride.EncryptionInTransit || f.name == stride.MutualAuthentication || f.name == stride.ReplayProtection
	if onFlows && everything(lower) {
		flows = x.flows
	}
	if onFlows && len(flows) > 0 {
		for _, fl := range flows {
			setControl(fl.controls, f, ev)
		}
		return
	}
	e := x.aboutWhom(s, at)
	if e == nil && len(s.mentions) == 0 {
		if e = sectionElement(x, s); e == nil {
			e = last
		}
		if first := firstWord(lower); e != nil && e == last && first != "it" && first != "this" && first != "they" && first != "the" && first != "access" {
			e = nil
		}
	}
	if e == nil {
		return
	}
	if e.controls == nil {
		e.controls = stride.Controls{}
	}
	setControl(e.controls, f, ev)
}

func firstWord(s string) string {
	if i := strings.IndexByte(s, ' '); i > 0 {
		return s[:i]
	}
	return s
}

func everything(lower string) bool {
	for _, p := range []string{"all traffic", "all communication", "all connections", "all network traffic", "every connection", "all data in transit",
		"all flows", "all api calls", "all requests", "communication between all", "all internal traffic"} {
		if strings.Contains(lower, p) {
			return true
		}
	}
	return false
}

// aboutWhom returns the part that a statement at the offset is about: the
// nearest part before it that is no human, else the nearest after it.
func (x *extractor) aboutWhom(s *sentence, at int) *element {
	var before, human, after *element
	for _, m := range s.mentions {
		switch {
		case m.elem == nil:
		case s.tokens[m.from].start > at:
			if after == nil && m.elem.kind != stride.ExternalEntity {
				after = m.elem
			}
		case m.elem.kind == stride.ExternalEntity:
			human = m.elem
		case s.tokens[m.from].start <= at && s.tokens[m.to-1].end > at:
			// the phrase is part of the name: "Key Vault", "audit log"
			if before == nil {
				before = m.elem
			}
		default:
			before = m.elem
		}
	}
	for _, e := range []*element{before, after, human} {
		if e != nil {
			return e
		}
	}
	return nil
}
