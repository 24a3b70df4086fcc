package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// relate turns one object of one verb into a flow.
func (x *extractor) relate(s *sentence, f *frame, class verbClass, e *element) {
	if f.passive {
		x.relatePassive(s, f, class, e)
		return
	}
	switch f.prep {
	case "":
		if class != plain && !slices.Contains(f.direct, e) {
			f.direct = append(f.direct, e)
		}
		return
	case "behind":
		reached := f.reached == "to" || f.reached == "" || f.reached == "at"
		if f.latest != nil && f.latest != e && reached && f.latest.kind == stride.Process && e.kind == stride.Process {
			x.addFlow(s, e, f.latest, f) // "talks to the API behind the gateway"
			return
		}
		if e.kind == stride.Process && (class == plain || class == transfer) {
			for _, sub := range f.subjects {
				x.addFlow(s, e, sub, f) // "sits behind the proxy"
			}
		}
		return
	case "as", "by", "for", "of", "inside", "within", "under", "about", "using", "between", "across", "over":
		return
	case "from":
		if len(f.direct) > 0 && (class == contact || actsFrom(f.subjects, e)) {
			return // "query the store from their laptops": where, not what
		}
		if class != plain {
			f.placed = true
			for _, sub := range f.subjects {
				x.pull(s, e, sub, f)
			}
		}
		return
	case "in", "on", "at":
		if class == contact && len(f.direct) > 0 {
			return // "use the shop in a browser": where, not what
		}
	}
	if class == plain && x.keepsIn(s, f, e) {
		class = put
	}
	f.placed = f.placed || class != receive || f.prep == "to"
	switch class {
	case transfer, put, contact:
		x.pass(s, f, class, e)
	case receive:
		if f.prep == "to" || f.prep == "via" || f.prep == "through" || f.prep == "in" || f.prep == "on" {
			for _, sub := range f.subjects {
				if f.prep == "to" && len(f.direct) > 0 {
					x.addFlow(s, sub, e, f)
				} else {
					x.pull(s, e, sub, f)
				}
			}
		}
	}
}

// keepsIn sees "keeps the last orders in SQLite": a store behind "in".
func (x *extractor) keepsIn(s *sentence, f *frame, e *element) bool {
	if f.prep != "in" && f.prep != "on" && f.prep != "to" || e.kind != stride.DataStore {
		return false
	}
	switch s.tokens[min(f.verbAt, len(s.tokens)-1)].lower {
	case "keep", "keeps", "keeping", "hold", "holds", "puts", "put", "remember", "remembers", "maintains", "buffers", "stages", "commits":
		for _, e := range f.subjects {
			e.acts = true
		}
		return true
	}
	return false
}

// actsFrom reports whether people stand at the device or client e.
func actsFrom(subjects []*element, e *element) bool {
	return len(subjects) > 0 && isHuman(subjects[0].tags) && (related(e.tags, []stride.Tag{"mobile_device"}) || isClient(e.tags))
}

func isClient(tags []stride.Tag) bool {
	for _, t := range tags {
		switch t {
		case "browser", "mobile_app", "desktop_app", "client", "command_line":
			return true
		}
	}
	return false
}

// pass links the subjects with e. What goes through a part leaves it for the
// objects: "calls the API through the proxy", "sends it through the proxy to the
// API".
func (x *extractor) pass(s *sentence, f *frame, class verbClass, e *element) {
	if f.via != nil && f.via != e && f.prep == "to" {
		x.addFlow(s, f.via, e, f)
		return
	}
	x.fan(s, f, e)
	if f.prep != "via" && f.prep != "through" || e.kind == stride.ExternalEntity {
		return
	}
	f.via = e
	if class == contact {
		for _, d := range f.direct {
			x.addFlow(s, e, d, f)
		}
	}
}

// pull records that the part "to" takes data from the part "from". A person
// who opens, reads or downloads something acts on where it lies: the flow begins
// with the person, unless the verb says that it is delivered.
func (x *extractor) pull(s *sentence, from, to *element, f *frame) {
	verb := s.tokens[min(f.verbAt, len(s.tokens)-1)].lower
	delivered := strings.HasPrefix(verb, "receiv") || strings.HasPrefix(verb, "get") || strings.HasPrefix(verb, "obtain")
	if from.kind != stride.ExternalEntity && isHuman(to.tags) && !delivered {
		from, to = to, from
	}
	x.addFlow(s, from, to, f)
}

