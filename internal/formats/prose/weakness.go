package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// weaknessTable lists how texts say that a safeguard is missing without naming
// it: "the key is the same for all vehicles", "files are not scanned". "_" stands
// for one to four words within the clause. A first word of a pattern is never "_".
var weaknessTable = []patternRow{
	{stride.Authentication, "read only http port|insecure port|unauthenticated port|without pairing|no pairing|no user login|no log in|no authorizer|no authoriser|not authenticate|do not check who|does not check who|do not verify who|does not verify who|" +
		"anyone can connect|anybody can connect|anyone on _ can|anybody on _ can|everybody on _ can|anyone who knows|anybody who knows|" +
		"anonymous by default|default is anonymous|anonymous principal|open to anyone|open to anybody|open to everyone|no user accounts"},
	{stride.MutualAuthentication, "without certificate validation|no certificate validation|without validating certificates|not validate certificates|not validate the certificate|permissive by default|permissive mode|accepts plaintext|accept plaintext|plaintext is accepted|plain text is accepted|falls back to plaintext|" +
		"does not check the certificate|do not check the certificate|certificate is not checked|certificates are not checked|certificate validation is off|insecureskipverify"},
	{stride.EncryptionInTransit, "tls 1.0|tls 1.1|tlsv1.0|tlsv1.1|sslv2|sslv3|ssl 3.0|plaintext _ port|plaintext on|plain text on port|unencrypted port|tls is optional|tls optional|tls off|tls is off|tls disabled|tls is disabled|speaks plain|still plain"},
	{stride.UniqueCredentials, "auto logged in|automatically logged in|logs in automatically|auto login|autologin|always logged in|one shared|group account|common account|same account for|" +
		"shared account|shared accounts|shared login|shared logins|shared user account|shared password|shared passwords|password is shared|passwords are shared|" +
		"often shared within|share one account|share an account|shares one account|staff share|default password|default passwords|default credentials|factory password|factory credentials|" +
		"key is the same|key are the same|password is the same|same password|same passwords|same key for|same key on|same for all|same on all|same on every|same for every|" +
		"same in every|same on the whole|same throughout|with a shared key|with shared keys|one key for all|one password for|one account for|generic account|generic accounts|generic user|" +
		"everyone uses the same|no individual accounts|weak password|weak passwords|easily guessed"},
	{stride.MultiFactor, "only a password|password only|only with a password|password alone|only user name and password|mfa optional|mfa is optional|2fa optional|2fa is optional|two factor optional|two factor is optional|two factor authentication optional|two factor authentication is optional|multi factor authentication optional|multi factor authentication is optional|optional mfa|optional 2fa|optional two factor|no second factor|without a second factor|without second factor|lack a second factor|lacks a second factor"},
	{stride.Authorization, "not authorize the|not authorise the|not check authorization|not check authorisation|no acl|no acls|no authorization|no authorisation|no access control|no access controls|no roles|may be started with any|" +
		"any user can|any user may|all users can|any authenticated user|every authenticated user|any logged in user|every employee can|any employee can|" +
		"everybody can read|everyone can read|anyone can read|anybody can read|any pod can|any client can|any node can|any service can|any consumer can|any producer can|" +
		"everyone is admin|everybody is admin|everyone is editor|everybody is editor|all engineers are admin|all developers are admin|every developer is admin|any valid token|" +
		"sequential ids|sequential numbers|ids are sequential|numbers are sequential|consecutive numbers|guessable|token in the url|id in the url|who has the link|anyone with the link|" +
		"anybody with the link|" +
		"same rights as|does not check the owner|do not check the owner|no ownership check|without checking the owner|no permission check|no permission checks"},
	{stride.LeastPrivilege, "share one _ role|shares one _ role|share a _ role|same iam role|same service account|one service account|full rights|full admin|all permissions|" +
		"administrator access|adminaccess|superuser|super user|domain admin|domain admins|cluster admin|read and write access to all|write access to all|write access to everything|can impersonate|may impersonate|log in as any|sign in as any|act as any|" +
		"read write access to all|default is read and write|wildcard permissions|wildcard policy|more rights than|more permissions than|is db owner|as db owner|have db owner|has db owner|is sysadmin|as sysadmin|have root|has root|local administrator|local administrators"},
	{stride.SessionManagement, "do not expire|does not expire|not expire|never expire|never expires|no expiry|no expiration|no absolute lifetime|valid indefinitely|valid for ever|valid forever|" +
		"valid for _ years|valid for a year|valid for one year|valid for _ months|valid for _ days|valid for 24 hours|valid for 48 hours|lifetime of _ days|not revoke|not revoked|cannot be revoked|can not be revoked|no revocation|no certificate revocation|" +
		"no global logout|not offer _ logout|not invalidated|stays valid|stay valid|remain valid|remains valid"},
	{stride.SecretsManagement, "long lived token|long lived tokens|long lived credentials|long lived key|long lived keys|long lived access key|static access key|static access keys|static credentials|" +
		"static token|static tokens|api key in the code|in the source code|checked into|checked in to|committed to the repository|baked into|hard coded|hardcoded|never rotated|not rotated|no rotation|" +
		"not been rotated|in a shared password manager|in the shared password manager|in plain text files|password in a file|password in the script|passwords in scripts|on a sticky note|written on"},
	{stride.RateLimiting, "no limit on requests|no limit on calls|no limit on query|no limit on the number|no limit on attempts|no limits on requests|not limited per|unlimited attempts|unlimited requests|" +
		"no lockout|no account lockout|no brute force|no back pressure|no backpressure"},
	{stride.Quotas, "no limit on|no limits on|no upper limit|no maximum|no size limit|unbounded|no resource limits|no quota|no quotas|no budget"},
	{stride.EgressFiltering, "follows redirects|follow redirects|any url|any https url|any http url|any webhook url|arbitrary url|arbitrary urls|any address|unrestricted outbound|unrestricted egress|egress is unrestricted|" +
		"egress is open|outbound is unrestricted|outbound traffic is not restricted|all outbound|full internet access|any destination|unknown destinations|allow any destination|unrestricted internet access"},
	{stride.FailClosed, "not been put back|been bypassed|is bypassed|are bypassed|bridged out|jumpered|been defeated|" +
		"let through|lets through|lets it through|are let in|everything is allowed|is allowed by default|allow all by default|allow everything|requests are allowed|accepted unchecked|processed anyway|" +
		"goes through unchecked|go through unchecked|fail open|fails open|skipped if|is skipped when"},
	{stride.CodeReview, "no required reviewers|no required reviews|bypass branch protection|bypass the review|bypass required|admins may bypass|administrators may bypass|admins can bypass|administrators can bypass|merged automatically|automerge|auto merge|self merge|" +
		"approve their own|merge their own|no reviewer|no reviewers|no second pair of eyes|no code review|no review"},
	{stride.AuditLogging, "do not log|does not log|not log who|no log of|no log is|no log file|no log entry|no log entries|no logging|no logs|no audit|no record of|no records of|nobody collects|not gathered|not collected|not recorded|is overwritten|are overwritten|overwritten when|" +
		"data events off|data events are off|data events are not|data events disabled|data events are disabled|without data events|no data events|no audit log|no audit trail|not written down|no history of|not the customer|not the user behind|technical user and not|no trace of who|not attributed|not traceable"},
	{stride.LogIntegrity, "can clear the log|can clear the logs|can delete the log|can delete the logs|can delete logs|can edit the log|can edit the logs|can clear the event log|can clear the audit log|can delete the audit log"},
	{stride.Monitoring, "not reviewed|not routinely reviewed|never reviewed|not regularly reviewed|nobody looks|nobody watches|nobody reads|not looked at|no alerts|no alert|no alerting|no alarms|not alerted|not monitored|" +
		"no monitoring|not report intrusion|no intrusion detection|no siem|not hooked up|no detection|is not watched|are not watched"},
	{stride.DataMinimization, "without a time limit|no lifecycle rule|no lifecycle|no retention|kept for ever|kept forever|kept indefinitely|never deleted|never purged|never cleaned|not deleted|" +
		"request bodies are logged|bodies are logged|are logged in full|logged in full|logs full|full prompts|not masked|not redacted|not anonymised|not anonymized|not pseudonymised|not pseudonymized|" +
		"production data in|copy of production|production copy|real customer data|real patient data|restored copy|not covered by deletion|deletion requests do not|erasure requests do not"},
	{stride.Sandboxing, "not isolated|not sandboxed|no sandbox|same address space|same process as|privileged mode|privileged pod|privileged pods|docker socket|docker.sock|host network|hostnetwork|runs as administrator|as local system|" +
		"not ephemeral|reused between|reused across|kept between|shared between jobs|shared runner|shared runners|persistent runner|cached between"},
	{stride.NetworkIsolation, "flat network|one flat|same network as|same vlan as|same subnet as|no segmentation|not segmented|not separated|no firewall|no network policy|no network policies|networkpolicy is not|ssh open|rdp open|" +
		"open to the world|open on wlan|0.0.0.0|all interfaces|public ip address|public address|directly on the internet|bypasses the firewall|around the firewall|past the firewall|own cellular|from any address|from any ip|reachable by anybody|reachable by anyone|any pod can reach|dual homed"},
	{stride.TenantIsolation, "one schema shared|schema shared by|shared by all tenants|shared by all customers|shared across tenants|shared between tenants|shared between customers|not separated by tenant|no tenant filter|" +
		"all tenants share|all customers share|tenants share one|one index for all|one collection for all|one namespace for all|single namespace"},
	{stride.Redundancy, "runs on a single|run on a single|running on a single|hosted on a single|is a single|only a single|no second server|no second instance|no second site|no second node|no second location|no second data|no second link|no second region|no second copy|no second controller|no second connection|no second supply|no second supplier|no second path|no second machine|no second computer|no second channel|no fallback|no standby|no failover|no replica|no replicas|one replica|one instance|no spare|no redundancy|not redundant|not replicated|replication factor 1"},
	{stride.Backup, "restore has never|restore has not|restores have never|restores have not|never restored|never been restored|never been tested|restore is not tested|restores are not tested|not backed up|no backup|no backups|without backup|" +
		"backups are not tested|not been tested since"},
	{stride.ReplayProtection, "not de duplicated|not deduplicated|no deduplication|older signed|older images|older firmware|older versions can|older version can|downgrade|downgraded|allows downgrades|allow downgrades|accepts downgrades|accept downgrades|permits downgrades|downgrades are possible|downgrades are allowed|downgrades are accepted|older releases can|no rollback protection|no anti rollback|no replay|can be replayed|" +
		"no idempotency|not idempotent|no nonce|fixed code|replayed"},
	{stride.InputValidation, "not validated|no validation|without validation|no schema|not sanitised|not sanitized|not escaped|not checked|unchecked|no input validation|accepted as is|passed through unchanged|no schema registry|used as is|taken as is|any localhost port|any redirect|calculated in the browser|computed in the browser|calculated by the client|sent by the client|as sent by|" +
		"without further checks|without further check|without checking|no plausibility|no range check|not range checked"},
	{stride.MalwareScanning, "not scanned|no scanning|no virus|no malware|without scanning|unscanned"},
	{stride.DependencyScanning, "without pinning|no pinning|not upgraded|not yet upgraded|not pinned|unpinned|latest tag|no longer supported|end of life|out of support|unsupported|out of date|outdated|not patched|unpatched|unmaintained|not updated since|not been updated|" +
		"by tag and not|floating tag|floating tags|by tag not by|last patched|last updated"},
	{stride.IntegrityCheck, "only a crc|only the crc|crc only|only a checksum|no checksum|no integrity|not verified|is not verified|not verify|signature is not checked|signatures are not checked|no signature check"},
	{stride.HumanApproval, "exempt from confirmation|no second person|no second approval|no second pair|exempt from the confirmation|exempt from approval|exempt from the approval|skips the confirmation|skips the approval|without confirmation|without a confirmation|no confirmation|without asking|without a second person|without human|no human|no second person|no four eyes|one person can|a single person can|single person"},
	{stride.PhysicalProtection, "left unlocked|stay unlocked|stays unlocked|is unlocked|are unlocked|not locked|no lock on|no seal|no tamper|unsupervised|in the open|publicly accessible|within reach of|opened with a screwdriver|cabinet keys|not sealed|left in the lock|easily removed"},
	{stride.PromptFiltering, "system prompt tells|prompt tells the model|prompt asks the model|instructed by the prompt|relies on the prompt|only by the prompt|pasted into the prompt|put into the prompt"},
	{stride.CSRFProtection, "vulnerable to csrf|vulnerable to cross site request|open to csrf"},
	{stride.ParameterizedQueries, "vulnerable to sql injection|open to sql injection|string concatenation|concatenated into|concatenates"},
	{stride.OutputEncoding, "vulnerable to xss|vulnerable to cross site scripting|open to xss|renders the _ as html|rendered as html|render the _ as html|render as html|renders as html|renders markdown|as raw html|unescaped html|inserted as html"},
	{stride.EncryptionAtRest, "not encrypted at rest|no encryption at rest|not encrypted on disk|no disk encryption|disk is not encrypted|disks are not encrypted|unencrypted disk|unencrypted volume"},
}

