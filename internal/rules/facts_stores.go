package rules

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Facts about data at rest and in motion between servers: what singles a store or
// a link out from those that every system has.

// kindWords are the words of names that say what a store is and not which one.
var kindWords = []string{"key", "value", "database", "databases", "relational", "sql", "nosql", "document", "store", "storage", "data"}

// unnamed reports whether the name of n only says what kind of store it is.
func (n *node) unnamed() bool {
	for _, word := range n.words {
		if !slices.Contains(kindWords, word) {
			return false
		}
	}
	return len(n.words) > 0
}

// alone reports whether nothing is said of what n holds and of who talks to it.
func (n *node) alone() bool { return len(n.in)+len(n.out)+len(n.Data) == 0 }

// bare reports whether of a database nothing is said but that there is one: it
// has no name of its own, or stands beside a database of which more is said.
func (n *node) bare() bool {
	if !n.is("database") || !n.alone() || n.entrusted {
		return false
	}
	return len(n.Tags) == 1 && n.Tags[0] == "database" || n.unnamed() && n.design.present["database"] > 1
}

// isEnclosed reports whether n is a library or a part of another store, which no
// network path leads to.
func (n *node) isEnclosed() bool {
	if n.named("engine", "embedded", "sqlite", "rocksdb", "leveldb", "badger", "boltdb", "bbolt", "lmdb", "berkeley", "sd", "microsd", "emmc") {
		return true
	}
	return n.alone() && n.named("region", "shard", "partition", "tablet", "memtable", "segment")
}

// networkStore reports whether n is a database or store that programs reach over a
// network.
func (n *node) networkStore() bool { return n.store() && !n.outside && !n.enclosed && !n.bare() }

// sensitive reports whether n holds data about people, money or access.
func (n *node) sensitive() bool {
	return n.entrusted || n.keeps(worthStealing...)
}

// precious reports whether n holds what hurts when it is lost or read.
func (n *node) precious() bool {
	return n.sensitive() || n.keeps(stride.DataModels, stride.DataTrainingData, stride.DataSourceCode, stride.DataBusiness)
}

// programs counts the services and agents that talk to n.
func (n *node) programs() int {
	seen := map[*node]bool{}
	count := func(other *node) {
		if !other.person() && !other.store() {
			seen[other] = true
		}
	}
	for _, e := range n.in {
		count(e.from)
	}
	for _, e := range n.out {
		count(e.to)
	}
	return len(seen)
}

// shared reports whether several programs talk to n.
func (n *node) shared() bool { return n.programs() > 1 }

// direct reports whether clients that the system does not run, or people, talk to
// n with no service in between.
func (n *node) direct() bool {
	return n.calledBy(func(c *node) bool { return c.outside || c.person() || c.insider() || c.is("client") })
}

// fronted reports whether a service that strangers reach stands before n.
func (n *node) fronted() bool {
	front := func(c *node) bool { return c.service() && c.exposed() }
	return n.calledBy(front) || n.calls(front)
}

// staticSite reports whether n holds the files of a web site, which everybody may
// read and which a pipeline can write again.
func (n *node) staticSite() bool {
	if !n.is("object_storage", "file_storage") {
		return false
	}
	if n.named("website", "static", "site", "frontend", "origin") {
		return true
	}
	return n.calledBy(func(c *node) bool { return c.is("cdn") }) && !n.calledBy(func(c *node) bool { return !c.is("cdn") }) && !n.precious()
}

// uploadedTo reports whether scripts of a page talk to n themselves: the source
// speaks of signed links, of uploads or of origins, or draws the browser at it.
func (n *node) uploadedTo() bool {
	return n.told("cors", "origin", "presigned", "upload", "uploads") || n.calledBy(func(c *node) bool { return c.is("browser") }) && !n.calledBy(func(c *node) bool { return c.is("cdn") })
}

// userFilled reports whether n grows with what people or machines send in: it
// keeps uploads, records or telemetry, by its name, its data or who writes to it.
func (n *node) userFilled() bool {
	if n.keeps(stride.DataTelemetry) || n.receives(stride.DataTelemetry) {
		return true
	}
	if n.complexInput() != "" {
		return true
	}
	return n.calledBy(func(c *node) bool { return c.webService() && c.complexInput() != "" })
}

// fedByConfig reports whether n reads its settings from a store of the design:
// that store is where its credentials are taken.
func (n *node) fedByConfig() bool {
	config := func(c *node) bool { return c.is("config_store", "secret_store") && !c.OutOfScope }
	return n.calledBy(config) || n.calls(config)
}

