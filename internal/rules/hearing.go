package rules

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Where a source draws no flow at a part, what it says of it in words has to stand
// for one: a rule that asks for flows also hears the sentence that tells the same.

// hears makes the sentence about a part of the kind which has one of the phrases a
// reason for the rule to apply there.
func hears(of func(*node) bool, phrases ...string) func(*node) (stride.Evidence, bool) {
	split := splitPhrases(phrases)
	return func(n *node) (stride.Evidence, bool) {
		if len(n.quotes) == 0 || !of(n) {
			return stride.Evidence{}, false
		}
		quote, ok := n.quoteWith(split)
		return quote, ok && !enumerates(quote.Quote)
	}
}

// listedFrom is how many entries make a list, which names parts and tells nothing.
const listedFrom = 5

// enumerates reports whether the quote is a list of parts on one line.
func enumerates(quote string) bool { return strings.Count(quote, ";") >= listedFrom-1 }

// applies reports whether the rule on elements applies to n, and returns the
// sentence that it rests on, if any.
func (r *Rule) applies(n *node) (*stride.Evidence, bool) {
	if r.element(n) {
		if r.tell == nil {
			return nil, true
		}
		quote, ok := r.tell(n)
		if quote.Kind == stride.Quoted {
			return &quote, ok || !r.onlyTold
		}
		return nil, ok || !r.onlyTold
	}
	if r.hear == nil {
		return nil, false
	}
	quote, ok := r.hear(n)
	return &quote, ok
}

// answers reports whether n is a program of the system that others call: people, by
// way of clients, or other programs.
func (n *node) answers() bool {
	return n.service() && !n.outside && !n.is("identity_provider", "ml_pipeline", "monitoring", "worker", "scheduler", "ci_cd", "cluster_node", "agent", "control_plane", "cdn", "dns", "waf", "vpn", "email_service", "sms_service", "container", "field_bus", "robot_middleware", "update_service", "parser", "decision_point")
}

// fronts reports whether n has pages or an interface of its own, by what it is.
func (n *node) fronts() bool {
	plain := len(n.Tags) == 0 || n.is("service")
	return n.answers() && (n.webService() || plain && n.quoted.holds(facingStems...) || n.named("portal", "site", "website", "frontend", "dashboard", "console", "server", "page", "shop", "store", "app"))
}

// facingStems are words of sentences about a part that people or their programs use.
var facingStems = []string{"user", "customer", "http", "rest", "api", "endpoint", "browser", "html5", "visitor", "guest", "client", "portal", "login"}

// door reports whether people come in at n: they sign in there or use its pages.
func (n *node) door() bool { return n.fronts() && !n.is("gateway") || n.signsPeopleIn() }

// shownPhrases tell that pages show what others wrote.
var shownPhrases = []string{
	"comments", "reviews", "markdown", "html", "forum", "feedback", "posts", "free text", "display name", "user content", "user generated", "messages of users", "rich text",
}

// cookiePhrases tell that a browser keeps people signed in; a cookie that only counts
// visits is none.
var cookiePhrases = []string{"session cookie", "signed cookie", "login cookie", "auth cookie", "cookies", "a cookie", "its cookie", "cookie for", "cookie session", "cookie based"}

// ownedPhrases tell that a part serves records of several owners.
var ownedPhrases = []string{
	"own record", "own order", "own data", "own project", "own document", "own file", "own profile", "own booking", "their order", "their account", "their data", "their record", "their document",
	"their invoice", "their session", "per user", "each user", "each customer", "per customer", "per project", "each project", "shared with", "share access", "belongs to", "by id", "members of",
}

// pointOfAction reports whether people act at n itself; payments are judged at the
// provider.
func (n *node) pointOfAction() bool {
	return n.fronts() && !n.is("gateway", "webhook_receiver") && !n.deniable() && !n.near("payment_service")
}

// signInPhrases tell that people prove themselves by a password.
var signInPhrases = splitPhrases([]string{
	"username and password", "user name and password", "user names and password", "usernames and password", "e mail and password", "email and password", "e mail address and password",
	"email address and password", "account and password", "password login", "password sign in", "with a password", "with password", "with their password", "by password", "own password", "local users",
	"local accounts", "user database", "password polic", "login form", "log in form", "login page", "log in page", "sign in page", "password hash", "hashes of password", "hashed password",
})