// signatures are denials that mean code signing of software and an integrity
// check of everything else.
const signatures = "not signed|unsigned|no signing|no signature|no signatures|without _ or signature|without _ or signatures|without _ or signing|" +
	"without signature|without a signature|without signing|" +
	"signing is off|signing is not"

// patternRow lists the ways in which texts speak of one control, apart by bars.
type patternRow struct {
	control  stride.ControlName
	patterns string
}

// pattern is one of them, as words.
type pattern struct {
	words   []string
	control stride.ControlName // "" for a signature
}

// patternIndex finds patterns by their first word.
func patternIndex(rows []patternRow) map[string][]pattern {
	out := map[string][]pattern{}
	for _, r := range rows {
		for _, p := range strings.Split(r.patterns, "|") {
			words := strings.Fields(p)
			out[words[0]] = append(out[words[0]], pattern{words, r.control})
		}
	}
	return out
}

func weaknessIndex() map[string][]pattern {
	return patternIndex(append(slices.Clone(weaknessTable), patternRow{"", signatures}))
}

// weaknessesIn reads statements of missing safeguards out of the words of a
// sentence; at holds their offsets. What is only planned, allowed or denied in
// its turn ("no default passwords") is left out.
func (x *extractor) weaknessesIn(words []string, at []int) []weak {
	var out []weak
	for i, w := range words {
		for _, p := range x.weaknesses[w] {
			n := matchPattern(words[i:], p.words)
			if n == 0 || meansElse(words, i, i+n) || !denial(w) && alreadyDenied(words, i) || w == "without" && neverBefore(words[:i]) || conditional(words, i, i+n) {
				continue
			}
			control := p.control
			if control == "" {
				control = signatureOf(phraseAround(words, i))
			}
			out = append(out, weak{finding{name: control, state: stride.ControlAbsent, at: at[i]}, i, i + n})
		}
	}
	return out
}

