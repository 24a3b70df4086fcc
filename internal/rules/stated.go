package rules

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// statedGap is what follows where a design says of one of its parts that it lacks
// a control: the floor under the specific rules, so that no stated gap goes
// without a threat.
type statedGap struct {
	control               stride.ControlName
	category              stride.Category
	title                 string
	actor, action, effect string
	risk                  stride.Risk
	cwe, capec, fix       string
}

// statedGaps has one row per control that a design can deny. The statement quotes
// the denial. Where one sentence denies several, the first speaks, so that the
// specific stand before the general.
var statedGaps = []statedGap{
	{stride.UniqueCredentials, stride.Spoofing, "Shared, default or repeated credentials of {target}", "anybody who knows or extracts the common credential", "use the common credential of {target} as if it were theirs alone",
		"access that cannot be told from that of others, wherever the same credential is good", risk(3, 3), "CWE-1391", "CAPEC-653",
		"Give each person and each device that uses {target} a credential of its own, changed from the factory's, and revocable alone"},
	{stride.MultiFactor, stride.Spoofing, "Stolen password is enough for {target}", "an attacker with a phished, guessed or reused password", "get past the sign-in of {target}",
		"takeover of the account and of what it may do", risk(3, 3), "CWE-308", "CAPEC-600", "Require a second factor that resists phishing for sign-in at {target}"},
	{stride.Authentication, stride.Spoofing, "Strangers or shared identities accepted by {target}", "anybody who can reach {target}, or knows the common credential",
		"act at {target} as somebody they are not", "actions and disclosures that no person answers for", risk(3, 3), "CWE-287", "CAPEC-151",
		"Give each person, device and service that uses {target} a credential of its own and check it on every request"},
	{stride.MutualAuthentication, stride.Spoofing, "Impostor accepted as a peer of {target}", "an attacker on the network", "pose as a peer of {target}",
		"forged requests taken for genuine ones", risk(2, 3), "CWE-290", "CAPEC-151", "Require a certificate of each peer of {target} and check whom it names"},
	{stride.Authorization, stride.ElevationOfPrivilege, "Caller of {target} acts beyond its own rights", "any caller of {target}", "read or do what belongs to others at {target}",
		"access to other people's data and functions", risk(3, 3), "CWE-862", "CAPEC-1", "Check at {target}, for every request, that this caller may do this to this object"},
	{stride.LeastPrivilege, stride.ElevationOfPrivilege, "Wide rights of {target} turn a small breach into a large one", "an attacker who got hold of {target} or its credentials",
		"use rights of {target} that its task does not need", "control of everything that those rights reach", risk(2, 4), "CWE-250", "CAPEC-122",
		"Cut the rights of {target} down to its task, one identity per workload"},
	{stride.SessionManagement, stride.Spoofing, "Stolen token, key or link for {target} stays good", "an attacker who took a token from a log, a device or a backup", "use it at {target} until it expires",
		"access in the victim's name that nobody can end", risk(3, 3), "CWE-613", "CAPEC-60", "Let tokens for {target} expire soon, and make it possible to revoke them at once"},
	{stride.EncryptionInTransit, stride.InformationDisclosure, "Traffic of {target} read on its way", "an attacker on the network path", "read and record what {target} sends and receives",
		"disclosure of the data, and of credentials that travel with it", risk(2, 3), "CWE-319", "CAPEC-157", "Use TLS 1.2 or later on every connection of {target} and refuse others"},
	{stride.EncryptionAtRest, stride.InformationDisclosure, "Data of {target} read from its storage", "somebody with the medium, a snapshot or a file of {target}", "read the data of {target} without its software",
		"disclosure of everything stored there", risk(2, 3), "CWE-312", "CAPEC-37", "Encrypt the data of {target} under a key that is not kept beside it"},
	{stride.KeyManagement, stride.InformationDisclosure, "Key of {target} stolen and used for long", "an insider or intruder", "copy the key of {target} and use it unnoticed",
		"everything under that key readable or forgeable", risk(2, 4), "CWE-522", "CAPEC-37", "Keep the key of {target} in a key management service or module, rotate it, and log its use"},
	{stride.SecretsManagement, stride.InformationDisclosure, "Long-lived secret of {target} found where it is kept", "anybody who reads the code, a setting, a backup or a shared vault", "take the secret of {target} and use it as their own",
		"access with the rights of {target} until somebody changes the secret", risk(2, 4), "CWE-522", "CAPEC-545",
		"Hand {target} short-lived credentials from a secrets manager, and rotate those that exist"},
	{stride.InputValidation, stride.Tampering, "Hostile or wrong input accepted by {target}", "anybody who can send {target} data", "have {target} take values that its code does not expect",
		"wrong results, crashes or commands of their choice", risk(3, 3), "CWE-20", "CAPEC-153", "Check type, length, range and origin of what {target} takes in, and refuse the rest"},
	{stride.ParameterizedQueries, stride.Tampering, "Query of {target} rewritten by its input", "anybody who can send {target} data", "add commands of their own to queries of {target}",
		"data read, changed or deleted", risk(3, 4), "CWE-89", "CAPEC-66", "Pass values to queries of {target} as parameters only"},
	{stride.OutputEncoding, stride.Tampering, "Script or markup runs where {target} shows content", "somebody who supplies content", "have links, images or script of theirs rendered by {target}",
		"actions in the reader's name and data sent to strangers", risk(3, 3), "CWE-79", "CAPEC-63", "Encode content where {target} shows it, and allow no active markup or foreign addresses"},
	{stride.CSRFProtection, stride.Spoofing, "Foreign site acts through a visitor of {target}", "the owner of another site", "make a visitor's browser send requests to {target}",
		"changes in the visitor's name", risk(3, 2), "CWE-352", "CAPEC-62", "Use SameSite cookies and anti-forgery tokens at {target}"},
	{stride.MalwareScanning, stride.Tampering, "Malicious file passed on by {target}", "somebody who supplies a file", "place malware in {target} that others then open or run",
		"infection of readers and of what processes the files", risk(3, 3), "CWE-434", "CAPEC-17", "Scan and quarantine files before {target} hands them on, and process them in a sandbox"},
	{stride.RateLimiting, stride.DenialOfService, "Unlimited requests wear {target} out", "one caller, hostile or faulty", "send {target} as many or as costly requests as it likes",
		"an outage for all others, guessed passwords, or a bill", risk(3, 3), "CWE-770", "CAPEC-125", "Limit requests to {target} per caller, and cost per request"},
	{stride.Quotas, stride.DenialOfService, "Capacity of {target} used up by one", "one caller or tenant, hostile or faulty", "use up storage, compute or budget of {target}",
		"an outage or a bill for everybody else", risk(3, 3), "CWE-770", "CAPEC-130", "Set a quota per caller at {target}, and alert before it is used up"},
	{stride.Redundancy, stride.DenialOfService, "Failure of {target} stops what depends on it", "a fault, a mistake or an attacker", "take {target} down, for which there is no replacement",
		"an outage that lasts until it is repaired", risk(2, 3), "CWE-400", "CAPEC-607", "Run {target} redundantly, or agree on a tested way to work without it"},
	{stride.DDoSProtection, stride.DenialOfService, "Flood from the internet takes {target} down", "an attacker with a botnet", "send {target} more traffic than it can take",
		"an outage for its users", risk(3, 3), "CWE-770", "CAPEC-125", "Put {target} behind a service that absorbs floods"},
	{stride.AuditLogging, stride.Repudiation, "What is done at {target} leaves no trace", "somebody with access to {target}", "change or read something at {target} and deny it",
		"disputes and misuse that nobody can settle", risk(3, 3), "CWE-778", "CAPEC-268", "Record at {target} who did what, when and to what, and keep it out of their reach"},
	{stride.LogIntegrity, stride.Repudiation, "Records of {target} altered or lost", "somebody who covers their traces", "change, overwrite or delete records of {target}",
		"an incident that cannot be reconstructed", risk(2, 3), "CWE-778", "CAPEC-268", "Send records of {target} at once to a store that its administrators cannot change"},
	{stride.Monitoring, stride.Repudiation, "Misuse of {target} goes unnoticed", "an intruder or insider", "misuse {target} for long without anybody looking",
		"damage that grows until somebody stumbles over it", risk(3, 2), "CWE-778", "CAPEC-268", "Alert on unusual use of {target}, and have somebody look at the alerts"},
	{stride.Backup, stride.DenialOfService, "Data of {target} lost for good", "ransomware, a fault or a mistaken command", "destroy the data of {target}",
		"loss of the data, or a restore that fails when it is needed", risk(2, 4), "CWE-693", "CAPEC-607", "Back {target} up to where its own credentials cannot delete, and rehearse the restore"},
	{stride.IntegrityCheck, stride.Tampering, "Altered data taken for genuine by {target}", "somebody on the way or at the source", "change what {target} receives or relies on",
		"decisions and actions on forged data", risk(2, 3), "CWE-345", "CAPEC-194", "Sign or authenticate what {target} relies on, and check it before use"},
	{stride.CodeSigning, stride.Tampering, "Altered software reaches {target}", "somebody with access to the channel, the build or the device", "replace software of {target} by a version of their own",
		"control of what runs it", risk(2, 4), "CWE-494", "CAPEC-669", "Sign software of {target} in the build, and refuse at install and start what is not signed"},
	{stride.CodeReview, stride.Tampering, "Change reaches production through {target} unseen", "an insider, or a thief of their account", "bring a change of their own through {target} without a second person",
		"malicious or faulty code in production", risk(2, 4), "CWE-506", "CAPEC-443", "Let nobody, administrators and bots included, change {target} without a second person's review"},
	{stride.DependencyScanning, stride.ElevationOfPrivilege, "Known flaw in outdated or unpinned parts of {target}", "an attacker with a public exploit, or a hostile publisher", "attack {target} through a component that is old or changes unseen",
		"code of their choice with the rights of {target}", risk(3, 3), "CWE-1395", "CAPEC-538", "Pin and inventory components of {target}, watch advisories, and update in days"},
	{stride.ReplayProtection, stride.Tampering, "Old or repeated input accepted by {target}", "somebody who kept an earlier message, file or version", "feed it to {target} again as if it were new",
		"actions done twice, or a return to a state with known flaws", risk(2, 3), "CWE-294", "CAPEC-60", "Have {target} refuse what it has seen and what is older than what it has"},
	{stride.NetworkIsolation, stride.ElevationOfPrivilege, "{target} reached from networks that have no business there", "an attacker with a foothold elsewhere, or on the internet", "connect to {target} directly",
		"one breach spreading to {target} and what trusts it", risk(3, 3), "CWE-923", "CAPEC-1", "Allow connections to {target} from the few places that need it only"},
	{stride.EgressFiltering, stride.InformationDisclosure, "{target} made to call addresses of a stranger's choice", "somebody who supplies an address or controls an answer", "have {target} call internal or metadata addresses, or send data out",
		"disclosure of internal data and credentials", risk(3, 3), "CWE-918", "CAPEC-664", "Resolve and check each address that {target} calls, follow no redirects, and route it through an egress proxy"},
	{stride.Sandboxing, stride.ElevationOfPrivilege, "Code or content in {target} reaches its neighbours", "somebody whose code or content runs in {target}", "use what {target} shares with others to get at them",
		"control of neighbours, or of later runs", risk(2, 4), "CWE-653", "CAPEC-480", "Run each job or tenant of {target} in a fresh environment without rights on the host"},
	{stride.TenantIsolation, stride.InformationDisclosure, "One tenant gets at another's data through {target}", "a tenant's user, or one forgotten filter", "reach another tenant's records in {target}",
		"disclosure of one customer's data to another", risk(3, 4), "CWE-653", "CAPEC-122", "Enforce the tenant of each request in {target} itself: row-level security, or a store or key per tenant"},
	{stride.PhysicalProtection, stride.Tampering, "{target} opened or used by whoever stands beside it", "somebody with a few minutes beside it", "open, use or replace {target}",
		"extracted keys, changed settings or a planted device", risk(2, 3), "CWE-1263", "CAPEC-401", "Lock {target}, detect opening, and keep no secrets on it in the clear"},
	{stride.SecureBoot, stride.Tampering, "Altered system starts on {target}", "somebody with the device or root rights on it", "install a system of their own on {target} that survives restarts",
		"lasting control below all other checks", risk(2, 4), "CWE-494", "CAPEC-401", "Verify each stage of the start of {target} against keys in hardware"},
	{stride.HumanApproval, stride.ElevationOfPrivilege, "{target} goes ahead without a second person", "one insider, one mistake or one manipulated input", "have {target} do something that cannot be undone",
		"harm that a second look would have stopped", risk(3, 3), "CWE-693", "CAPEC-212", "Ask a second person before {target} does what cannot be undone"},
	{stride.PromptFiltering, stride.Tampering, "Instructions in content steer {target}", "somebody who writes what {target} reads", "put instructions into it that {target} follows",
		"answers and actions of the attacker's choice", risk(3, 3), "CWE-1426", "CAPEC-242", "Treat what {target} reads as data: separate it from instructions, and check calls and answers by code"},
	{stride.DataMinimization, stride.InformationDisclosure, "{target} keeps or shows more data than it needs", "an insider, or whoever breaches {target}", "read data in {target} that need not be there",
		"a breach of more people's data, and of privacy law", risk(2, 3), "CWE-200", "CAPEC-116", "Mask, pseudonymise or leave out what {target} does not need, and delete it on a date"},
	{stride.FailClosed, stride.ElevationOfPrivilege, "{target} lets happen what it should stop", "a fault, or somebody who provokes one", "have {target} go on although its check failed or is not there",
		"requests or actions that nobody allowed", risk(3, 3), "CWE-636", "CAPEC-212", "Refuse or hold at {target} what could not be checked, fall back to a safe state, and alert on it"},
}