// passwordTale returns the sentence by which the source says that people sign in
// at n with a password.
func (n *node) passwordTale() (stride.Evidence, bool) {
	if !n.door() {
		return stride.Evidence{}, false
	}
	return n.quoteWithCallers(signInPhrases)
}

// hearsWithCallers is hears for what is said of those who come to the part as well:
// that they have a password, that their browser holds a cookie.
func hearsWithCallers(of func(*node) bool, phrases ...string) func(*node) (stride.Evidence, bool) {
	split := splitPhrases(phrases)
	return func(n *node) (stride.Evidence, bool) {
		if !of(n) {
			return stride.Evidence{}, false
		}
		return n.quoteWithCallers(split)
	}
}

// quoteWithCallers returns the first quote that has one of the phrases: about n, or
// about the people and clients who come to it, with a program of theirs in between
// or without.
func (n *node) quoteWithCallers(phrases [][]string) (stride.Evidence, bool) {
	if quote, ok := n.quoteWith(phrases); ok {
		return quote, true
	}
	for _, e := range n.in {
		if quote, ok := e.from.saysOfItself(phrases); ok {
			return quote, true
		}
		for _, before := range e.from.in {
			if quote, ok := before.from.saysOfItself(phrases); ok && e.from.is("client") {
				return quote, true
			}
		}
	}
	return stride.Evidence{}, false
}

// saysOfItself returns the first quote about the people or the client n that has one
// of the phrases, wherever it stands.
func (n *node) saysOfItself(phrases [][]string) (stride.Evidence, bool) {
	if len(n.said) == 0 || !n.is("human", "client") {
		return stride.Evidence{}, false
	}
	for i, said := range n.said {
		if slices.ContainsFunc(phrases, func(phrase []string) bool { return said.find(phrase) >= 0 }) {
			return n.quotes[i], true
		}
	}
	return stride.Evidence{}, false
}

// checksTokens reports whether n takes the tokens that the source speaks of, and
// does not make them.
func (n *node) checksTokens() bool {
	return (n.fronts() || n.answers() && n.is("gateway")) && !n.quoted.holds("issu", "publish", "mint", "svid")
}

// presume sets what a source that draws few flows leaves to its reader: that parts
// with an interface of their own, at which it draws nobody, answer callers outside.
func (d *design) presume() {
	alone, outside := 0, false
	for _, n := range d.nodes {
		if len(n.in)+len(n.out) == 0 {
			alone++
		}
		outside = outside || n.is("client", "end_user")
	}
	if !outside || alone*3 <= len(d.nodes) || d.present["robot"]+d.present["vehicle"]+d.present["field_bus"]+d.present["controller"] > 0 {
		return
	}
	for _, n := range d.nodes {
		n.presumed = len(n.in)+len(n.out) == 0 && n.Kind == stride.Process && n.is("web_app", "api", "api_gateway") && !n.outside && !n.is("client", "identity_provider", "llm_application", "control_plane", "monitoring", "admin_interface") && !n.local() && !n.named("static", "extension", "metrics", "admission", "python", "library", "sdk") && !n.told("loopback", "localhost", "socket") && (!n.managed || n.is("api_gateway"))
	}
}

// keptPhrases tell what a store holds that people would not want lost or read.
var keptPhrases = splitPhrases([]string{
	"personal", "customer", "patient", "users", "accounts", "session", "token", "password", "payment", "card", "contract", "orders", "messages of", "conversation", "invoice", "location", "identit", "credential", "secret", "pii", "medical",
	"booking", "profile", "history", "transaction",
})

// entryOf reports whether the words begin with the name of n, as an entry of a list
// does that says what each part is.
func (n *node) entryOf(said vocabulary) bool {
	name := wordsIn(n.Name)
	return len(name) > 0 && len(said) > len(name) && slices.Equal(said[:len(name)], name)
}

// entrusts reports whether the source says in a sentence that the store n holds
// something of the kind.
func (n *node) entrusts() bool {
	if !n.store() || n.outside || n.is("queue", "log_store", "code_repository", "artifact_registry", "package_dependency", "config_store", "secret_store") {
		return false
	}
	for i, said := range n.said {
		if !said.holds("contain", "hold", "keep", "kept", "stores", "stored", "saves", "saved", "persists", "records") && !n.entryOf(said) || len(n.quotes[i].Quote) > saidLength*2 {
			continue
		}
		for _, phrase := range keptPhrases {
			if at := said.find(phrase); at >= 0 && n.closeTo(said, at) {
				return true
			}
		}
	}
	return false
}