// phraseAround returns the words of the brackets or of the part between semicolons
// that hold word i.
func phraseAround(words []string, i int) []string {
	from, to := i, i
	for from > 0 && words[from-1] != "(" && words[from-1] != ";" && words[from-1] != ")" {
		from--
	}
	for to < len(words) && words[to] != ")" && words[to] != ";" {
		to++
	}
	if from > 0 && words[from-1] == ";" { // the name that the brackets explain
		for open := from - 1; open >= 0 && words[open] != ")"; open-- {
			if words[open] == "(" {
				return words[open:to]
			}
		}
	}
	return words[from:to]
}

// meansElse reports whether words [from,to) only look like a statement of a
// weakness: "one instance role", "no audit has been made", "keep them from gaining
// more permissions than they need".
func meansElse(words []string, from, to int) bool {
	if to < len(words) && (words[to-1] == "instance" || words[to-1] == "replica") {
		switch words[to] {
		case "role", "profile", "type", "class", "size", "family", "id":
			return true
		}
	}
	if words[to-1] == "audit" && inspects(words, to-1) {
		return true
	}
	for k := from - 1; k > 0 && k > from-4; k-- {
		if words[k-1] == "from" && strings.HasSuffix(words[k], "ing") {
			return true
		}
	}
	return false
}

