package rules

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Facts that make a common attack worth saying of one part: what others supply to
// it, what it is worth to take apart, which medium it writes to, who runs it.

// ofOthers are what people write or send in that a page may show to others.
var ofOthers = []string{
	"comment", "review", "messages", "messaging", "chat", "posts", "posting", "posted", "profile", "markdown", "html", "upload",
	"imports", "imported", "search", "email", "mails", "mailbox", "ticket", "forum", "feedback",
}

// showsOthersContent reports whether n has a source of content that others wrote,
// or people type on its page what script would steal.
func (n *node) showsOthersContent() bool {
	return n.takes(ofOthers) || n.told(ofOthers...) || n.receives(stride.DataPayment, stride.DataCredentials)
}

// worthOpening reports whether something is stated that makes it pay to take the
// app n apart, or to own the device under it.
func (n *node) worthOpening() bool {
	classes := []stride.DataClass{stride.DataPayment, stride.DataHealth, stride.DataKeys, stride.DataCommands}
	if n.keeps(classes...) || n.receives(classes...) || n.near("payment_service", "vehicle", "robot", "actuator") {
		return true
	}
	if slices.ContainsFunc(n.out, func(e *edge) bool { return anyClass(e.Data, classes) || e.says("command", "unlock") }) {
		return true
	}
	return n.told("offline", "embedded", "secret", "licen", "locally", "ondevice", "wallet", "bank", "checks", "validates", "verifies", "hardcoded", "obfuscat")
}

// takesFileNames reports whether callers of n are said to name files or to hand
// over archives of them.
func (n *node) takesFileNames() bool {
	stems := []string{"filename", "path", "archive", "zip", "download", "upload", "attach"}
	return n.takes(stems) || n.quoted.holds(stems...)
}

// smallMedia are phrases for what fills up soon.
var smallMedia = splitPhrases([]string{
	"sd card", "microsd", "emmc", "flash memory", "flash storage", "log partition", "partition", "on disk", "same disk", "local disk", "small disk", "single disk", "one disk",
})

// smallMedium returns the sentence by which the source names a medium of n that
// fills up soon. Its name may say so alone; a denied limit counts as well.
func (n *node) smallMedium() (stride.Evidence, bool) {
	if quote, ok := n.quoteWith(smallMedia); ok {
		return quote, true
	}
	named := slices.ContainsFunc(smallMedia, func(p []string) bool { return n.words.find(p) >= 0 })
	return stride.Evidence{Kind: stride.Inferred}, named || n.Controls.State(stride.Quotas) == stride.ControlAbsent
}

// manyWriters reports whether several programs write to n, or somebody whom the
// system does not run, by itself or through a service.
func (n *node) manyWriters() bool {
	return n.shared() || n.foreignClients() || n.fronted()
}

// providerStore reports whether a provider runs n and gives it as much room as is
// paid for.
func (n *node) providerStore() bool {
	return n.managed || n.named("cosmos", "rds", "aurora", "spanner", "redshift", "snowflake", "atlas", "supabase", "neon")
}

// encryptedByDefault reports whether a provider encrypts n unless told otherwise.
func (n *node) encryptedByDefault() bool {
	return n.named("dynamodb", "s3", "cosmos", "firestore", "bigquery", "spanner", "snowflake") ||
		n.managed && n.is("object_storage", "key_value_store", "document_store") || n.named("azure") && n.is("database", "file_storage")
}

// deploys reports whether n puts into service what was built elsewhere.
func (n *node) deploys() bool {
	return n.named("gitops", "argocd", "flux", "fluxcd", "spinnaker", "helm", "kustomize", "terraform", "ansible", "octopus") ||
		n.named("argo") && !n.named("workflow")
}

// looks reports whether a person only reads by way of the flow.
func (e *edge) looks() bool {
	own := wordsIn(e.Name)
	return own.holds("view", "read", "watch", "observ", "monitor", "alert", "notif", "report") &&
		!own.holds("manage", "admin", "configur", "chang", "set", "updat", "deploy", "maintain", "writ", "control", "ssh")
}

// stopPhrases name a stop that always wins.
var stopPhrases = splitPhrases([]string{
	"emergency stop", "emergency brak", "emergency button", "emergency halt", "emergency shutdown", "e stop", "estop", "safety stop", "protective stop", "safe stop", "kill switch",
})

// speaksOfStops reports whether the source tells of an emergency or safety stop.
func (d *design) speaksOfStops() bool {
	told := func(said vocabulary) bool {
		return slices.ContainsFunc(stopPhrases, func(p []string) bool { return said.find(p) >= 0 })
	}
	return slices.ContainsFunc(d.nodes, func(n *node) bool { return told(n.words) || told(n.quoted) }) ||
		slices.ContainsFunc(d.edges, func(e *edge) bool { return told(e.words) })
}

// harm says what false orders or readings of the thing n lead to.
func (n *node) harm() string {
	moves := n.has("robot", "vehicle", "actuator", "controller")
	switch {
	case n.is("sensor") && moves:
		return "wrong and possibly unsafe behaviour"
	case n.is("sensor"):
		return "wrong decisions and records"
	case n.named("lock", "door", "gate", "garage", "barrier"):
		return "a door that opens or stays shut against its owner's will"
	case n.is("robot", "vehicle", "actuator", "controller") || n.bus():
		return "injury or damage"
	}
	return "a device that does what its owner never meant"
}

