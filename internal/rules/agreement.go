package rules

import "strings"

// pluralOf turns the verbs that follow a name in our texts into what follows
// several names.
var pluralOf = map[string]string{
	"is": "are", "was": "were", "has": "have", "does": "do", "acts": "act", "accepts": "accept", "answers": "answer", "authenticates": "authenticate", "believes": "believe", "builds": "build", "calls": "call",
	"carries": "carry", "delivers": "deliver", "drifts": "drift", "follows": "follow", "handles": "handle", "hands": "hand", "holds": "hold", "keeps": "keep", "knows": "know", "leaves": "leave",
	"lets": "let", "loses": "lose", "makes": "make", "matches": "match", "needs": "need", "obeys": "obey", "opens": "open", "passes": "pass", "publishes": "publish", "reaches": "reach", "reads": "read",
	"receives": "receive", "records": "record", "renders": "render", "rests": "rest", "reveals": "reveal", "runs": "run", "sees": "see", "sends": "send", "serves": "serve", "shows": "show", "signs": "sign",
	"stops": "stop", "takes": "take", "talks": "talk", "trusts": "trust", "uses": "use", "waits": "wait", "works": "work", "writes": "write", "executes": "execute", "goes": "go", "orders": "order", "stands": "stand", "decides": "decide", "clears": "clear", "gets": "get", "gives": "give",
}

// beforeSubject are the words after which a name is the subject of what follows.
var beforeSubject = []string{"because", "that", "which", "what", "while", "when", "where", "until", "how", "if", "as", "and", "who", "though", "before", "after", "whom"}

// agreed makes the words of a rule's text around a placeholder fit several names.
// Texts are written for one.
func agreed(text, mark string) string {
	verb := map[string]string{"Does": "Do", "does": "do", "Is": "Are", "is": "are", "Was": "Were", "Has": "Have"}
	for from := 0; ; {
		at := strings.Index(text[from:], mark)
		if at < 0 {
			return text
		}
		before, after := text[:from+at], text[from+at+len(mark):]
		lead := strings.TrimSuffix(before, " ")
		last := lead[strings.LastIndexByte(lead, ' ')+1:]
		if many, ok := verb[last]; ok {
			before = strings.TrimSuffix(lead, last) + many + " "
		} else if rest, spaced := strings.CutPrefix(after, " "); spaced && opensClause(last) {
			adverb := ""
			for _, a := range []string{"never ", "only ", "also "} {
				if cut, ok := strings.CutPrefix(rest, a); ok {
					rest, adverb = cut, a
				}
			}
			word, _, _ := strings.Cut(rest, " ")
			word = strings.TrimRight(word, ".,:;?")
			if many, ok := pluralOf[word]; ok {
				after = " " + adverb + many + rest[len(word):]
			}
			if before == "" {
				after = strings.NewReplacer(" its ", " their ", " it is ", " they are ").Replace(after)
			}
		}
		from = len(before) + len(mark)
		text = before + mark + after
	}
}

// opensClause reports whether what follows the word is a subject.
func opensClause(last string) bool {
	if last == "" || strings.HasSuffix(last, ",") || strings.HasSuffix(last, ":") {
		return true
	}
	for _, word := range beforeSubject {
		if last == word {
			return true
		}
	}
	return false
}