// statedRules makes rules of the gaps.
func statedRules() []Rule {
	out := make([]Rule, 0, len(statedGaps))
	for _, s := range statedGaps {
		out = append(out, Rule{
			ID: "stated-" + strings.ReplaceAll(string(s.control), "_", "-"), Category: s.category, Title: s.title,
			Actor: strings.ToUpper(s.actor[:1]) + s.actor[1:], Action: s.action, Effect: s.effect, Lack: words(s.control), Ask: "Does {target} have " + words(s.control) + "?",
			Control: s.control, Terms: []string{words(s.control)}, Risk: s.risk, Sensitive: true, Reach: true,
			CWE: []string{s.cwe}, CAPEC: []string{s.capec}, Fixes: fixes(fix(s.fix+".", s.cwe)),
			element: func(n *node) bool { return n.denies(s.control) != nil && mayHave(n, s.control) && meant(n, s.control) }, stated: true,
		})
	}
	return out
}

// mayHave reports whether the control is one of such parts at all. A sentence may
// name a part beside the one that it speaks of: people keep no data, files have no
// sessions, media send nothing.
func mayHave(n *node, name stride.ControlName) bool {
	switch name {
	case stride.SessionManagement:
		return !n.store() && !n.person() && wordsIn(n.denies(name)[0].Quote).
			holds("token", "session", "refresh", "jwt", "certificat", "cookie", "revo", "login", "sign", "url", "link", "key", "password", "access")
	case stride.CSRFProtection, stride.OutputEncoding:
		return !n.store() && !n.person()
	case stride.EncryptionInTransit:
		return !n.person() && !n.is("file_storage", "backup_store", "sensor")
	case stride.Redundancy:
		return !n.person() && !n.insider() && !n.is("client")
	case stride.Authentication:
		return !n.is("webhook_receiver") || !slices.ContainsFunc(append(n.hookControls(), n.Controls), func(c stride.Controls) bool {
			return c.State(stride.IntegrityCheck) == stride.ControlPresent // the sender signs, and does not sign in
		})
	case stride.RateLimiting:
		return !n.outside && !n.person() && !n.insider()
	case stride.DataMinimization, stride.EncryptionAtRest, stride.Backup, stride.Quotas, stride.InputValidation, stride.DependencyScanning, stride.FailClosed:
		return !n.person() && !n.insider()
	}
	return true
}

