package prose

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// zoneNoun matches the name of a zone in running text, with up to four words
// before the telling noun.
const zoneNoun = `((?:[\w'-]+ ){0,4}?(?:VPC|VNet|DMZ|subnets?|clusters?|namespaces?|(?:private|corporate|internal|public|office|control|home|plant|` +
	`local|management|OT|IT|guest) network|intranet|internet|data cent(?:er|re)|datacent(?:er|re)|enclave|cloud account|AWS account|Azure subscription|` +
	`public cloud|private cloud|Azure|AWS|GCP|Google Cloud|on-premises|factory floor|resource group|availability zone|security zone|hospital|plant))\b`

// hostNoun matches what a part runs in or on that is no network.
const hostNoun = `((?:[\w'’-]+ ){0,3}?(?:browser|vehicle|car|truck|aircraft|drone|robot|phone|smartphone|tablet|laptop|handset|device|host|bare metal server|` +
	`virtual machine|VM|trusted execution environment|TEE|secure world|premises))\b`

const article = `(?:(?:the|a|an|our|its|their|each|every|one|same)\s+)?`

var (
	placement = regexp.MustCompile(`(?i)\b(?:runs?|running|deployed|hosted|lives?|resides?|located|sits?|placed|is|are|installed|stays?|operates?|` +
		`executes?|inside|reachable only)\s+(?:as\s+\S+(?:\s+\S+)?\s+)?(?:only\s+)?(?:in|inside of|inside|within|on|into|from|to|behind)\s+` + article + zoneNoun)
	// hosted: "runs in the browser", "is installed on the vehicle".
	hosted = regexp.MustCompile(`(?i)\b(?:runs?|running|lives?|executes?|executed|installed|hosted|deployed|embedded)\s+(?:locally\s+|only\s+|entirely\s+)?` +
		`(?:in|inside of|inside|within|on)\s+` + article + hostNoun)
	ownSite = regexp.MustCompile(`(?i)\b(?:runs?|running|deployed|hosted|installed|lives?|kept|is|are)\s+(on[- ]prem(?:ises|ise)?)\b`)
	// nesting: "the payments namespace of the cluster", "the VPC is in the account".
	nesting = regexp.MustCompile(`(?i)` + zoneNoun + `,?\s+(?:(?:which|that|is|are|runs|lives|sits|located|hosted|deployed|itself)\s+){0,3}(?:inside|` +
		`within|in|of|on)\s+` + article + zoneNoun)
	standing = regexp.MustCompile(`(?i)^\s+(?:in|inside|within)\s+` + article + zoneNoun)
	holding  = regexp.MustCompile(`(?i)` + zoneNoun + `\s+(?:contains?|hosts?|holds?|houses?|includes?|runs)\s`)
)

// readZones places parts: "X runs in the private subnet", "the subnet contains
// X", `X is inside trust boundary "Y"`, and zones within zones.
func (x *extractor) readZones() {
	for i := range x.sentences {
		s := &x.sentences[i]
		body := x.text[s.start:s.end]
		for _, m := range quotedZones(body, 10) {
			x.place(s, body, m, true)
		}
		if s.block.section.role == roleZones && s.block.kind == bullet {
			x.placeListed(s, body)
		}
		if s.block.kind == heading {
			continue
		}
		if s.runsSomewhere() {
			for _, m := range hosted.FindAllStringSubmatchIndex(body, 4) {
				x.place(s, body, m, false)
			}
		}
		lower := strings.ToLower(body)
		zones := zoneWords(lower)
		if zones == 0 {
			continue
		}
		if zones > 1 {
			x.nestZones(s, body)
		}
		if holds(lower) {
			for _, m := range holding.FindAllStringSubmatchIndex(body, 4) {
				x.placeHeld(s, body, m)
			}
		}
		x.placeStanding(s)
		for _, where := range []*regexp.Regexp{placement, ownSite} {
			if where == ownSite && !strings.Contains(lower, "prem") {
				continue
			}
			for _, m := range where.FindAllStringSubmatchIndex(body, 4) {
				x.place(s, body, m, false)
			}
		}
	}
}

// zoneWords counts the words for zones in lower-case text, which spares most
// sentences the regular expressions; a zone within a zone takes two.
func zoneWords(lower string) int {
	n := 0
	for _, w := range []string{"vpc", "vnet", "dmz", "subnet", "cluster", "namespace", "network", "intranet", "internet", "data cent", "datacent",
		"enclave", "account", "subscription", "cloud", "azure", "aws", "gcp", "on-prem", "factory", "on prem", "resource group", "availability zone", "security zone",
		"hospital", "plant"} {
		n += strings.Count(lower, w)
	}
	return n
}

// holds reports whether lower-case text may have a verb by which a zone contains
// something.
func holds(lower string) bool {
	for _, w := range []string{"contain", "host", "hold", "house", "include", "runs"} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}