func (x *extractor) fan(s *sentence, f *frame, e *element) {
	if f.prep == "on" && e.kind == stride.Process {
		return
	}
	for _, sub := range f.subjects {
		x.addFlow(s, sub, e, f)
	}
}

// relatePassive reads "X is read by Y". Where what is sent is no part ("orders
// are sent by X to Y"), the sender becomes the subject.
func (x *extractor) relatePassive(s *sentence, f *frame, class verbClass, e *element) {
	if len(f.subjects) == 0 && (class == transfer || class == put) {
		switch {
		case f.goal != nil && (f.prep == "by" || f.prep == "from"):
			x.addFlow(s, e, f.goal, f)
		case f.goal != nil && (f.prep == "via" || f.prep == "through"):
			x.addFlow(s, e, f.goal, f)
		case f.prep == "by" || f.prep == "from" || f.prep == "via" || f.prep == "through":
			f.subjects, f.passive, e.acts = []*element{e}, false, true
		case f.prep == "to" || f.prep == "into" || f.prep == "in":
			f.goal = e
		}
		return
	}
	for _, sub := range f.subjects {
		switch {
		case f.prep == "by" && isHuman(sub.tags) && e.kind == stride.Process:
			// "one technical user is used by all services": an account
		case f.prep == "by" && (class == receive):
			x.pull(s, sub, e, f)
		case f.prep == "by" && (class == contact || (class == transfer || class == put) && sub.kind == stride.DataStore):
			x.addFlow(s, e, sub, f)
		case f.prep == "to" && class == contact, f.prep == "to" && class == transfer && sub.kind != stride.DataStore && sub.kind != stride.ExternalEntity:
			x.addFlow(s, sub, e, f)
		case f.prep == "from" && class == receive:
			x.addFlow(s, e, sub, f)
		}
	}
}

// flushDirect links direct objects once it is clear that no preposition names
// where the data goes.
func (x *extractor) flushDirect(s *sentence, f *frame) {
	if len(f.direct) > 0 && !f.placed && !f.passive {
		for _, class := range f.classes {
			for _, e := range f.direct {
				for _, sub := range f.subjects {
					switch class {
					case contact:
						x.addFlow(s, sub, e, f)
					case receive:
						x.pull(s, e, sub, f)
					case put:
						if e.kind == stride.DataStore && len(f.direct) == 1 {
							x.addFlow(s, sub, e, f)
						}
					}
				}
			}
		}
	}
	f.direct = nil
}

// addFlow records the flow, or more evidence for one between the same ends.
func (x *extractor) addFlow(s *sentence, from, to *element, f *frame) {
	if from == to || len(x.flows) >= maxFlows || x.negated(s, f.verbAt) {
		return
	}
	ends := [2]*element{from, to}
	at := s.tokens[min(f.verbAt, len(s.tokens)-1)].start
	ev := x.quote(s.start, s.end, at, at)
	fl := x.byEnds[ends]
	if fl == nil {
		fl = &flow{from: from, to: to, controls: stride.Controls{}}
		x.byEnds[ends] = fl
		x.flows = append(x.flows, fl)
		from.linked, to.linked = true, true
	}
	fl.evidence = addEvidence(fl.evidence, ev)
	r := x.reach(s, f, from, to)
	if len(fl.reaches) < maxEvidence {
		fl.reaches = append(fl.reaches, r)
	}
	x.opens(s, f)
	protocol := x.protocolOf(s, f, r)
	if fl.protocol == "" {
		fl.protocol = protocol
	}
	if secureProtocol(fl.protocol) && protocol == fl.protocol && !x.modal(s) {
		setControl(fl.controls, finding{name: stride.EncryptionInTransit, state: stride.ControlPresent}, ev)
	}
	if fl.plain == nil && plainProtocol(protocol) && x.overPlain(s, r) {
		fl.plain = &ev
	}
	for _, d := range x.dataOf(s, f, r) {
		fl.data = addClass(fl.data, d)
	}
}

// negated reports whether the verb at token i is denied: "does not call".
func (x *extractor) negated(s *sentence, i int) bool {
	for j := max(0, i-3); j < i && j < len(s.tokens); j++ {
		switch s.tokens[j].lower {
		case "not", "never", "cannot", "n't", "don't", "doesn't", "no", "can't", "won't":
			return true
		}
	}
	return i > 0 && i <= len(s.tokens) && s.tokens[i-1].lower == "without" // "without giving X access"
}

func (x *extractor) modal(s *sentence) bool { return modality(strings.ToLower(x.text[s.start:s.end])) }
