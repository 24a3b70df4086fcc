package rules

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// node is an Element with what the rules ask about it, worked out once.
type node struct {
	*stride.Element
	tags    []stride.Tag // own tags and all that they are a kind of, each once
	in, out []*edge
	// outside: anybody may sit there, or the system does not run it.
	outside bool
	words   vocabulary        // of its name and aliases
	quoted  vocabulary        // of the quotes that name it
	managed bool              // see ofProvider
	quotes  []stride.Evidence // see quotesOf
	said    []vocabulary      // the words of each of them
	// foreign says of each of them whether it is another part's entry; see entries.
	foreign []bool
	// enclosed and extension are isEnclosed and isExtension, which flows ask often.
	enclosed, extension bool
	// presumed is set where the source draws nobody at a part that has callers by what
	// it is, entrusted where it says what a store holds; see presume and entrusts.
	presumed, entrusted bool
	index               int     // among the nodes of the design
	self                []*node // n alone, for the sites that threaten it
	design              *design
}

// edge is a Flow with its ends.
type edge struct {
	*stride.Flow
	from, to *node
	words    vocabulary // of its label and quotes
	design   *design
}

// design is an Architecture as a graph. It is read only once built.
type design struct {
	nodes      []*node
	edges      []*edge
	boundaries map[stride.Key]stride.TrustBoundary
	// present counts the in-scope elements with a tag.
	present map[stride.Tag]int
	// cluster is set where the owner runs the control plane of a cluster.
	cluster bool
	// tenants is set where the source speaks of tenants.
	tenants bool
	// homes is set where the source speaks of people's homes, biometric where people
	// sign in without passwords.
	homes, biometric bool
	// prompting is set where an application is drawn beside the language model that
	// it asks, so that its neighbours are not taken for one.
	prompting bool
	// login is set where the source speaks of people who sign in.
	login bool
	// private is set where the design handles data about people, money or access.
	private bool
	// center is the key of the element that the source says most of; see heart.
	center stride.Key
	// main holds the keys of the main parts; see mainParts.
	main map[stride.Key]bool
	// patients is set where the source speaks of patients or their data.
	patients bool
	// deciding is set where the source speaks of people who are judged.
	deciding bool
	// attests is set where the source speaks of provenance or signatures, branches
	// where it speaks of forks, branches and parameters of builds.
	attests, branches bool
	// ships is set where code, builds and packages are a good part of the design and
	// not only how its owner works.
	ships bool
	// stops is set where the source speaks of emergency stops.
	stops bool
	// outspoken is set where the source names several of its gaps: what such a source
	// is silent about is more likely in order.
	outspoken bool
	// namespaces counts the namespaces that the source draws.
	namespaces int
	// aside holds the words of what the source sets aside as out of scope.
	aside vocabulary
	// wide holds the controls that the source states and that owners take for the
	// whole of a system.
	wide map[stride.ControlName]bool
}

func newDesign(a *stride.Architecture) *design {
	d := &design{
		boundaries: make(map[stride.Key]stride.TrustBoundary, len(a.TrustBoundaries)),
		present:    map[stride.Tag]int{},
	}
	for _, b := range a.TrustBoundaries {
		d.boundaries[b.ID] = b
		if b.Kind == stride.ZoneNamespace {
			d.namespaces++
		}
	}
	d.join(a, d.place(a))
	for _, n := range d.nodes {
		n.enclosed, n.extension = n.isEnclosed(), n.isExtension()
	}
	d.entries()
	for _, n := range d.nodes {
		n.entrusted = n.entrusts()
	}
	d.presume()
	d.main, d.center = d.mainParts(), d.heart()
	d.cluster = slices.ContainsFunc(d.nodes, (*node).clusterControl)
	d.hear(a)
	return d
}

// place makes the nodes, by the ids of their elements. They lie side by side in
// memory, since rules walk from one to the next.
func (d *design) place(a *stride.Architecture) map[stride.Key]*node {
	byID := make(map[stride.Key]*node, len(a.Elements))
	nodes := make([]node, len(a.Elements))
	d.nodes = make([]*node, len(a.Elements))
	sets := map[string][]stride.Tag{}
	for i := range a.Elements {
		e, n := meantElement(&a.Elements[i]), &nodes[i]
		*n = node{Element: e, tags: closure(e.Tags, sets), design: d, index: i}
		n.outside = d.isOutside(n)
		n.words = append(wordsIn(e.Name), wordsIn(e.Aliases...)...)
		n.quoted = quotedWords(e.Evidence)
		n.managed = n.ofProvider()
		n.quotes = quotesOf(e)
		for _, q := range n.quotes {
			n.said = append(n.said, wordsIn(q.Quote))
		}
		for _, t := range n.tags {
			d.present[t]++
		}
		byID[e.ID] = n
		d.nodes[i] = n
		n.self = d.nodes[i : i+1 : i+1]
	}
	return byID
}