// runsSomewhere spares most sentences the search for a host.
func (s *sentence) runsSomewhere() bool {
	if len(s.mentions) == 0 {
		return false
	}
	for i := range s.tokens {
		switch s.tokens[i].lower {
		case "run", "runs", "running", "live", "lives", "execute", "executes", "executed", "installed", "hosted", "deployed", "embedded":
			return true
		}
	}
	return false
}

// place puts what stands before the match into the zone that it names.
func (x *extractor) place(s *sentence, body string, m []int, quoted bool) {
	name := body[m[2]:m[3]]
	if !quoted {
		if name = x.zoneName(name); name == "" || deniedBefore(body[:m[2]]) || len(s.mentions) == 0 || passingBy(body[m[2]:m[3]]) || x.modifies(name, body[m[3]:]) {
			return
		}
	}
	z := x.zoneNamed(name, x.quote(s.start, s.end, s.start+m[2], s.start+m[3]))
	if z == nil {
		return
	}
	clause := strings.LastIndexAny(body[:m[0]], ".;") + 1
	if quoted {
		if i := strings.LastIndex(body[:m[0]], `"`); i > clause {
			clause = i
		}
		x.putAll(s, s.start+clause, s.start+m[0], z)
		return
	}
	x.putSubject(s, s.start+clause, s.start+m[0], z)
}

// putAll places every part that the range names.
func (x *extractor) putAll(s *sentence, from, to int, z *zone) {
	for _, men := range s.mentions {
		if at := s.tokens[men.from].start; men.elem != nil && at >= from && at < to {
			men.elem.put(z)
		}
	}
}

// put places the part, unless the text did so before.
func (e *element) put(z *zone) {
	e.placed = true
	if e.zone == nil {
		e.zone = z
	}
}

// putSubject places the part that the verb at byte offset "to" is about, with
// those that are joined to it: not the cluster in "agents of the cluster run".
func (x *extractor) putSubject(s *sentence, from, to int, z *zone) {
	last := -1
	for j, men := range s.mentions {
		if at := s.tokens[men.from].start; at >= from && at < to {
			last = j
		}
	}
	for last > 0 && x.governed(s, last) && s.tokens[s.mentions[last-1].from].start >= from {
		last--
	}
	for j := last; j >= 0 && s.tokens[s.mentions[j].from].start >= from; j-- {
		if e := s.mentions[j].elem; e != nil && (e.kind != stride.ExternalEntity || z.kind == stride.ZoneInternet) {
			e.put(z)
		}
		if j > 0 && !x.enumerated(s, j-1) {
			return
		}
	}
}

// governed reports whether a preposition governs mention j.
func (x *extractor) governed(s *sentence, j int) bool {
	i := s.mentions[j].from - 1
	for i >= 0 && (x.dets[s.tokens[i].lower] || x.quality[s.tokens[i].lower]) {
		i--
	}
	return i >= 0 && x.preps[s.tokens[i].lower]
}

// enumerated reports whether only "and", commas and articles stand between
// mention j and the next one.
func (x *extractor) enumerated(s *sentence, j int) bool {
	joined := false
	for _, t := range s.tokens[s.mentions[j].to:s.mentions[j+1].from] {
		switch {
		case t.lower == "and" || t.text == "," || t.text == "&" || t.lower == "or":
			joined = true
		case !x.dets[t.lower] && !x.quality[t.lower]:
			return false
		}
	}
	return joined
}

// placeHeld reads "the VPC contains a web server and a database".
func (x *extractor) placeHeld(s *sentence, body string, m []int) {
	name := x.zoneName(body[m[2]:m[3]])
	if name == "" || deniedBefore(body[:m[1]]) {
		return
	}
	x.putRun(s, s.start+m[1], 3, func() *zone { return x.zoneNamed(name, x.quote(s.start, s.end, s.start+m[2], s.start+m[3])) })
}

// placeStanding reads "the proxy in the DMZ": the zone follows the name.
func (x *extractor) placeStanding(s *sentence) {
	for _, men := range s.mentions {
		if men.elem == nil || men.elem.kind == stride.ExternalEntity {
			continue
		}
		end := s.tokens[men.to-1].end
		m := standing.FindStringSubmatchIndex(x.text[end:min(s.end, end+120)])
		if m == nil || deniedBefore(x.text[s.start:end]) {
			continue
		}
		if name := x.zoneName(x.text[end+m[2] : end+m[3]]); name != "" {
			if z := x.zoneNamed(name, x.quote(s.start, s.end, end+m[2], end+m[3])); z != nil {
				men.elem.put(z)
			}
		}
	}
}

