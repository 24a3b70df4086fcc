package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// Facts about sign-in: who issues tokens, who takes them, and who is asked for a
// password.

// issuesCertificates reports whether n vouches for machines and not for people.
func (n *node) issuesCertificates() bool {
	return n.is("identity_provider") && (n.named("ca", "pki", "acme", "spire", "spiffe", "issuer") || n.named("certificate", "cert", "registration", "encrypt"))
}

// ofTheFirm reports whether n is the sign-in of the firm around the system, which
// others run.
func (n *node) ofTheFirm() bool {
	return n.is("identity_provider") && (n.named("single") && n.named("sign") || n.named("sso", "company", "corporate"))
}

// directory reports whether n answers LDAP queries.
func (n *node) directory() bool {
	return n.is("identity_provider") && n.named("ldap", "openldap", "directory", "freeipa", "adfs")
}

// signsPeopleIn reports whether people sign in at n.
func (n *node) signsPeopleIn() bool {
	return n.is("identity_provider") && !n.issuesCertificates() && !n.named("iam", "sts", "radius", "kdc", "connector")
}

// speaksOAuth reports whether n hands out codes and tokens by redirects: its
// name, a quote about it or a flow at it says so.
func (n *node) speaksOAuth() bool {
	if !n.signsPeopleIn() || n.directory() {
		return false
	}
	stems := []string{"oauth", "oidc", "openid", "redirect"}
	if n.told(stems...) || n.named("keycloak", "dex", "hydra", "authentik") {
		return true
	}
	for _, set := range [][]*edge{n.in, n.out} {
		for _, e := range set {
			if e.says(stems...) {
				return true
			}
		}
	}
	return false
}

// relyingParties returns the services that take what n issues, each once.
func (n *node) relyingParties() []*node {
	var out []*node
	seen := map[*node]bool{n: true}
	add := func(other *node) {
		if !seen[other] && other.service() && !other.is("identity_provider", "gateway", "monitoring") {
			out = append(out, other)
		}
		seen[other] = true
	}
	for _, e := range n.in {
		add(e.from)
	}
	for _, e := range n.out {
		add(e.to)
	}
	return out
}

// takesTokens reports whether callers present a token to n.
func (n *node) takesTokens() bool {
	if !n.service() || n.is("identity_provider") {
		return false
	}
	return n.receives(stride.DataTokens) || n.told("jwt", "bearer")
}

// brokers reports whether n lets other identity providers vouch for its users.
func (n *node) brokers() bool {
	other := func(c *node) bool { return c != n && c.signsPeopleIn() }
	return n.is("identity_provider") && !n.directory() && (n.calls(other) || n.calledBy(other))
}

// waysIn counts the parts of the design at which people can sign in.
func (n *node) waysIn() int {
	count := 0
	for _, other := range n.design.nodes {
		if other == n || other.signsPeopleIn() {
			count++
		}
	}
	return count
}

// support reports whether n is a person who helps users with their accounts.
func (n *node) support() bool {
	return n.person() && n.named("support", "helpdesk", "agent", "service", "contact", "desk")
}

// sensitiveData are the classes that people are hurt by when they are read.
func sensitiveData() []stride.DataClass {
	return []stride.DataClass{stride.DataPersonal, stride.DataHealth, stride.DataPayment, stride.DataLocation, stride.DataCredentials}
}

// handlesPrivate reports whether n holds, sends or receives sensitive data.
func (n *node) handlesPrivate() bool {
	if n.keeps(sensitiveData()...) || n.receives(sensitiveData()...) {
		return true
	}
	for _, e := range n.out {
		if anyClass(e.Data, sensitiveData()) || e.to.store() && e.to.keeps(sensitiveData()...) {
			return true
		}
	}
	return false
}

// asksPeople reports whether people sign in at n itself: others may run it, but
// then somebody is drawn as coming to it.
func (n *node) asksPeople() bool {
	return !n.outside && !n.told("external") || n.calledBy(func(c *node) bool { return c.is("human", "client") })
}

// sessionStems are words of sentences about how long somebody stays signed in; a
// secret with which machines join has no session.
var sessionStems = []string{"session", "cookie", "token", "jwt", "login", "logout", "sign", "password", "revo", "api", "access", "link", "url"}

// sessionsSpoken reports whether the source says something of the sessions at n.
func (n *node) sessionsSpoken() bool {
	c, ok := n.Controls[stride.SessionManagement]
	if !ok {
		return false
	}
	if len(c.Evidence) == 0 || c.Evidence[0].Kind != stride.Quoted {
		return c.State != stride.ControlUnknown
	}
	return c.State != stride.ControlUnknown && wordsIn(c.Evidence[0].Quote).holds(sessionStems...)
}

// standing reports whether the developer n has access to lose: a flow of theirs or a
// sentence about them says that they change, reach or publish something.
func (n *node) standing() bool {
	return len(n.out) > 0 && !n.quoted.holds("consumer") ||
		n.quoted.holds("publish", "deploy", "access", "contribut", "submit", "reach", "build", "push", "admin", "operat")
}

// onlyRole reports whether the name of n is that of a role or account which programs
// have, and of nobody who signs in.
func (n *node) onlyRole() bool {
	return n.named("non", "nonroot", "sudo") || n.named("cluster") && n.named("admin") && !n.named("administrators", "admins") ||
		n.quoted.holds("serviceaccount", "clusterrole", "rolebinding")
}