// algorithm reports whether n is a method or a protocol and no program: nobody
// can replace its binaries.
func (n *node) algorithm() bool {
	return n.named("algorithm", "protocol", "raft", "paxos", "consensus", "zab", "gossip") && !n.named("server", "node", "cluster", "service")
}

// sharedBuild reports whether builds of different trust run on n, by what it is
// called or said to have.
func (n *node) sharedBuild() bool {
	if !n.builder() {
		return false
	}
	return n.told("shared", "cache", "caches", "runner", "runners", "jenkins", "tekton", "teamcity", "bamboo", "multitenant", "persistent") ||
		n.named("platform", "platforms", "environment") || n.is("build_system") && n.design.tenants
}

// suggested reports whether n is only named as something that may be added.
func (n *node) suggested() bool {
	return len(n.in)+len(n.out) == 0 && n.quoted.holds("integrat", "compatib", "optional", "pluggable", "alternativ")
}

// coordinates reports whether others ask n where data lies or who is in charge.
func (n *node) coordinates() bool {
	return n.Kind == stride.Process && !n.is("decision_point", "human") && !n.clusterControl() && !n.named("instance", "imds") &&
		n.named("coordinator", "placement", "metadata", "namenode", "zookeeper", "kraft", "metaserver")
}

// stamps reports whether n issues the timestamps that order transactions.
func (n *node) stamps() bool { return n.is("time_service") && n.named("oracle", "timestamp") }

// onlyViewed reports whether n is somebody else's site that the system looks at, and
// does not build from.
func (n *node) onlyViewed() bool {
	return n.quoted.holds("pages", "browse", "browsing", "dom", "annotation") && !n.quoted.holds("commit", "push", "build", "deploy", "merge", "releas")
}

// selfHosted reports whether the system's owner runs and patches n.
func (n *node) selfHosted() bool {
	return !n.managed && n.named("jenkins", "gitea", "gerrit", "teamcity", "bamboo", "nexus", "artifactory", "harbor")
}

// manages reports whether n steers other clusters by credentials that it keeps.
func (n *node) manages() bool {
	return n.clusterControl() && n.calls(func(c *node) bool {
		return c != n && (c.is("kubernetes") || c.is("cluster_node", "agent") && c.named("cluster", "member"))
	})
}

// runsWorkloads reports whether containers are run by the design.
func (d *design) runsWorkloads() bool {
	return d.present["container"]+d.present["kubernetes"]+d.present["cluster_node"]+d.present["orchestrator"] > 0
}

// builds reports whether software is built or shipped by the design.
func (d *design) builds() bool { return d.present["ci_cd"]+d.present["artifact_registry"] > 0 }

// foreignRegistry reports whether n is a registry that others run and anybody may
// publish to.
func (n *node) foreignRegistry() bool {
	return n.is("artifact_registry") && n.design.runsWorkloads() && (n.outside || n.named("hub", "docker", "quay", "public", "ghcr"))
}

// verifier reports whether n decides by signature or provenance what is let in.
func (n *node) verifier() bool {
	return n.Kind != stride.DataStore && !n.is("identity_provider") && n.named("verif", "cosign", "sigstore", "notary", "notation", "attest") &&
		n.design.builds() && (n.named("verif", "attest") || n.quoted.holds("verif", "check", "admit", "admission", "enforc", "refus", "reject") || len(n.quoted) == 0)
}

// schemaRegistry reports whether n hands out schemas of messages, not software.
func (n *node) schemaRegistry() bool { return n.named("schema", "schemas") }

// modelRegistry reports whether n hands out models of machine learning.
func (n *node) modelRegistry() bool { return n.named("model", "models", "mlflow") }

// passwordManager reports whether n keeps passwords for people.
func (n *node) passwordManager() bool {
	return n.named("1password", "bitwarden", "keepass", "lastpass") || n.named("password") && n.named("manager", "safe", "vault")
}

// buildCache reports whether n keeps what builds may use again.
func (n *node) buildCache() bool {
	return n.is("cache") && (n.named("actions", "build", "builds", "ccache", "pip", "npm", "maven", "gradle", "layer", "runner") || n.near("ci_cd"))
}

// movableSteps reports whether builds on n fetch steps of others by tag.
func (n *node) movableSteps() bool {
	return n.is("ci_cd", "container", "package_dependency", "code_repository") && n.quoted.holds("action", "actions", "orb", "orbs", "plugin", "plugins") &&
		n.quoted.holds("tag", "tags") && n.quoted.holds("third", "marketplace", "uses")
}

// lastingRunner reports whether n runs build jobs and is kept between them.
func (n *node) lastingRunner() bool {
	return !n.store() && !n.person() && n.told("runner", "runners") && n.quoted.holds("self", "persistent", "bare") && n.quoted.holds("hosted", "persistent", "metal")
}