// inspects reports whether the audit at word i is one that people make of a
// product: "a security audit", "no third-party audit has been made".
func inspects(words []string, i int) bool {
	if i > 0 {
		switch words[i-1] {
		case "party", "security", "external", "independent", "annual", "yearly", "code", "compliance", "safety", "outside", "financial":
			return true
		}
	}
	if i+1 < len(words) {
		switch words[i+1] {
		case "has", "was", "by", "firm", "report", "reports", "of":
			return true
		}
	}
	return false
}

// weak is a finding with the words [from,to) that say it.
type weak struct {
	finding
	from, to int
}

// overruled reports whether word i is part of a statement of a weakness: "older
// signed images" are no signed images.
func overruled(weaknesses []weak, i int) bool {
	for _, w := range weaknesses {
		if w.from <= i && i < w.to {
			return true
		}
	}
	return false
}

// matchPattern returns how many of the words the pattern takes, or 0.
func matchPattern(words, pattern []string) int {
	i := 0
	for k, p := range pattern {
		if p != "_" {
			if i >= len(words) || words[i] != p {
				return 0
			}
			i++
			continue
		}
		for gap := 1; gap <= 4 && i+gap < len(words); gap++ {
			if punctuation(words[i+gap-1]) {
				break
			}
			if n := matchPattern(words[i+gap:], pattern[k+1:]); n > 0 {
				return i + gap + n
			}
		}
		return 0
	}
	return i
}

