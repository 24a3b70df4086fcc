package rules

import (
	"slices"
	"strings"
	"unicode"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Facts are what rules ask of a part beyond its tags: what it is called, who
// reaches it and who runs it. They keep generic attacks away from parts of which
// nothing is said that would make them likely.

// vocabulary is the words of some texts in lower case.
type vocabulary []string

func wordsIn(texts ...string) vocabulary {
	var out vocabulary
	for _, text := range texts {
		out = append(out, strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	return out
}

// holds reports whether a word begins with one of the stems, which are lower case.
// Stems stand for their inflections: "upload", "uploads".
func (v vocabulary) holds(stems ...string) bool {
	for _, word := range v {
		for _, stem := range stems {
			if strings.HasPrefix(word, stem) {
				return true
			}
		}
	}
	return false
}

// named reports whether the name of n or an alias has a word with one of the
// stems.
func (n *node) named(stems ...string) bool { return n.words.holds(stems...) }

// says reports whether the flow's own label, or a quote that names it, has a
// word with one of the stems.
func (e *edge) says(stems ...string) bool { return e.words.holds(stems...) }

// spoken returns the words of a flow's label and of the quotes that name it.
func spoken(f *stride.Flow) vocabulary {
	return append(wordsIn(f.Name), quotedWords(f.Evidence)...)
}

func quotedWords(evidence []stride.Evidence) vocabulary {
	var out vocabulary
	for _, e := range evidence {
		if e.Kind == stride.Quoted {
			out = append(out, wordsIn(e.Quote)...)
		}
	}
	return out
}

// told reports whether the name of n, or a quote that names it, has a word with
// one of the stems. Such a quote may speak of its neighbours too, so that only
// facts which rarely belong to a neighbour are asked for.
func (n *node) told(stems ...string) bool { return n.words.holds(stems...) || n.quoted.holds(stems...) }

// speaksOf reports whether any name, label or quote of the design has a word with
// one of the stems.
func (d *design) speaksOf(stems ...string) bool {
	return slices.ContainsFunc(d.nodes, func(n *node) bool { return n.told(stems...) }) ||
		slices.ContainsFunc(d.edges, func(e *edge) bool { return e.says(stems...) })
}

// severalTenants reports whether a name, label or quote of the design speaks of
// tenants of its own: the tenant of a directory ("Azure AD tenant") is none.
func (d *design) severalTenants() bool {
	told := func(said vocabulary) bool {
		for i, word := range said {
			ofDirectory := i > 0 && slices.Contains([]string{"azure", "ad", "aad", "entra", "id", "directory", "office", "365", "m365"}, said[i-1])
			if strings.HasPrefix(word, "multitenan") || strings.HasPrefix(word, "tenan") && !ofDirectory {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(d.nodes, func(n *node) bool { return told(n.words) || told(n.quoted) }) ||
		slices.ContainsFunc(d.edges, func(e *edge) bool { return told(e.words) })
}

// ofProvider reports whether a cloud provider runs n by what it is called: the
// tenant cannot reach its host, its binaries or its capacity. The design asks
// once and keeps the answer in managed.
func (n *node) ofProvider() bool {
	return n.named("aws", "amazon", "azure", "google", "gcp", "cloudformation", "cloudfront", "cloudwatch", "cognito", "lambda",
		"dynamodb", "s3", "sqs", "sns", "ses", "kinesis", "cloudtrail", "eventbridge", "fargate", "ecr", "ecs", "firestore", "bigquery", "pinecone", "firebase", "okta", "auth0", "cloudflare", "github", "gitlab", "entra", "eks", "aks", "gke")
}

// guardedByPolicy reports whether n is a store of a cloud provider that has no
// accounts, capacity or network of its own: the account's policies guard it.
func (n *node) guardedByPolicy() bool {
	return n.managed && n.store() && n.is("key_value_store", "object_storage") && !n.is("cache")
}

// local reports whether n is called local, or for inside use only.
func (n *node) local() bool { return n.named("local", "localhost", "internal", "private", "lan") }

// public reports whether people outside, or programs in their hands, reach n
// with nothing of the system in front of it. Command lines and scripts belong to
// whoever runs the system as often as to strangers, so they do not count.
func (n *node) public() bool {
	if !n.service() || n.local() || n.calledBy(func(c *node) bool { return c.is("gateway") && !c.is("vpn") }) {
		return false
	}
	stranger := func(c *node) bool {
		return c.is("browser", "mobile_app", "desktop_app", "end_user", "third_party") || c.outside && c.person()
	}
	return n.presumed || n.calledBy(stranger) || n.calls(func(c *node) bool { return c.is("browser", "mobile_app", "desktop_app") })
}

// clusterControl reports whether n is the control plane of a cluster that the
// system's owner runs, and not that of a build platform or of a cloud provider.
func (n *node) clusterControl() bool {
	if n.Kind != stride.Process || n.managed {
		return false
	}
	if n.is("llm_application", "llm_agent") || n.is("orchestrator") && !n.is("kubernetes") && n.has("ml_model", "llm_application") {
		return false
	}
	if n.named("compose") {
		return false // starts containers on one machine
	}
	if n.named("fleet", "mission", "device") || n.has("robot", "vehicle", "iot_device") && !n.has("kubernetes", "container", "cluster_node") {
		return false // it steers devices, not workloads
	}
	return n.is("kubernetes", "orchestrator") || n.is("control_plane") && !n.has("build_system")
}

// controlStore reports whether n keeps the state of a cluster's control plane,
// as etcd does: it has no users and grants of its own to speak of, its guard is
// the API server before it.
func (n *node) controlStore() bool {
	return n.store() && n.is("key_value_store") && !n.is("cache") && !n.managed && n.design.cluster && !n.quoted.holds("postgresql", "mysql", "sqlite")
}

// providerInternal reports whether the flow is a call of a cloud provider's
// service or of an object store, which are encrypted unless the source denies it.
func (e *edge) providerInternal() bool {
	return e.Controls.State(stride.EncryptionInTransit) == stride.ControlUnknown &&
		(e.to.httpOnly() || e.from.httpOnly())
}

// accounted reports whether n is a database that people and programs query under
// roles and grants which its owner manages in it.
func (n *node) accounted() bool {
	return n.database() && n.store() && !n.outside && !n.controlStore() && !n.guardedByPolicy() && !n.bare() && !n.httpOnly()
}

// admissionWebhook reports whether n is called by a Kubernetes API server, and
// not by another company.
func (n *node) admissionWebhook() bool {
	if !n.is("webhook_receiver") || n.calledBy(func(c *node) bool { return c.outside }) {
		return false
	}
	if n.checksObjects() {
		return true
	}
	return n.near("admission_controller", "control_plane") || n.has("admission_controller", "control_plane") && !n.has("third_party", "payment_service") ||
		n.has("admission_controller") && !n.has("payment_service")
}

// checksObjects reports whether the source says that n is asked about the objects of a
// cluster before they are stored.
func (n *node) checksObjects() bool {
	return n.is("webhook_receiver") && n.has("kubernetes", "control_plane", "container") &&
		n.told("mutating", "validating", "validates", "conversion", "converts", "admission", "validatingwebhook", "mutatingwebhook")
}

// vault reports whether n hands secrets to several programs, by what it is
// called or by who reads it. A file of public keys is none.
func (n *node) vault() bool {
	return n.is("secret_store") && !n.keyList() && !n.passwordManager() && !n.keyChip() && !n.named("kms", "sse", "acm", "certificate", "wallet", "cold")
}

// readers counts the programs that talk to n.
func (n *node) readers() int {
	seen := map[*node]bool{}
	for _, e := range n.in {
		seen[e.from] = true
	}
	for _, e := range n.out {
		seen[e.to] = true
	}
	return len(seen)
}

// keyList reports whether n lists the keys that may log in.
func (n *node) keyList() bool { return n.named("authorized") && n.named("key") }

// providerConsole reports whether n is the portal of a cloud provider: a service
// on the internet whose sign-in and host the provider runs.
func (n *node) providerConsole() bool { return n.is("admin_interface") && n.managed }

// holdsTokens reports whether tokens of an account lie on n: it sends or
// receives them, or signs its user in.
func (n *node) holdsTokens() bool {
	classes := []stride.DataClass{stride.DataTokens, stride.DataCredentials}
	if n.keeps(classes...) || n.Controls.State(stride.Authentication) == stride.ControlPresent {
		return true
	}
	for _, set := range [][]*edge{n.in, n.out} {
		for _, e := range set {
			if anyClass(e.Data, classes) || e.Controls.State(stride.Authentication) == stride.ControlPresent || e.to.is("identity_provider") {
				return true
			}
		}
	}
	return false
}

// signedInBefore are the controls on the way to n: on the flows into it, on who
// sends them, and on the flows into those, where a user signs in to a client.
func (n *node) signedInBefore() []stride.Controls {
	var out []stride.Controls
	for _, e := range n.in {
		if e.from.store() {
			continue
		}
		out = append(out, e.Controls, e.from.Controls)
		for _, before := range e.from.in {
			out = append(out, before.Controls)
		}
	}
	return out
}

// signedIn reports whether the source says that callers of n authenticate.
func (n *node) signedIn() bool {
	for _, c := range append(n.signedInBefore(), n.Controls) {
		if c.State(stride.Authentication) == stride.ControlPresent {
			return true
		}
	}
	return false
}

// actingData are the classes of data whose change or order matters enough to be
// denied later, or to be forged in the client that sends them.
func actingData() []stride.DataClass {
	return []stride.DataClass{stride.DataPayment, stride.DataCommands, stride.DataHealth, stride.DataPersonal, stride.DataLocation, stride.DataTelemetry}
}

// valuesAtRisk are values that their sender could alter to its advantage.
var valuesAtRisk = []struct {
	name  string
	stems []string
}{
	{"amounts and prices", []string{"amount", "price", "discount", "quantity", "cart", "checkout"}},
	{"scores and results", []string{"score", "result", "grade", "vote"}},
	{"roles and permissions", []string{"role", "permission"}},
	{"positions", []string{"position", "location", "gps"}},
	{"commands", []string{"command", "instruction"}},
}

// forgedValues names what the sender of e could alter to its advantage: a value
// that the label names, else the class of data; "" where neither is stated.
func (e *edge) forgedValues() string {
	for _, value := range valuesAtRisk {
		if e.says(value.stems...) {
			return value.name
		}
	}
	for _, class := range e.Data {
		if anyClass([]stride.DataClass{class}, actingData()) {
			return dataWords[class]
		}
	}
	return ""
}

// acts are what people do that may be denied later, by class of data or by words.
var acts = []struct {
	name  string
	class stride.DataClass
	stems []string
}{
	{"payments", stride.DataPayment, []string{"payment", "checkout", "purchase"}},
	{"commands", stride.DataCommands, []string{"command"}},
	{"approvals", "", []string{"approv"}},
	{"orders", "", []string{"order"}},
	{"transfers", "", []string{"transfer"}},
	{"deletions", "", []string{"delet", "remov"}},
	{"refunds", "", []string{"refund"}},
	{"changes of health data", stride.DataHealth, nil},
	{"changes of personal data", stride.DataPersonal, nil},
	{"uploads", "", []string{"upload"}},
	{"changes of business data", stride.DataBusiness, []string{"updat", "edit", "modif"}},
}

// act names what a person does by the flow that may be denied later, or "".
func (e *edge) act() string {
	for _, act := range acts {
		if act.class != "" && anyClass(e.Data, []stride.DataClass{act.class}) || len(act.stems) > 0 && e.says(act.stems...) {
			return act.name
		}
	}
	return ""
}

// actIn names the first act that the words of a sentence speak of, or "".
func actIn(said vocabulary) string {
	for _, act := range acts {
		if len(act.stems) > 0 && said.holds(act.stems...) {
			return act.name
		}
	}
	return ""
}

// byPerson reports whether a person stands behind the flow, with a program in
// hand or without.
func (e *edge) byPerson() bool {
	return e.from.is("human", "browser", "mobile_app", "desktop_app")
}

// complexInputs are the kinds of content with a complex format.
var complexInputs = []struct {
	name  string
	stems []string
}{
	{"image files", []string{"image", "photo", "picture", "thumbnail", "video"}},
	{"documents", []string{"pdf", "document", "attachment", "spreadsheet"}},
	{"archives", []string{"zip", "tarball"}},
	{"XML", []string{"xml", "soap", "saml"}},
	{"templates", []string{"template"}},
	{"plugins", []string{"plugin"}},
	{"serialized objects", []string{"pickle", "deserial", "serialized"}},
	{"uploaded files", []string{"upload"}},
}

// complexInput names the kind of content with a complex format that n takes in,
// by its own name, by the flows into it and, where it learns from samples, by
// the stores beside it; "" where none is stated.
func (n *node) complexInput() string {
	for _, input := range complexInputs {
		if n.named(input.stems...) || n.takes(input.stems) || n.uploads(input.stems) {
			return input.name
		}
	}
	return ""
}

// takingStems are verbs by which a source says that a part takes content in.
var takingStems = []string{"upload", "accept", "pars", "import", "decod", "transcod", "render", "unpack", "extract", "deserial"}

// between is how many words may stand between such a verb and its object.
const between = 5

// uploads reports whether a quote about n says that it takes in content of the kind.
func (n *node) uploads(stems []string) bool {
	if !n.quoted.holds(takingStems...) {
		return false
	}
	for _, said := range n.said {
		for at, word := range said {
			if !slices.ContainsFunc(takingStems, func(stem string) bool { return strings.HasPrefix(word, stem) }) || slices.ContainsFunc(said[max(0, at-3):at], denies) {
				continue
			}
			if said[at+1:min(len(said), at+1+between)].holds(stems...) && n.distance(said, at) <= nearby {
				return true
			}
		}
	}
	return false
}

func (n *node) takes(stems []string) bool {
	for _, e := range n.in {
		if e.says(stems...) && !e.from.is("code_repository", "artifact_registry", "config_store") {
			return true
		}
	}
	return false
}

// gain names what somebody wins who may call n: what stands behind it; "" where
// nothing is stated.
func (n *node) gain() string {
	var stores, things, models nameList
	for _, e := range n.out {
		switch {
		case e.to.OutOfScope:
		case e.to.is("device"):
			things.add(e.to.Name)
		case e.to.is("ml_model", "llm_application"):
			models.add(e.to.Name)
		case e.to.store() && !e.to.is("config_store"):
			stores.add(e.to.Name)
		}
	}
	for _, e := range n.in {
		if e.from.store() && !e.from.OutOfScope && !e.from.is("config_store", "queue") {
			stores.add(e.from.Name)
		}
	}
	switch {
	case len(things.names) > 0:
		return "operate " + join(things.names, 3)
	case n.receives(stride.DataCommands):
		return "have commands carried out"
	case len(stores.names) > 0:
		return "read and change what lies in " + join(stores.names, 3)
	case len(models.names) > 0:
		return "use " + join(models.names, 3) + " at the owner's cost"
	case n.named("local") && n.has("iot_device", "robot", "vehicle"):
		return "operate the device behind it"
	}
	return ""
}

// settings says, for the kinds of parts that people configure, which setting a
// mistake would hit; the first that fits counts.
var settings = []struct {
	tags []stride.Tag
	what string
}{
	{[]stride.Tag{"decision_point"}, "its rules"},
	{[]stride.Tag{"vpn"}, "who may log in"},
	{[]stride.Tag{"cluster_node"}, "accounts and services"},
	{[]stride.Tag{"kubernetes", "orchestrator"}, "roles and workloads"},
	{[]stride.Tag{"ci_cd", "code_repository"}, "permissions"},
	{[]stride.Tag{"admin_interface"}, "accounts and roles"},
	{[]stride.Tag{"robot", "vehicle"}, "limits and operating mode"},
	{[]stride.Tag{"controller"}, "set points and limits"},
	{[]stride.Tag{"database"}, "grants"},
	{[]stride.Tag{"object_storage"}, "who may read it"},
	{[]stride.Tag{"identity_provider"}, "accounts and roles"},
	{[]stride.Tag{"payment_service"}, "the merchant's account"},
	{[]stride.Tag{"gateway"}, "routes and rules"},
}

// settingOf names what is set on n, or "".
func (n *node) settingOf() string {
	switch {
	case n.speaksOAuth():
		return "registered clients and accounts"
	case n.issuesCertificates():
		return "who may ask for which name"
	case n.is("admin_interface") && n.managed:
		return "roles and access"
	}
	for _, s := range settings {
		if n.is(s.tags...) {
			return s.what
		}
	}
	return ""
}

// entered says what people do at the page n: sign in, pay or both, or only come.
func (n *node) entered() string {
	pays := n.receives(stride.DataPayment) || n.near("payment_service")
	switch {
	case pays && (n.receives(stride.DataCredentials) || n.signedIn()):
		return "sign in and pay"
	case pays:
		return "pay"
	case n.receives(stride.DataCredentials) || n.signedIn() || n.design.login:
		return "sign in"
	}
	return "land"
}
