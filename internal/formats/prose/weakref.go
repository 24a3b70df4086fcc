package prose

import (
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// weakNoun resolves "the app", "the server", "the model", "the tool": the only
// part of that kind, else, for the nouns by which short texts name their one
// program, a part of its own where no other part could be meant.
func (x *extractor) weakNoun(s *sentence, j int) *element {
	m := &s.mentions[j]
	if e := x.actor(s, m); e != nil {
		return e
	}
	if m.from == 0 || s.tokens[m.from-1].lower != "the" && s.tokens[m.from-1].lower != "our" || m.to != m.from+1 {
		return nil
	}
	head := gazetteer.Singular(s.tokens[m.from].lower)
	kinds := weakKinds(head)
	if len(kinds) == 0 || s.tokens[m.from].lower != head {
		return nil
	}
	var hit *element
	for _, e := range x.reg.all {
		if e.kind == stride.ExternalEntity && !isClient(e.tags) || !related(e.tags, kinds) {
			continue
		}
		if hit != nil {
			return nil
		}
		hit = e
	}
	if hit != nil || head != "app" && head != "application" && head != "server" || x.listing > 0 || !s.mayName() || s.quiet(m.from) {
		return hit
	}
	if e := x.create(s, m, display(x.phraseText(s, m))); e != nil {
		e.tags, e.level = kinds[:1], gazetteer.Noun
		return e
	}
	return nil
}

// actor makes a part of people and firms who are named by a common noun alone but
// do something: "suppliers upload binaries", "operators, who log in to".
func (x *extractor) actor(s *sentence, m *mention) *element {
	if m.entry.Kind != stride.ExternalEntity || !m.bare || !s.mayName() || s.quiet(m.from) || m.to+1 >= len(s.tokens) {
		return nil
	}
	head := gazetteer.Singular(s.tokens[m.from].lower)
	if head == s.tokens[m.from].lower || !acting(head) {
		return nil
	}
	i := m.to
	if s.tokens[i].text == "," && s.tokens[i+1].lower == "who" {
		i += 2
	} else if s.tokens[i].lower == "who" {
		i++
	}
	if i >= len(s.tokens) || !s.tokens[i].word || strings.HasSuffix(s.tokens[i].lower, "ed") {
		return nil
	}
	if class := x.verbOf(s.tokens[i].lower); class == 0 || class == plain {
		return nil
	}
	e := x.create(s, m, display(head))
	if e != nil {
		e.level, e.loose = gazetteer.Noun, false
	}
	return e
}

// acting lists the nouns for people and firms that name a role well enough.
func acting(w string) bool {
	switch w {
	case "operator", "engineer", "supplier", "vendor", "owner", "member", "specialist":
		return true
	}
	return false
}

// weakKinds returns the kinds of part that a weak noun may stand for, the most
// general reading first.
func weakKinds(head string) []stride.Tag {
	switch head {
	case "app", "application":
		return []stride.Tag{"web_app", "mobile_app", "desktop_app", "llm_application"}
	case "server":
		return []stride.Tag{"api", "web_app"}
	case "model":
		return []stride.Tag{"ml_model"}
	case "agent", "bot", "assistant":
		return []stride.Tag{"llm_application"}
	case "gateway":
		return []stride.Tag{"gateway"}
	case "device":
		return []stride.Tag{"device"}
	case "bucket":
		return []stride.Tag{"object_storage"}
	case "cluster":
		return []stride.Tag{"kubernetes"}
	case "repository", "repo":
		return []stride.Tag{"code_repository"}
	}
	return nil
}

// lowerStart reports whether a sentence may begin here with the name of a program
// that is written in lower case.
func lowerStart(rest string) bool {
	end := strings.IndexAny(rest, " \n\t,")
	if end <= 0 {
		return false
	}
	switch w := rest[:end]; w {
	case "kubectl", "etcd", "nginx", "containerd", "runc", "systemd", "curl", "helm", "npm", "pip", "cosign", "iptables", "sshd", "kubelet", "haproxy",
		"redis", "memcached", "dnsmasq", "cert-manager", "containerd-shim", "psql", "terraform", "argocd", "fluentd", "rsyslog", "istiod":
		return true
	default:
		return strings.HasPrefix(w, "kube-")
	}
}
