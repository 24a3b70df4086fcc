package prose

import "strings"

// set makes a lookup table of a list of words.
func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// verbClass says how a verb relates its subject to its objects.
type verbClass int

const (
	// transfer verbs move data from the subject to what a preposition names.
	transfer verbClass = iota + 1
	// put verbs are transfer verbs whose direct object may be where the data
	// goes: "writes PostgreSQL".
	put
	// contact verbs reach their direct object or what a preposition names.
	contact
	// receive verbs take data from their object to the subject.
	receive
	// plain verbs end a clause's subject and make no flow.
	plain
)

var verbTable = map[verbClass]string{
	put:      "write populate feed",
	transfer: "send upload store publish push post put forward submit deliver emit stream replicate copy export save persist report return respond provide pass transmit relay route enqueue dispatch hand place produce insert append broadcast sync synchronize redirect proxy log record cache archive issue transfer deploy exchange expose ship offload back serve present show display add go flow travel land arrive upstream tunnel dump distribute propagate mirror share supply reply",
	contact:  "call query access invoke contact trigger reach connect authenticate talk communicate interact integrate use visit open browse manage administer configure monitor control operate scrape hit probe search update delete modify validate verify scan request login log-in sign-in register notify alert ask consult delegate employ control instruct command join execute approve charge bill schedule spawn mount federate front chat pay dial peer pair plug attach orchestrate impersonate speak bind inform remind supervise",
	receive:  "read fetch retrieve download consume receive pull poll subscribe get load watch collect ingest take obtain gather listen import capture accept crawl",
	plain:    "be flash reset unlock lock establish initiate have run contain include consist sit live allow enable let protect ensure support make need require offer encrypt hash sign separate divide describe cover represent hold keep create process perform handle do work come see know answer print prefer want choose recommend mention assume explain fail expire rotate enforce restrict grant assign calculate render parse transform predict detect avoid sell buy stand expect wait intend refer vary differ depend remain stay happen occur appear seem give contains apply define implement build start stop generate determine act help mean become exist follow rank check convert continue watch classify host reside deployed remove change compute maintain describe block mutate unregister permit bring together facilitate deliver forwarding identify happen follow belong locate install",
}

func verbs() map[string]verbClass {
	out := map[string]verbClass{}
	for _, class := range []verbClass{put, transfer, contact, receive, plain} {
		for _, v := range strings.Fields(verbTable[class]) {
			if _, known := out[v]; !known {
				out[v] = class
			}
		}
	}
	for irregular, base := range map[string]string{
		"sent": "send", "wrote": "write", "written": "write", "got": "get", "took": "take", "taken": "take",
		"given": "give", "held": "hold", "kept": "keep", "ran": "run", "is": "be", "are": "be", "was": "be", "were": "be",
		"been": "be", "being": "be", "has": "have", "had": "have", "made": "make", "gets": "get", "does": "do", "did": "do",
		"built": "build", "shown": "show", "edits": "open", "edited": "open", "editing": "open", // "edit" is a noun as well
	} {
		out[irregular] = out[base]
	}
	return out
}

// verbOf returns the class of a verb form, or 0.
func (x *extractor) verbOf(w string) verbClass {
	if c, ok := x.verbs[w]; ok {
		return c
	}
	for _, e := range []struct{ end, put string }{
		{"ies", "y"}, {"ied", "y"}, {"es", ""}, {"es", "e"}, {"s", ""}, {"ed", ""}, {"ed", "e"}, {"ing", ""}, {"ing", "e"},
	} {
		if stem := strings.TrimSuffix(w, e.end); stem != w && len(stem) > 1 {
			if c, ok := x.verbs[stem+e.put]; ok {
				return c
			}
			if n := len(stem); n > 3 && stem[n-1] == stem[n-2] {
				if c, ok := x.verbs[stem[:n-1]]; ok {
					return c
				}
			}
		}
	}
	return 0
}