// keyChip reports whether n is a part of one device that keeps its keys.
func (n *node) keyChip() bool {
	return n.named("enclave", "keystore", "keychain", "hsm", "tpm", "strongbox", "yubikey") || n.named("secure") && n.named("element") || n.named("hardware") && n.named("security")
}

// ownVault reports whether n hands out secrets and its owner keeps it running.
func (n *node) ownVault() bool {
	return n.vault() && !n.managed && n.named("vault", "openbao", "conjur") && !n.named("cloud", "key")
}

// scores reports whether n judges people's behaviour by rules and thresholds.
func (n *node) scores() bool {
	return n.Kind == stride.Process && (n.named("fraud", "risk", "antifraud", "aml") ||
		n.named("scoring") && n.design.speaksOf("fraud", "credit", "loan", "underwrit", "chargeback"))
}

// admissionStems are words of sentences about a part that is asked before objects of a
// cluster are stored.
var admissionStems = []string{"admission", "admit", "webhook", "apiserver", "gatekeeper"}

// clusterPolicy reports whether n judges the objects of a cluster: a policy engine may
// as well judge what is there already, or who may read a document.
func (n *node) clusterPolicy() bool {
	return n.is("admission_controller") || n.is("policy_engine") && !n.scores() && n.told(admissionStems...)
}

// grants reports whether n answers who may do what, by relations and roles: what no
// rule of it matches is refused.
func (n *node) grants() bool {
	return n.is("policy_engine") && (n.told("relationship", "tuple", "rebac") || n.named("permission", "authorization", "authz"))
}

// worthStealing are the classes about people, money or access.
var worthStealing = []stride.DataClass{
	stride.DataPersonal, stride.DataHealth, stride.DataPayment, stride.DataLocation, stride.DataCredentials, stride.DataKeys, stride.DataTokens,
}

// builder reports whether n runs builds; tools that sign or scan what was built
// are none.
func (n *node) builder() bool {
	return n.is("ci_cd") && !n.is("deployment_system", "ml_pipeline", "decision_point") && !n.suggested() && !n.verifier() && !n.deploys() &&
		!n.named("cosign", "sigstore", "notary", "notation", "syft", "trivy", "grype", "codeql", "semgrep", "sonar", "sonarqube", "snyk", "dependabot", "renovate", "kubeflow", "airflow")
}

// sharedLogin returns the sentence that says that people log in to n under an
// account or key that several of them use. A flow may say so by its label alone.
func (n *node) sharedLogin() (stride.Evidence, bool) {
	if quote, ok := n.tellingQuote([]string{
		"shared account", "shared key", "shared ssh key", "shared login", "shared user", "common account", "generic account", "group account",
	}); ok && !wordsIn(quote.Quote).holds("wpa", "psk", "wireguard", "hmac", "symmetric") {
		return quote, true
	}
	for _, e := range n.in {
		if !e.from.person() || !e.says("shared") || !e.says("account", "key", "login", "password", "credential") {
			continue
		}
		for _, quote := range e.Evidence {
			if quote.Kind == stride.Quoted && wordsIn(quote.Quote).holds("shared") {
				return quote, true
			}
		}
		return stride.Evidence{Kind: stride.Inferred}, true
	}
	return stride.Evidence{}, false
}

// httpOnly reports whether n is an object store or a provider's service that is
// called by its web interface alone; databases and caches have protocols of their
// own, whoever runs them.
func (n *node) httpOnly() bool {
	return n.is("object_storage") || n.managed && !n.is("relational", "document_store", "cache", "search_index", "event_stream", "file_storage")
}

// webFilter reports whether n judges requests of the web; a packet filter judges
// addresses and ports.
func (n *node) webFilter() bool {
	if n.named("fortigate", "cisco", "pfsense", "iptables", "nftables") {
		return false
	}
	return n.is("waf") && (!n.named("firewall", "firewalls") || n.named("web", "application", "waf"))
}

// shipping reports whether at least a fifth of the elements are where code is kept,
// built or published.
func (d *design) shipping() bool {
	parts := 0
	for _, n := range d.nodes {
		if n.is("code_repository", "ci_cd", "artifact_registry", "package_dependency") {
			parts++
		}
	}
	return parts > 0 && parts*5 >= len(d.nodes)
}