func punctuation(w string) bool { return len(w) == 1 && strings.IndexByte(",;:()", w[0]) >= 0 }

// alreadyDenied reports whether one of the three words before i denies what
// follows, within the clause; "no protection against" denies the protection.
func alreadyDenied(words []string, i int) bool {
	for k := i - 1; k >= 0 && k >= i-3 && !punctuation(words[k]); k-- {
		if words[k] == "against" {
			return false
		}
		if denial(words[k]) {
			return true
		}
	}
	return false
}

// conditional reports whether words [from,to) stand in a clause that only plans
// something or puts a condition ("if a file is not signed it is refused").
func conditional(words []string, from, to int) bool {
	for i := from - 1; i >= 0 && i >= from-8 && words[i] != ";" && words[i] != ":" && words[i] != "but"; i-- {
		switch words[i] {
		case "prevents", "prevent",
			"if", "when", "unless", "whether", "should", "must", "would", "refuses", "rejects", "rejected", "refused", "blocks", "alerts", "fails":
			return true
		case "in":
			if i+1 < len(words) && words[i+1] == "case" {
				return true
			}
		}
	}
	for i := to; i < len(words) && i < to+5 && words[i] != ";"; i++ {
		switch words[i] {
		case "refused", "rejected", "blocked", "dropped", "denied", "forbidden":
			return true
		}
	}
	return false
}

// signatureOf decides what is not signed: software, or messages and data.
func signatureOf(words []string) stride.ControlName {
	for _, w := range words {
		switch strings.TrimSuffix(w, "s") {
		case "firmware", "image", "package", "binary", "binarie", "update", "artifact", "artefact", "release", "installer", "appimage", "app", "chart",
			"container", "plugin", "extension", "commit", "driver", "executable", "script", "build", "model":
			return stride.CodeSigning
		}
	}
	return stride.IntegrityCheck
}