const (
	determiners  = "a an the this that these those our their its his her your my each every any some all both no another one two three several many multiple"
	prepositions = "to into in on at from by via through with over using for of onto against within inside across between under behind among along near " +
		"toward towards"
	// functionWords never are part of a name.
	functionWords = determiners + " " + prepositions + ` and or but nor so if then except excluding when where while which who whom whose what how why as than
is are was were be been being am has have had do does did not can could may might must shall should will would it they he she we you i them him us me there here
also only just even still already yet very more most less least such same other own first second third next last e.g i.e etc per about after before
during until since because
although though however therefore thus whether either neither like unlike without out up down off again once upon both few much too let's via see
whenever wherever whatever nobody everybody everyone using based called named example type kind versus`
	// qualifiers describe a part without naming it.
	qualifiers = `new existing single simple separate dedicated central centralized centralised internal external public private secure trusted untrusted remote
distributed different various certain specific particular main primary secondary additional entire whole full available common typical general local
global large small big robust
scalable independent underlying corresponding appropriate necessary required relevant respective original current previous actual real key important
critical essential major minor
basic standard custom modern traditional high low fast slow unique similar multiple several authenticated unauthenticated authorized malicious
compromised legitimate valid invalid
managed serverless relational encrypted self-hosted open-source third-party cloud-native popular lightweight powerful well-known following given non
clustered horizontally
privileged unprivileged end-to-end individual potential possible affected target entry downstream upstream shared own intermediate overall complete
complex core default older newer
production staging persistent temporary multi-tenant on-premises on-prem in-house dynamic static regular normal usual other-related interested active
two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty hundred thousand dozen old young half double whole
up-to-date jailbroken rooted stolen lost infected rogue nominated conventional educational heavy ordinary simple particular
good bad insecure plain bigger smaller commodity non-root service-to-service machine-to-machine read-only`
	// actionWords are verbs in their base form that say what a part does and are no
	// nouns before another: no name begins with one ("Clones Git repositories").
	actionWords = `clone decrypt encrypt resolve weigh compute compile validate verify reconcile replicate evaluate authenticate authorize authorise
forward parse convert collect publish receive accept reject enforce approve create delete remove install execute inspect compare consume
transform encode decode serialize serialise compress extract normalize normalise enrich aggregate orchestrate coordinate provision translate
unpack upload download append insert maintain provide send write read keep hold take give bring join split combine determine decide
calculate estimate predict train classify detect notify inform invoke terminate accelerate expose persist retrieve fetch obtain select choose`
	// gerunds that name a trade rather than an action.
	tradeWords = `billing accounting messaging streaming monitoring logging pricing booking routing scheduling training testing shipping banking
building parking ticketing
reporting marketing caching signing onboarding rating mapping processing ordering tracking invoicing matching learning gaming trading hosting vending
voting meeting
embedding indexing underwriting lending catalog feed shared dashboarding provisioning staging manufacturing`
)

// formedVerb reports whether the form of a word that no table knows is that of a verb:
// "authorise", "serializes", and what is done again: "restores", "recreates".
func (x *extractor) formedVerb(w string) bool {
	const short = 7
	base := strings.TrimSuffix(w, "s")
	again, found := strings.CutPrefix(base, "re")
	if found && base != w && len(again) > 2 && x.verbs[again] != 0 && !nounToo(again) && !repeatedNoun(base) {
		return true
	}
	if end := base[max(0, len(base)-len("ise")):]; len(base) < short || end != "ise" && end != "ize" && end != "yse" && end != "yze" {
		return false
	}
	switch base {
	case "enterprise", "franchise", "exercise", "expertise", "merchandise", "otherwise", "likewise", "paradise", "compromise", "premise", "promise", "precise",
		"concise", "disguise", "surprise", "treatise":
		return false
	}
	return true
}

// repeatedNoun lists verbs in "re" that are nouns as well.
func repeatedNoun(base string) bool {
	switch base {
	case "replay", "review", "reserve", "relay", "return", "remake", "refund", "resource", "receipt", "reward", "release", "result", "replica", "record", "rerun":
		return true
	}
	return false
}

// mapped lists what a map of dependencies shows.
func mapped(w string) bool {
	switch w {
	case "service", "task", "job", "data", "circular", "workload", "step":
		return true
	}
	return false
}