// join makes the edges.
func (d *design) join(a *stride.Architecture, byID map[stride.Key]*node) {
	edges := make([]edge, 0, len(a.Flows)) // never grows, so that pointers into it last
	for i := range a.Flows {
		f := &a.Flows[i]
		from, to := byID[f.SourceID], byID[f.TargetID]
		if from == nil || to == nil {
			continue
		}
		edges = append(edges, edge{Flow: f, from: from, to: to, words: spoken(f), design: d})
		e := &edges[len(edges)-1]
		if data := meantData(f.Data, e.words); !slices.Equal(data, f.Data) {
			meant := *f
			meant.Data, e.Flow = data, &meant
		}
		from.out, to.in = append(from.out, e), append(to.in, e)
		d.edges = append(d.edges, e)
	}
}

// hear notes what the source speaks of as a whole.
func (d *design) hear(a *stride.Architecture) {
	d.wide = statedWide(a)
	for _, assumed := range a.Assumptions {
		if said := wordsIn(assumed.Text); len(said) > 3 && slices.Equal(said[:3], []string{"out", "of", "scope"}) {
			d.aside = append(d.aside, said...)
		}
	}
	d.tenants = d.severalTenants()
	d.prompting = slices.ContainsFunc(d.nodes, func(n *node) bool { return n.is("llm_application") && !n.is("browser") && n.near("llm") })
	d.deciding = d.speaksOf("applicant", "loan", "underwrit", "patient", "candidate", "claimant", "policyholder")
	d.login = d.speaksOf("login", "password", "sso", "oidc", "oauth", "2fa", "mfa")
	d.private = slices.ContainsFunc(d.nodes, (*node).sensitive) || slices.ContainsFunc(d.edges, func(e *edge) bool { return anyClass(e.Data, worthStealing) })
	d.patients = d.speaksOf("patient", "dicom", "hospital", "clinic", "radiolog")
	if d.builds() {
		d.attests = d.speaksOf("provenance", "attest", "slsa", "signing", "signature", "sigstore", "cosign")
		d.branches = d.speaksOf("fork", "branch", "parameter", "provenance", "slsa", "pull")
	}
	d.ships = d.shipping()
	d.stops = (d.present["robot"]+d.present["vehicle"] > 0) && d.speaksOfStops()
	d.outspoken = gapsNamed(a) >= outspokenFrom
	d.homes = d.speaksOf("home", "household", "resident", "homeowner")
	d.biometric = !d.speaksOf("password", "passphrase") && d.speaksOf("biometric", "fingerprint", "passkey", "enclave", "webauthn")
}

// closure returns the tags and their ancestors. Equal tag lists share one set,
// because large models repeat few of them. They are few, so that a scan finds one
// faster than a map does.
func closure(tags []stride.Tag, cache map[string][]stride.Tag) []stride.Tag {
	var key strings.Builder
	for _, t := range tags {
		key.WriteString(string(t))
		key.WriteByte(' ')
	}
	if set, ok := cache[key.String()]; ok {
		return set
	}
	var set []stride.Tag
	for _, own := range tags {
		for _, t := range own.Ancestry() {
			if !slices.Contains(set, t) {
				set = append(set, t)
			}
		}
	}
	cache[key.String()] = set
	return set
}

func (d *design) isOutside(n *node) bool {
	if n.is("admin", "developer", "operator") {
		return false
	}
	if n.Kind == stride.ExternalEntity || n.is("client", "third_party", "end_user") {
		return true
	}
	return d.boundaries[n.Zone].Kind.Outside()
}

// is reports whether the node has one of the tags or a kind of one.
func (n *node) is(tags ...stride.Tag) bool {
	for _, t := range tags {
		if slices.Contains(n.tags, t) {
			return true
		}
	}
	return false
}

func (n *node) store() bool { return n.Kind == stride.DataStore }
func (n *node) person() bool {
	return n.is("human") || n.Kind == stride.ExternalEntity && len(n.tags) == 0
}
func (n *node) insider() bool {
	return n.is("admin", "developer", "operator")
}