// meantBy holds, for controls whose words the language uses of other things as well,
// stems of which a denial must have one: "no second factor" denies no spare part.
var meantBy = map[stride.ControlName][]string{
	stride.Redundancy: {"redundan", "replica", "standby", "failover", "fail", "spare", "backup", "cluster", "instance", "single", "alone", "one", "availab"},
}

// meant reports whether the sentence that denies the control to n is about what the
// gap says.
func meant(n *node, name stride.ControlName) bool {
	quote := n.denies(name)[0].Quote
	for i, q := range n.quotes {
		if q.Quote == quote && n.foreign[i] {
			return false
		}
	}
	stems := meantBy[name]
	return len(stems) == 0 || wordsIn(quote).holds(stems...)
}

// denies returns the quotes by which the source denies the control to n, or nil.
func (n *node) denies(name stride.ControlName) []stride.Evidence {
	c, ok := n.Controls[name]
	if !ok || c.State != stride.ControlAbsent {
		return nil
	}
	if slices.ContainsFunc(c.Evidence, func(e stride.Evidence) bool { return e.Quote != "" }) {
		return c.Evidence
	}
	return nil
}

// bySentence splits what is denied of elements, or only planned, by the sentence
// that says so: two sentences are two gaps, one sentence over three parts is one,
// and flows that are all marked alike are one.
func (g *group) bySentence() []*group {
	denied := g.state == stride.ControlAbsent && g.rule.element != nil
	if !denied && g.state != stride.ControlUnknown || len(g.sites) < 2 || len(g.evidence)+len(g.told) == 0 {
		return []*group{g}
	}
	var out []*group
	byQuote := map[string]*group{}
	for _, s := range g.sites {
		quote := ""
		if len(s.evidence) > 0 {
			quote = s.evidence[0].Quote
		}
		if s.told != nil && !denied && g.rule.onlyTold {
			quote += "\n" + s.told.Quote
		}
		part := byQuote[quote]
		if part == nil {
			part = &group{rule: g.rule, state: g.state}
			byQuote[quote] = part
			out = append(out, part)
		}
		part.add(s)
	}
	return out
}