// roleDenied reports whether the source denies least privilege to another part in a
// sentence about functions or roles, and says nothing of n: that threat speaks for n.
func (n *node) roleDenied() bool {
	return n.Controls.State(stride.LeastPrivilege) == stride.ControlUnknown && slices.ContainsFunc(n.design.nodes, func(other *node) bool {
		denial := other.denies(stride.LeastPrivilege)
		return len(denial) > 0 && wordsIn(denial[0].Quote).holds("function", "lambda", "role", "iam")
	})
}

// containerImage reports whether n is one image of a container, whatever it is for.
func (n *node) containerImage() bool {
	return slices.Contains(n.words, "image") && n.has("artifact_registry", "container")
}

// isExtension reports whether n is a part of a browser extension.
func (n *node) isExtension() bool {
	return n.named("content") && n.named("script", "scripts") || n.named("background") && n.named("script", "worker", "page") || n.named("extension")
}

// hookControls are the controls around n as a receiver of events: those of its
// senders, of the flows from them, and of what the design calls a webhook.
func (n *node) hookControls() []stride.Controls {
	var out []stride.Controls
	for _, e := range n.in {
		out = append(out, e.Controls, e.from.Controls)
	}
	for _, other := range n.design.nodes {
		if other.is("webhook_receiver") {
			out = append(out, other.Controls)
		}
	}
	return out
}

// judgesByPolicy reports whether rules of its owner decide what n lets in; a
// webhook that only changes objects has none.
func (n *node) judgesByPolicy() bool {
	return !n.design.outspoken || n.is("policy_engine") || n.has("policy_engine") || n.told("policy", "policies", "gatekeeper", "kyverno", "rego")
}

// publishes reports whether n holds what its owner hands to everybody.
func (n *node) publishes() bool {
	if n.design.ships && n.quoted.holds("archives", "packages", "releases") && !n.keeps(stride.DataPersonal, stride.DataHealth, stride.DataPayment) {
		return true
	}
	return !n.sensitive() && (n.keeps(stride.DataPublic) || n.named("package", "packages", "mirror", "release", "releases", "download", "downloads", "archive") && n.has("artifact_registry", "cdn"))
}

// asksForCredentials reports whether programs need a credential for n: the source
// denies that it asks for one, or it runs within them.
func (n *node) asksForCredentials() bool {
	return n.Controls.State(stride.Authentication) != stride.ControlAbsent && !n.named("marsdb", "lowdb", "nedb", "h2") && !n.notifies() && !n.rolesOnly()
}

// rolesOnly reports whether the source says that programs reach n by roles of the
// platform that they run on.
func (n *node) rolesOnly() bool { return n.quoted.holds("iam", "irsa", "passwordless") }

// chain reports whether n belongs to a public blockchain, whose peers are strangers to
// each other by design.
func (n *node) chain() bool {
	return n.named("blockchain", "bitcoin", "ethereum", "chain") || n.quoted.holds("blockchain", "bitcoin", "ethereum")
}

// keepsHouse reports whether n works through what is there already, and not through
// what callers ask for.
func (n *node) keepsHouse() bool {
	return n.named("scrubber", "replicator", "compactor", "cleaner", "collector", "reaper", "lifecycle", "cron", "nightly", "backup") || n.quoted.holds("scrub", "garbage", "rebalanc", "compact")
}

// spokenFor reports whether the source denies the control to another part and says
// nothing of n: what it says there is the threat.
func (n *node) spokenFor(name stride.ControlName) bool {
	return n.Controls.State(name) == stride.ControlUnknown && slices.ContainsFunc(n.design.nodes, func(other *node) bool { return other != n && other.denies(name) != nil })
}

// namedPackages reports whether the source says where the packages come from or what
// is wrong with them; that software has dependencies is true of any.
func (n *node) namedPackages() bool {
	return n.is("package_dependency") && (!n.anyDependency() || n.design.ships && n.design.attests) ||
		n.told("npm", "pypi", "maven", "lock", "pinned", "unpinned", "latest", "outdated", "vulnerab", "advisor", "third", "scan")
}

// anyDependency reports whether the name of n says no more than that there are
// dependencies.
func (n *node) anyDependency() bool {
	for _, word := range n.words {
		if !strings.HasPrefix(word, "dependenc") && word != "resolves" && word != "software" && word != "build" {
			return false
		}
	}
	return true
}

// confidential reports whether n holds what hurts when it is read: of business data
// the source says nothing that would.
func (n *node) confidential() bool {
	return n.sensitive() || n.keeps(stride.DataModels, stride.DataTrainingData, stride.DataSourceCode) || n.central() && n.keeps(stride.DataBusiness)
}

// central reports whether the design is about n: it has a name of its own, and the
// source says more of it than of any other part.
func (n *node) central() bool { return n.design.center == n.ID && !n.unnamed() }