// service reports whether the system runs n and it answers others: a process
// that is neither a client nor a thing in somebody's hand.
func (n *node) service() bool {
	return n.Kind == stride.Process && !n.is("client", "device", "third_party", "llm")
}

// webService is a service that speaks HTTP to callers by what it is called. A controller
// of a cluster serves nobody: it watches objects.
func (n *node) webService() bool {
	return n.service() && !(n.named("controller") && n.inCluster()) && n.is("web_app", "api", "api_gateway", "function", "webhook_receiver", "admin_interface")
}

// database is a store that is queried.
func (n *node) database() bool {
	return n.is("database") && !n.is("cache") && n.Kind != stride.ExternalEntity
}

// fielded reports whether n is a thing that stands apart from the servers, so
// that strangers may sit on the way to it.
func (n *node) fielded() bool { return n.is("iot_device", "vehicle", "sensor", "actuator") }

// keeps reports whether n holds one of the classes.
func (n *node) keeps(classes ...stride.DataClass) bool { return anyClass(n.Data, classes) }

// exposed reports whether somebody outside talks to n: calls it, or, where the
// source draws the answers only, is answered by it.
func (n *node) exposed() bool {
	return n.presumed || n.calledBy(func(c *node) bool { return c.outside }) ||
		n.calls(func(c *node) bool { return c.outside && c.is("client", "human") })
}

// calledBy reports whether the source of an incoming flow fulfils the condition.
func (n *node) calledBy(cond func(*node) bool) bool {
	for _, e := range n.in {
		if cond(e.from) {
			return true
		}
	}
	return false
}

// calls reports whether the target of an outgoing flow fulfils the condition.
func (n *node) calls(cond func(*node) bool) bool {
	for _, e := range n.out {
		if cond(e.to) {
			return true
		}
	}
	return false
}

// near reports whether a neighbour in either direction has one of the tags.
func (n *node) near(tags ...stride.Tag) bool {
	has := func(other *node) bool { return other.is(tags...) }
	return n.calls(has) || n.calledBy(has)
}

// receives reports whether an incoming flow carries one of the classes.
func (n *node) receives(classes ...stride.DataClass) bool {
	for _, e := range n.in {
		if anyClass(e.Data, classes) {
			return true
		}
	}
	return false
}

func (n *node) has(tags ...stride.Tag) bool {
	for _, t := range tags {
		if n.design.present[t] > 0 {
			return true
		}
	}
	return false
}

// open reports whether the flow runs where strangers may sit: it has an end
// outside and one inside, and no person is an end, whose own hands no wire joins
// unless the design says that it is an open one.
func (e *edge) open() bool {
	if (e.from.person() || e.to.person()) && e.Controls.State(stride.EncryptionInTransit) != stride.ControlAbsent {
		return false
	}
	if e.atHome() && e.Controls.State(stride.EncryptionInTransit) != stride.ControlAbsent {
		return false
	}
	if e.from.outside != e.to.outside {
		return true
	}
	if e.from.fielded() != e.to.fielded() && (e.from.service() || e.to.service()) {
		return true
	}
	for _, id := range e.Crosses {
		if k := e.design.boundaries[id].Kind; k.Outside() {
			return true
		}
	}
	return e.from.outside && e.to.outside && len(e.Crosses) > 0 || e.overPublic()
}

// publicWays are phrases by which a flow is said to run where strangers are.
var publicWays = splitPhrases([]string{"public network", "over the internet", "across the internet", "public internet"})

// overPublic reports whether the flow itself is said to run over a public network.
func (e *edge) overPublic() bool {
	return len(e.words) > 0 && slices.ContainsFunc(publicWays, func(p []string) bool { return e.words.find(p) >= 0 })
}

// internal reports whether both ends are run by the system.
func (e *edge) internal() bool {
	return !e.open() && !e.from.outside && !e.to.outside && !e.from.person() && !e.to.person()
}

// encrypted reports whether the protocol itself encrypts.
func (e *edge) encrypted() bool {
	switch strings.ToLower(e.Protocol) {
	case "https", "tls", "mtls", "wss", "ssh", "sftp", "scp", "ftps", "ldaps", "amqps", "mqtts", "grpcs", "quic", "ipsec",
		"wireguard", "smtps", "dtls", "imaps", "http/s", "https/tls", "http/3":
		return true
	}
	return false
}

func anyClass(have, want []stride.DataClass) bool {
	for _, h := range have {
		for _, w := range want {
			if h == w {
				return true
			}
		}
	}
	return false
}
