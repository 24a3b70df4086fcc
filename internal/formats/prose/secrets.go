package prose

import (
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// circumstancesIn reads statements of missing safeguards that only several words of a
// clause make together: a secret that lies in a repository or never changes, a debug
// port that is not closed, plain HTTP. At holds the offsets of the words.
func circumstancesIn(words []string, at []int) []finding {
	var out []finding
	say := func(name stride.ControlName, i int) {
		out = append(out, finding{name: name, state: stride.ControlAbsent, at: at[i]})
	}
	for i, w := range words {
		if state := rewritable(words[i+1:]); (w == "log" || w == "logs" || w == "trail") && state != stride.ControlUnknown {
			out = append(out, finding{name: stride.LogIntegrity, state: state, at: at[i]})
		}
	}
	for i := range words {
		switch {
		case conditional(words, i, i+1) || tentativeClause(words, i):
		case debugPort(words, i) && leftOpen(words[i:]):
			say(stride.PhysicalProtection, i)
		case words[i] == "http" && plainHTTP(words, i):
			say(stride.EncryptionInTransit, i)
		case words[i] == "in" && isSecret(words[:i]) && amongCode(words, i):
			say(stride.SecretsManagement, i)
		case words[i] == "change" || words[i] == "changes" || words[i] == "changed" || words[i] == "renewed":
			if name := lasting(words[:i]); name != "" {
				say(name, i)
			}
		}
	}
	return out
}

// rewritable returns what the words behind a log say of changes to it: absent where
// it can be cleared, present where it cannot, unknown where they say nothing.
func rewritable(words []string) stride.ControlState {
	const reach = 9
	for i := 0; i+2 < len(words) && i < reach && !punctuation(words[i]); i++ {
		if words[i] == "if" || words[i] == "whether" || i == 0 && ofLogging(words[i]) {
			return stride.ControlUnknown
		}
		if words[i+1] != "be" {
			continue
		}
		switch words[i+2] {
		case "cleared", "deleted", "erased", "wiped", "edited", "altered", "overwritten", "modified", "rewritten", "tampered":
		default:
			return stride.ControlUnknown
		}
		switch words[i] {
		case "can", "could":
			return stride.ControlAbsent
		case "cannot", "can't":
			return stride.ControlPresent
		}
	}
	return stride.ControlUnknown
}

// ofLogging lists words behind "log" with which it is no log.
func ofLogging(w string) bool {
	switch w {
	case "level", "levels", "format", "settings", "retention", "in", "into", "on", "out":
		return true
	}
	return false
}

// tentativeClause reports whether the words before i, back to a comma, only plan.
func tentativeClause(words []string, i int) bool {
	for k := i - 1; k >= 0 && !punctuation(words[k]); k-- {
		if tentative(words[k]) {
			return true
		}
	}
	return false
}

// debugPort reports whether word i begins the name of a port for those who develop.
func debugPort(words []string, i int) bool {
	switch words[i] {
	case "jtag", "uart", "swd":
		return true
	case "debug", "debugging", "serial":
		if i+1 < len(words) {
			switch words[i+1] {
			case "port", "ports", "interface", "interfaces", "header", "console", "connector":
				return true
			}
		}
	}
	return false
}

// leftOpen reports whether the clause that these words begin says that a port stays
// usable.
func leftOpen(words []string) bool {
	const reach = 14
	for i := 1; i < len(words) && i < reach && words[i] != ";" && words[i] != "but"; i++ {
		prev := words[i-1]
		switch words[i] {
		case "disabled", "locked", "fused", "closed", "removed", "deactivated", "protected", "blocked":
			if prev == "not" || prev == "never" || prev == "isn't" || prev == "aren't" {
				return true
			}
		case "enabled", "open", "active", "accessible", "unlocked":
			if prev == "left" || prev == "still" || prev == "is" || prev == "are" || prev == "remains" || prev == "stays" || prev == "remain" || prev == "stay" {
				return true
			}
		}
	}
	return false
}

// plainHTTP reports whether the word "http" at i says what is spoken, and nothing
// follows that would make it more: "it's HTTP", "only http for now".
func plainHTTP(words []string, i int) bool {
	if i == 0 {
		return false
	}
	switch words[i-1] {
	case "its", "it's", "is", "are", "still", "only", "just":
	default:
		return false
	}
	if i+1 == len(words) || punctuation(words[i+1]) && words[i+1] != "(" {
		return true
	}
	switch words[i+1] {
	case "for", "only", "now", "today", "without", "not", "but", "so":
		return true
	}
	return false
}

// secret lists words for what opens something to whoever has it.
func secret(w string) bool {
	switch strings.TrimSuffix(w, "s") {
	case "password", "passphrase", "secret", "credential", "token", "key":
		return true
	}
	return false
}

// isSecret reports whether the words end with a secret and where it is kept: "the
// deploy key is", "service account json still lies".
func isSecret(words []string) bool {
	n := len(words)
	if n < 2 || !lies(words[n-1]) {
		return false
	}
	const near = 7
	for k := n - 2; k >= 0 && k >= n-near && !punctuation(words[k]); k-- {
		if denial(words[k]) || words[k] == "encrypted" || words[k] == "public" {
			return false
		}
		if secret(words[k]) || (words[k] == "account" || words[k] == "acct" || words[k] == "accounts") && k > 0 && words[k-1] == "service" {
			return true
		}
	}
	return false
}

// lies lists verbs that say where a thing is.
func lies(w string) bool {
	switch w {
	case "is", "are", "kept", "stored", "lies", "lie", "lives", "live", "sits", "sit", "saved", "committed", "still", "also":
		return true
	}
	return false
}

// amongCode reports whether the "in" at word i leads to source code.
func amongCode(words []string, i int) bool {
	const few = 4
	for k := i + 1; k < len(words) && k <= i+few && !punctuation(words[k]); k++ {
		switch words[k] {
		case "repo", "repos", "repository", "repositories", "git", "codebase", "dockerfile":
			return true
		case "secret", "secrets", "vault", "encrypted", "artifact", "image", "package":
			return false
		}
	}
	return false
}

// lasting returns what it means that the thing which these words begin to speak of
// never changes, or "" where that is no matter of security.
func lasting(words []string) stride.ControlName {
	n := len(words)
	if n == 0 || !denial(words[n-1]) && (n < 2 || words[n-1] != "been" || !denial(words[n-2])) {
		return ""
	}
	const near = 8
	for k := n - 1; k >= 0 && k >= n-near && words[k] != ";" && words[k] != "but"; k-- {
		switch w := strings.TrimSuffix(words[k], "s"); {
		case w == "link" || w == "cookie" || w == "session" || w == "token":
			return stride.SessionManagement
		case secret(w):
			return stride.SecretsManagement
		}
	}
	return ""
}

// ofMachines reports whether the words before a statement about what is kept speak
// of a secret that programs use, not of the passwords of people: "database
// passwords", "the API key".
func ofMachines(words []string) bool {
	for i, w := range words {
		switch strings.TrimSuffix(w, "s") {
		case "credential", "secret", "token", "key":
			return true
		case "password":
			if i == 0 {
				continue
			}
			switch words[i-1] {
			case "database", "db", "admin", "root", "service", "smtp", "broker", "wifi", "wi-fi", "ldap", "mysql", "postgres", "ftp", "connection":
				return true
			}
		}
	}
	return false
}

// apostrophes are denials as people in a hurry write them.
var apostrophes = map[string]string{"isnt": "isn't", "arent": "aren't", "doesnt": "doesn't", "dont": "don't", "cant": "can't", "wont": "won't",
	"didnt": "didn't", "hasnt": "hasn't", "havent": "haven't", "wasnt": "wasn't", "theres": "there's"}