// cares reports whether the source states the control somewhere and is therefore
// likely to have it where it is silent: measures that owners take for the whole
// of a system.
func (d *design) cares(name stride.ControlName) bool { return d.wide[name] }

// askedFirst marks the groups whose control is unknown and yet stated elsewhere,
// and splits off the sites of which the source speaks in a way that would make
// "nothing of it is stated" false. What rests on a fact that the source tells is
// not held back.
func askedFirst(groups []*group, elsewhere bool) []*group {
	out := make([]*group, 0, len(groups))
	for _, g := range groups {
		if g.state != stride.ControlUnknown || len(g.told) > 0 {
			out = append(out, g)
			continue
		}
		var silent, spoken []site
		phrases := g.rule.phrases()
		if elsewhere && g.rule.Control == stride.EncryptionInTransit {
			if plain := g.overPlainWays(); plain != nil {
				out = append(out, plain)
				if len(g.sites) == 0 {
					continue
				}
			}
		}
		if !elsewhere && !slices.ContainsFunc(g.sites, func(s site) bool { return s.speaksOf(phrases) }) {
			out = append(out, g)
			continue
		}
		for _, s := range g.sites {
			if s.speaksOf(phrases) {
				spoken = append(spoken, s)
			} else {
				silent = append(silent, s)
			}
		}
		switch {
		case elsewhere || len(silent) == 0:
			g.asked = true
			out = append(out, g)
		default:
			rest := *g
			g.sites, rest.sites, rest.asked = silent, spoken, true
			out = append(out, g, &rest)
		}
	}
	return out
}

