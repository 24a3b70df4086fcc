package prose

// deniedAt reports whether the phrase at token i is said not to be there: "no
// firewall", "without a backup".
func (s *sentence) deniedAt(i int) bool {
	if i > 1 && indefinite(s.tokens[i-1].lower) || i > 1 && s.tokens[i-1].lower == "any" {
		i--
	}
	return i > 0 && (s.tokens[i-1].lower == "no" || s.tokens[i-1].lower == "without")
}

// onlyCalls reports whether the sentence begins with "API calls are" or "API
// requests from": the calls are meant, no part.
func (s *sentence) onlyCalls(m mention) bool {
	if m.from > 1 || m.from == 1 && s.tokens[0].lower != "all" || m.to+1 >= len(s.tokens) {
		return false
	}
	if w := s.tokens[m.to].lower; w != "calls" && w != "requests" {
		return false
	}
	switch s.tokens[m.to+1].lower {
	case "are", "aren't", "aren’t", "is", "must", "from", "have", "need":
		return true
	}
	return false
}

// notThere reports whether the sentence begins by saying that there is none:
// "Backups are not taken".
func (s *sentence) notThere(m mention) bool {
	if m.from > 0 || m.to+2 >= len(s.tokens) {
		return false
	}
	i := m.to
	switch s.tokens[i].lower {
	case "is", "are":
		if i++; s.tokens[i].lower != "not" && s.tokens[i].lower != "never" {
			return false
		}
	case "isn't", "aren't", "isn’t", "aren’t":
	default:
		return false
	}
	switch s.tokens[min(i+1, len(s.tokens)-1)].lower {
	case "taken", "kept", "made", "done", "written", "configured", "enabled", "available", "used", "implemented", "provided", "performed", "in":
		return true
	}
	return false
}
