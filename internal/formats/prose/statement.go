package prose

import "strings"

// keeperTable says who keeps or handles the data that a sentence begins with:
// tags in the order of preference, "front" for what people use.
var keeperTable = []struct{ words, tags string }{
	{"password passphrase passcode credential login log-in sign-in signin mfa multi-factor account session cookie registration sign-up",
		"identity_provider front"},
	{"log logging audit", "log_store monitoring front"},
	{"alarm alert metric dashboard", "monitoring front"},
	{"backup back-up dump snapshot restore", "backup_store relational document_store database"},
	{"upload image photo picture attachment avatar video document pdf", "front object_storage file_storage"},
	{"comment review post search form page template input markdown html field query url link", "front"},
	{"payment card invoice refund price order checkout coupon discount", "payment_service front"},
	{"release build deployment pipeline package commit branch pull merge workflow runner", "ci_cd build_system deployment_system code_repository artifact_registry front"},
	{"firmware update", "update_service ci_cd deployment_system front"},
	{"dependency library", "ci_cd build_system code_repository front"},
	{"secret certificate", "secret_store front"},
	{"model prompt answer training", "llm_application llm ml_model"},
	{"configuration setting", "config_store front"},
	{"traffic tls https", "api_gateway load_balancer reverse_proxy front"},
	{"role permission right admin", "front"},
}

// keeperIndex maps each word of the table to its tags.
func keeperIndex() map[string][]string {
	out := map[string][]string{}
	for _, row := range keeperTable {
		for _, w := range strings.Fields(row.words) {
			out[w] = strings.Fields(row.tags)
		}
	}
	return out
}

// states reports whether the sentence states something about the system as it
// is: no heading, question, order to the reader, plan, past, example or attack,
// nothing that lies outside.
func (x *extractor) states(s *sentence) bool {
	if s.block.kind == heading || s.order || s.meta || !s.mayName() || s.beyond() || s.section(roleFlows) && s.block.declared {
		return false
	}
	if s.section(roleAssets) || s.block.kind == row && (s.block.index == 0 || x.blocks[s.block.index-1].kind != row) {
		return false // the header of a table
	}
	lower := strings.ToLower(x.text[s.start:s.end])
	if s.block.kind != paragraph && hasArrow(lower) {
		return false // a flow
	}
	if strings.HasSuffix(lower, "?") || strings.HasSuffix(lower, ":") || past(lower) || directive(s.opener()) {
		return false
	}
	said := strings.HasSuffix(lower, ".")
	for i := range s.tokens {
		t := &s.tokens[i]
		if unsettled(t.lower) {
			return false
		}
		said = said || t.word && (x.verbOf(t.lower) != 0 || participle(t.lower) || t.lower == "can" || t.lower == "may")
	}
	const few = 4
	return said && len(s.tokens) >= few
}

// section reports whether the sentence stands under a heading of the role.
func (s *sentence) section(r role) bool {
	for sec := s.block.section; sec != nil; sec = sec.parent {
		if sec.role == r {
			return true
		}
	}
	return false
}

// opener returns the first word of the sentence in lower case, or "".
func (s *sentence) opener() string {
	for i := range s.tokens {
		if s.tokens[i].word {
			return s.tokens[i].lower
		}
	}
	return ""
}

// directive lists first words of sentences that tell the reader what to do, or
// that give an example.
func directive(w string) bool {
	switch w {
	case "please", "see", "note", "fork", "clone", "click", "contact", "prefer", "imagine", "suppose", "consider", "let", "remember", "read", "try", "use",
		"for example", "e.g", "example", "update", "add", "allow", "give", "keep", "make", "ensure", "protect", "prevent", "you", "goal", "threat", "do", "don't":
		return true
	}
	return false
}

// unsettled lists words of sentences about what is not there yet, about those who
// attack, or about the text itself.
func unsettled(w string) bool {
	switch w {
	case "todo", "tbd", "planned", "plan", "plans", "proposed", "eventually", "future", "roadmap", "should", "shall", "ideally", "recommended", "recommend",
		"attacker", "attackers",
		"adversary", "threat", "threats", "vulnerability", "vulnerabilities", "document", "readme", "certified":
		return true
	}
	return false
}