// overPlainWays splits off the flows of which the source names a way that does not
// encrypt by itself: beside flows over HTTPS, "TCP 1234" says more than nothing.
func (g *group) overPlainWays() *group {
	plain := *g
	plain.sites = nil
	var rest []site
	for _, s := range g.sites {
		if s.edge != nil && slices.Contains([]string{"tcp", "udp", "http", "websocket", "ws", "ftp"}, strings.ToLower(s.edge.Protocol)) {
			plain.sites = append(plain.sites, s)
		} else {
			rest = append(rest, s)
		}
	}
	if len(plain.sites) == 0 {
		return nil
	}
	g.sites = rest
	return &plain
}

// phrases are the terms of the rule by their words.
func (r *Rule) phrases() [][]string {
	out := make([][]string, len(r.Terms))
	for i, t := range r.Terms {
		out[i] = wordsIn(t)
	}
	return out
}

// speaksOf reports whether a quote that names the site has one of the phrases near
// the name and does not deny it.
func (s site) speaksOf(phrases [][]string) bool {
	for _, n := range s.nodes {
		if _, ok := n.quoteWith(phrases); ok {
			return true
		}
	}
	if s.edge == nil {
		return false
	}
	if s.edge.from.insider() {
		if _, ok := s.edge.from.quoteWith(phrases); ok {
			return true // the control is theirs, and not that of what they use
		}
	}
	return s.edge.tunnelled() && slices.ContainsFunc(phrases, func(p []string) bool { return len(p) == 1 && p[0] == "vpn" }) ||
		slices.ContainsFunc(phrases, func(p []string) bool { return s.edge.words.find(p) >= 0 })
}