// logsIntoDevice reports whether n is the tool by which people log in to a device:
// that login is said of the device.
func (n *node) logsIntoDevice() bool {
	return n.Controls.State(stride.MultiFactor) != stride.ControlAbsent && slices.ContainsFunc(n.out, func(e *edge) bool {
		return e.to.remoteLogin() && (e.Protocol == "ssh" || e.Protocol == "telnet" || e.says("ssh", "telnet", "vnc", "rdp"))
	})
}

// publicZone reports whether the source says that n answers for names which the
// public uses.
func (n *node) publicZone() bool {
	return !n.resolves() && n.told("registrar", "zone", "domain", "public", "route53", "53")
}

// domainPhrases name a site by which strangers find it.
var domainPhrases = splitPhrases([]string{"domain name", "custom domain", "public domain", "subdomain", "registrar", "cname"})

// domainStated reports whether the source speaks of the name of the site n, or of
// who answers for names and does more than resolve them.
func (n *node) domainStated() bool {
	if n.has("dns") && slices.ContainsFunc(n.design.nodes, func(other *node) bool { return other.is("dns") && !other.resolves() }) {
		return true
	}
	return slices.ContainsFunc(domainPhrases, func(p []string) bool { return n.quoted.find(p) >= 0 })
}

// logged names the classes of data that reach the logs by what the source says of
// them or of the flows into them.
func (g *group) logged() []string {
	var names nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			classes := slices.Clone(n.Data)
			for _, e := range n.in {
				classes = append(classes, e.Data...)
			}
			for _, c := range classes {
				if c != stride.DataLogs && c != stride.DataPublic {
					names.add(dataWords[c])
				}
			}
		}
	}
	return names.names
}

// onlyTechnology reports whether the name of n is that of a technology, which other
// parts use, and of no workload.
func (n *node) onlyTechnology() bool {
	for _, word := range wordsIn(n.Name) {
		if !slices.Contains([]string{"docker", "container", "containers", "image", "images", "compose", "runtime", "engine", "linux", "oci"}, word) {
			return false
		}
	}
	return true
}

// peerDenied reports whether the source denies the control to another part with the
// tag and says nothing of n: that threat speaks for both.
func (n *node) peerDenied(name stride.ControlName, tag stride.Tag) bool {
	return n.Controls.State(name) == stride.ControlUnknown && slices.ContainsFunc(n.design.nodes, func(other *node) bool {
		return other != n && other.is(tag) && other.Controls.State(name) == stride.ControlAbsent
	})
}

// publishers counts those who are drawn as sending to the broker n.
func (n *node) publishers() int {
	seen := map[*node]bool{}
	for _, e := range n.in {
		seen[e.from] = true
	}
	return len(seen)
}

// aboutLetters is how many letters of two words agree where both speak of the same.
const aboutLetters = 5

// saidOfControl reports whether the sentence that says no more of the control
// speaks of it in its words or in those of the rule.
func (g *group) saidOfControl() bool {
	said := g.said()
	if said == "" {
		return false
	}
	asked := wordsIn(append([]string{words(g.rule.Control), g.rule.Lack}, g.rule.Terms...)...)
	return slices.ContainsFunc(wordsIn(said), func(word string) bool {
		return slices.ContainsFunc(asked, func(a string) bool {
			return word == a && len(a) > 2 && !filler(a) || len(a) >= aboutLetters && strings.HasPrefix(word, a[:aboutLetters])
		})
	})
}

// filler reports whether the word stands in any sentence.
func filler(word string) bool {
	return slices.Contains([]string{"the", "and", "for", "who", "what", "its", "them", "that", "not", "may", "any", "with", "from", "target"}, word)
}

// keepsLogs reports whether n is a store of logs: that they are altered is said of it.
func keepsLogs(n *node) bool { return n.is("log_store") && !n.OutOfScope }

// namedAdministration reports whether something is stated of the administration by
// way of e beyond that there is an administrator: what they administer is a console, a
// thing, or what grants access to others, the source speaks of records or of what they change, or calls them by their
// task.
func (e *edge) namedAdministration() bool {
	stems := []string{"log", "audit", "record", "trace", "account", "root", "privileg", "permission", "rights", "chang", "configur"}
	return e.to.is("admin_interface", "device") || e.to.clusterControl() || e.to.issuesCertificates() || e.to.speaksOAuth() || !e.from.onlyAdministrator() || e.says(stems...) || e.to.quoted.holds("audit", "accountab")
}

// onlyAdministrator reports whether the name of n says no more than that they
// administer.
func (n *node) onlyAdministrator() bool {
	return !slices.ContainsFunc(wordsIn(n.Name), func(word string) bool {
		return !strings.HasPrefix(word, "admin") && word != "cluster" && word != "system"
	})
}

// grantsTold reports whether the source speaks of the accounts and rights in the
// database n, or of somebody who manages them; the part that it says most of is worth
// a word in any case.
func (n *node) grantsTold() bool {
	return n.told("role", "grant", "rbac", "acl", "permission", "privileg", "password", "superuser", "dba") ||
		n.calledBy((*node).insider) || n.central()
}

// madeByOthers reports whether the source says that n or its parts come from others
// who could have prepared them; that it has a manufacturer is true of any.
func (n *node) madeByOthers() bool {
	return n.told("supplier", "oem", "rented", "rental", "hired", "returned", "refurbish", "third", "manufacturers") || n.quoted.holds("vendor") && n.quoted.holds("firmware", "module", "chip", "component")
}