// placeListed reads an item of a list of zones: "- DMZ: web server, proxy".
func (x *extractor) placeListed(s *sentence, body string) {
	it := parseItem(x.text, s.block.start, s.block.end)
	colon := strings.Index(body, ":")
	if colon < 0 || s.start != s.block.start || it.desc == "" {
		return
	}
	x.putRun(s, s.start+colon+1, 2, func() *zone {
		key := canon(display(it.name))
		for _, z := range x.zones {
			if canon(z.name) == key {
				return z
			}
		}
		return nil
	})
}

// putRun places the parts that are enumerated from the offset on; the first
// stands within so many tokens of it.
func (x *extractor) putRun(s *sentence, from, within int, in func() *zone) {
	for j, men := range s.mentions {
		if s.tokens[men.from].start < from {
			continue
		}
		if men.from > 0 && men.from > within && s.tokens[men.from-within].start > from {
			return
		}
		z := in()
		for ; z != nil && j < len(s.mentions); j++ {
			if e := s.mentions[j].elem; e != nil {
				e.put(z)
			}
			if j+1 < len(s.mentions) && !x.enumerated(s, j) {
				return
			}
		}
		return
	}
}

// nestZones reads zones within zones, also in chains.
func (x *extractor) nestZones(s *sentence, body string) {
	for at := 0; at < len(body); {
		m := nesting.FindStringSubmatchIndex(body[at:])
		if m == nil {
			return
		}
		inner, outer := x.zoneName(body[at+m[2]:at+m[3]]), x.zoneName(body[at+m[4]:at+m[5]])
		if inner != "" && outer != "" && canon(inner) != canon(outer) && !deniedBefore(body[:at+m[4]]) {
			ev := x.quote(s.start, s.end, s.start+at+m[2], s.start+at+m[5])
			x.zoneNamed(inner, ev).within(x.zoneNamed(outer, ev))
		}
		at += m[4]
	}
}

// within sets the outer zone once, and never makes a circle.
func (z *zone) within(outer *zone) {
	if z == nil || z.parent != nil {
		return
	}
	for o := outer; o != nil; o = o.parent {
		if o == z {
			return
		}
	}
	z.parent = outer
}

// zoneName drops from a match what belongs to the sentence: all up to the last
// article, preposition or verb. It returns "" where nothing is left.
func (x *extractor) zoneName(match string) string {
	words := strings.Fields(match)
	for i := len(words) - 1; i >= 0; i-- {
		w := strings.ToLower(words[i])
		if i+1 < len(words) && providerAlone(words[i+1:]) && w == words[i] {
			return strings.Join(words[i+1:], " ") // "our long-lived AWS"
		}
		if x.stop[w] || strings.HasSuffix(w, "ed") && x.verbOf(w) != 0 || i < len(words)-1 && strings.HasSuffix(w, "s") && x.verbOf(w) != 0 {
			return strings.Join(words[i+1:], " ")
		}
	}
	return match
}

// providerAlone reports whether the words are the name of a provider of clouds.
func providerAlone(words []string) bool {
	switch strings.ToLower(strings.Join(words, " ")) {
	case "aws", "azure", "gcp", "google cloud":
		return true
	}
	return false
}

// passingBy reports whether what stands between the verb and the noun of a zone shows
// that the noun is no place of the verb: "from a workflow with AWS".
func passingBy(match string) bool {
	return containsAny(strings.Fields(strings.ToLower(match)), "with", "without", "for", "using", "by", "via", "over")
}

// modifies reports whether the name of a provider is only a word before another
// noun: "AWS keys" are no place.
func (x *extractor) modifies(name, rest string) bool {
	switch lastWord(strings.ToLower(name)) {
	case "aws", "azure", "gcp", "cloud":
	default:
		return false
	}
	rest, spaced := strings.CutPrefix(rest, " ")
	next := strings.ToLower(rest[:len(rest)-len(strings.TrimLeftFunc(rest, unicode.IsLetter))])
	return spaced && next != "" && !x.stop[next] && x.verbOf(next) == 0 && !strings.HasSuffix(next, "ly")
}

func deniedBefore(text string) bool {
	words := strings.Fields(strings.ToLower(text))
	for _, w := range words[max(0, len(words)-5):] {
		if w == "not" || w == "never" || w == "no" {
			return true
		}
	}
	return false
}

// ofBoundary reports whether the item speaks of what crosses from one zone to another,
// "Office / Internet: no authentication", which is said of no part inside of either.
func (s *sentence) ofBoundary() bool {
	if s.block.section.role != roleZones || s.block.kind != bullet {
		return false
	}
	for i := range s.tokens {
		switch s.tokens[i].text {
		case ":":
			return false
		case "/", "<->", "->", "↔", "→":
			return i > 0 && s.tokens[i-1].word && s.tokens[i-1].end < s.tokens[i].start
		}
	}
	return false
}