// ofWholeSystems lists controls that owners have or lack as a whole.
func ofWholeSystems(name stride.ControlName) bool {
	switch name {
	case stride.EncryptionAtRest, stride.SecretsManagement, stride.KeyManagement, stride.MultiFactor, stride.CodeReview, stride.CodeSigning,
		stride.DependencyScanning, stride.DDoSProtection, stride.AuditLogging, stride.Backup, stride.MalwareScanning:
		return true
	}
	return false
}

// statedWide returns the controls of whole systems that the source states.
func statedWide(a *stride.Architecture) map[stride.ControlName]bool {
	out := map[stride.ControlName]bool{}
	note := func(controls stride.Controls) {
		for name, c := range controls {
			if c.State == stride.ControlPresent && ofWholeSystems(name) {
				out[name] = true
			}
		}
	}
	for i := range a.Elements {
		note(a.Elements[i].Controls)
	}
	for i := range a.Flows {
		note(a.Flows[i].Controls)
	}
	return out
}

// answered returns, for each control, the elements at which a rule proposes
// because the control is denied there: the stated gap has its threat.
func answered(groups []*group) map[stride.ControlName]map[*node]bool {
	out := map[stride.ControlName]map[*node]bool{}
	for _, g := range groups {
		if g.state != stride.ControlAbsent {
			continue
		}
		for _, name := range append([]stride.ControlName{g.rule.Control}, g.rule.Denied...) {
			if out[name] == nil {
				out[name] = map[*node]bool{}
			}
			for _, s := range g.sites {
				for _, n := range s.nodes {
					out[name][n] = true
				}
				if s.edge != nil {
					out[name][s.edge.to], out[name][s.edge.from] = true, true
				}
			}
		}
	}
	return out
}

// toldOf returns the sentences on which the proposals of the groups rest: what is
// told of an element or denied to it.
func toldOf(groups []*group) quotedAt {
	quoted := quotedAt{}
	for _, g := range groups {
		if g.state != stride.ControlAbsent && g.state != stride.ControlUnknown {
			continue
		}
		for _, s := range g.sites {
			for _, n := range s.nodes {
				if s.told != nil {
					quoted.note(n, s.told.Quote)
				}
				if g.state == stride.ControlAbsent && s.edge == nil {
					for _, e := range n.denies(g.rule.Control) {
						quoted.note(n, e.Quote)
					}
				}
			}
		}
	}
	return quoted
}

// quotedAt holds the sentences on which proposals rest, by element.
type quotedAt map[*node]map[string]bool

