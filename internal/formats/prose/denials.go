package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// deniedTable lists words that mean a safeguard where the sentence denies them and
// mean many things where it does not: "we do not log who looks", "Redis has no
// logins of its own", "changes are not recorded".
var deniedTable = []patternRow{
	{stride.AuditLogging, "log|logs|logged|logging|record|recorded|records|audit|audited|trace|traced|traceable|attributed|history|trail"},
	{stride.Authentication, "authenticate|authenticates|authenticated|authentication|login|logins|password|passwords|credentials|identify|identified|accounts"},
	{stride.Authorization, "authorize|authorise|authorizes|authorises|authorized|authorised|permission|permissions|roles|ownership|entitlement|entitlements"},
	{stride.EncryptionInTransit, "tls|https"},
	{stride.RateLimiting, "throttle|throttled|throttles|throttling|lockout|captcha"},
	{stride.Quotas, "capped|bounded|quota|quotas"},
	{stride.SessionManagement, "expire|expires|expired|expiry|expiration|revoke|revoked|revocation|invalidated|timeout"},
	{stride.SecretsManagement, "rotate|rotated|rotates|rotation"},
	{stride.InputValidation, "validate|validated|validates|validation|sanitize|sanitized|sanitise|sanitised|escaped|normalised|normalized|filtered"},
	{stride.IntegrityCheck, "verify|verified|verifies|verification|checksum|checksums|hashed|provenance|attested|attestation|attestations|digest|digests"},
	{stride.Monitoring, "alert|alerted|alarm|monitor|monitored|monitoring|watched|detected"},
	{stride.Backup, "backup|backups|restored"},
	{stride.Redundancy, "replica|replicas|replicated|standby|failover|fallback|redundant|spare"},
	{stride.NetworkIsolation, "segmented|segmentation|firewall|firewalled|separated|allowlist|allowlisted"},
	{stride.Sandboxing, "sandbox|sandboxed|isolated|isolation"},
	{stride.HumanApproval, "approve|approved|approval|confirm|confirmed|confirmation"},
	{stride.MalwareScanning, "scan|scanned|scanning"},
	{stride.DependencyScanning, "patched|pinned|upgraded"},
	{stride.DataMinimization, "redacted|masked|anonymised|anonymized|pseudonymised|pseudonymized|purged|retention"},
	{stride.MultiFactor, "mfa|2fa"},
	{stride.ParameterizedQueries, "parameterized|parameterised"},
	{stride.CSRFProtection, "csrf"},
	{"", "check|checks|checked|checking|restrict|restricted|restriction|restrictions|review|reviewed|reviews|reviewer|test|tested|compared|enforced"},
}

// objects decides what a word of the last row denies, by its company in the
// clause. The first row of which a word stands there counts.
var objects = []patternRow{
	{stride.AuditLogging, "who"},
	{stride.IntegrityCheck, "signature|signatures|hash|hashes|digest|checksum|provenance|integrity|certificate|certificates"},
	{stride.Monitoring, "log|logs|alert|alerts|audit"},
	{stride.Backup, "backup|backups|restore|restores|snapshot|snapshots"},
	{stride.Redundancy, "failover|recovery"},
	{stride.CodeReview, "code|pull|merge|merged|commit|commits|plugin|plugins|manifest|manifests|configuration|rule|rules|scripts"},
	{stride.EgressFiltering, "outbound|egress"},
	{stride.NetworkIsolation, "network|networks|port|ports|subnet|origin|cdn|ip|addresses|internet|vpn|vlan"},
	{stride.Authorization, "user|users|caller|callers|owner|rights|role|roles|tenant|tenants|permission|permissions|access|customer|customers|member|members"},
	{stride.InputValidation, "input|inputs|size|sizes|type|types|format|range|schema|content|contents|value|values|file|files|length|parameters"},
}

// deniedIndex maps the words of deniedTable to their controls.
func deniedIndex() map[string]stride.ControlName {
	out := map[string]stride.ControlName{}
	for _, r := range deniedTable {
		for _, w := range strings.Split(r.patterns, "|") {
			out[w] = r.control
		}
	}
	return out
}

// denialsIn reads out of the words of a sentence which safeguards it denies by a
// word that says nothing where it stands alone; at holds their offsets. Named are
// the words that belong to a phrase of a table, which knows better.
func (x *extractor) denialsIn(words []string, at []int, named []bool) []finding {
	var out []finding
	for i, w := range words {
		control, listed := x.denied[w]
		if !listed || named[i] || !deniedNear(words, i) ||
			strings.HasPrefix(w, "audit") && inspects(words, i) || examined(words, i) || conditional(words, i, i+1) || protects(words, i) {
			continue
		}
		if control == "" {
			control = objectOf(words)
		}
		if w == "hashed" && i > 0 && slices.ContainsFunc(words[:i], func(w string) bool { return w == "password" || w == "passwords" }) {
			control = stride.EncryptionAtRest // they are kept as they are
		}
		if control != "" && polarity(words, i, i+1, stride.ControlPresent) == stride.ControlAbsent {
			out = append(out, finding{name: control, state: stride.ControlAbsent, at: at[i]})
		}
	}
	return out
}

// examined reports whether word i is the test in "no penetration test".
func examined(words []string, i int) bool {
	return strings.HasPrefix(words[i], "test") && i > 0 && (words[i-1] == "penetration" || words[i-1] == "pen" || words[i-1] == "security")
}

// deniedNear reports whether word i is denied by one of the three words before it,
// or put off by what follows it: "request logging is off by default".
func deniedNear(words []string, i int) bool {
	if withdrawn(words[i+1:]) {
		return true
	}
	for k := i - 1; k >= 0 && k >= i-3 && !punctuation(words[k]); k-- {
		switch words[k] {
		case "and", "that", "which", "to", "until", "for", "only":
			return false
		}
		if denial(words[k]) {
			return words[k+1] != "only" && words[k+1] != "longer"
		}
	}
	return false
}

// protects reports whether it is data that is kept out of somewhere, which guards
// it: "passwords are never logged", "card numbers are not recorded".
func protects(words []string, i int) bool {
	if w := words[i]; strings.HasPrefix(w, "login") || !strings.HasPrefix(w, "log") && !strings.HasPrefix(w, "record") {
		return false
	}
	return slices.ContainsFunc(words, func(w string) bool {
		switch strings.TrimSuffix(w, "s") {
		case "password", "secret", "token", "key", "card", "number", "bodie", "body", "prompt", "content", "pii", "payload", "image", "video", "audio", "position":
			return true
		}
		return false
	})
}

// objectOf decides by its company what a word is about that fits several controls.
func objectOf(words []string) stride.ControlName {
	for _, r := range objects {
		for _, w := range strings.Split(r.patterns, "|") {
			if slices.Contains(words, w) {
				return r.control
			}
		}
	}
	return ""
}