func (q quotedAt) note(n *node, quote string) {
	if q[n] == nil {
		q[n] = map[string]bool{}
	}
	q[n][quote] = true
}

// statedGroups returns the groups of a stated gap, but for those parts at which
// the gap has its threat already, by the control or by the sentence: one sentence
// about one part makes one such threat, that of the first row of the table.
func (r *Rule) statedGroups(found []site, done map[*node]bool, quoted quotedAt) []*group {
	g := &group{rule: r, state: stride.ControlAbsent}
	for _, s := range found {
		denial := s.nodes[0].denies(r.Control)
		if !done[s.nodes[0]] && !quoted[s.nodes[0]][denial[0].Quote] {
			g.sites = append(g.sites, s)
			g.evidence = append(g.evidence, denial...)
			quoted.note(s.nodes[0], denial[0].Quote)
		}
	}
	if len(g.sites) == 0 {
		return nil
	}
	g.evidence = g.evidence[:min(len(g.evidence), maxEvidence)]
	return g.bySentence()
}

// saidLength bounds what a statement quotes, in bytes; the evidence has it all.
const saidLength = 180

// said returns the sentence by which the source denies or only plans the control,
// for a statement; "" where there is none, as where a diagram or an answer says so.
func (g *group) said() string { return firstExcerpt(g.evidence) }

// tale returns the sentence that tells the fact which the rule rests on, for a
// statement; "" where there is none.
func (g *group) tale() string { return firstExcerpt(g.told) }

func firstExcerpt(evidence []stride.Evidence) string {
	for _, e := range evidence {
		if e.Kind == stride.Quoted {
			return excerpt(e.Quote)
		}
	}
	return ""
}

// excerpt makes a quote fit into a sentence: on one line, without marks of
// Markdown and the full stop, cut between words.
func excerpt(quote string) string {
	text := strings.Join(strings.Fields(strings.NewReplacer("**", "", "`", "", "“", "'", "”", "'", "|", " ").Replace(quote)), " ")
	text = strings.TrimRight(strings.TrimLeft(text, "-*#>. "), ".;:, ")
	if len(text) <= saidLength {
		return text
	}
	lead := ""
	if from := clauseOfDenial(text); from > 0 {
		if text, lead = text[from:], "… "; len(text) <= saidLength {
			return lead + text
		}
	}
	cut := strings.LastIndexByte(text[:saidLength], ' ')
	if cut < saidLength/2 {
		for cut = saidLength; !utf8.RuneStart(text[cut]); {
			cut--
		}
	}
	return lead + strings.TrimRight(text[:cut], ".;:, ") + " …"
}

// clauseOfDenial returns where the clause begins that holds the first word of
// denial, where that would be cut off; else 0.
func clauseOfDenial(text string) int {
	first := len(text)
	for _, w := range []string{" not ", " no ", " never ", " without ", " same ", " shared ", " any ", " only ", " nobody ", " none"} {
		if i := strings.Index(text, w); i >= 0 {
			first = min(first, i)
		}
	}
	if first == len(text) || first < saidLength*2/3 {
		return 0
	}
	if from := strings.LastIndexAny(text[:first], ";:,.("); from > 0 {
		return from + 1 + len(text[from+1:]) - len(strings.TrimLeft(text[from+1:], " "))
	}
	return 0
}

// outspokenFrom is how many kinds of gaps a source names before its silence counts.
const outspokenFrom = 3

// gapsNamed counts the controls that the source denies in words. A mark that many
// flows bear alike is one.
func gapsNamed(a *stride.Architecture) int {
	denied := map[stride.ControlName]bool{}
	note := func(controls stride.Controls) {
		for name, c := range controls {
			if c.State == stride.ControlAbsent && len(c.Evidence) > 0 && c.Evidence[0].Kind == stride.Quoted {
				denied[name] = true
			}
		}
	}
	for i := range a.Elements {
		note(a.Elements[i].Controls)
	}
	for i := range a.Flows {
		note(a.Flows[i].Controls)
	}
	return len(denied)
}
