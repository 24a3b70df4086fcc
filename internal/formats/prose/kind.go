package prose

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// deviceSystem lists the operating systems of devices: the software of a device and
// no part beside it.
func deviceSystem(alias string) bool {
	switch alias {
	case "freertos", "zephyr", "zephyr rtos", "qnx", "vxworks", "threadx", "azure rtos", "rtems", "ecos rtos", "integrity rtos", "nuttx", "mbed os", "riot os",
		"contiki", "autosar", "autosar classic", "android automotive":
		return true
	}
	return false
}

// running finds the device that runs the operating system of mention j: the nearest of
// its sentence.
func (x *extractor) running(s *sentence, j int) *element {
	for _, k := range nearest(j, len(s.mentions)) {
		m := &s.mentions[k]
		if m.elem == nil && !m.idle() && m.entry.Kind == stride.Process && physical(m.entry.Tags) && !deviceSystem(m.entry.Alias) {
			if m.bare {
				m.elem = x.bareNoun(s, k)
			} else {
				m.elem = x.named(s, k)
			}
		}
		if m.elem != nil && m.elem.kind == stride.Process && physical(m.elem.tags) {
			return m.elem
		}
	}
	return nil
}

// nearest returns the other numbers below n, those close to j first.
func nearest(j, n int) []int {
	const most = 8
	var out []int
	for d := 1; d < most && (j-d >= 0 || j+d < n); d++ {
		if j-d >= 0 {
			out = append(out, j-d)
		}
		if j+d < n {
			out = append(out, j+d)
		}
	}
	return out
}

// onlyDevice finds the one device of the text, or makes one of the operating system.
func (x *extractor) onlyDevice(s *sentence, m *mention) *element {
	var hit *element
	for _, e := range x.reg.all {
		if e.kind != stride.Process || !slices.ContainsFunc(e.tags, func(t stride.Tag) bool { return t.Is("device") }) || e.is("sensor") || e.is("actuator") {
			continue
		}
		if hit != nil && hit != e {
			return nil
		}
		hit = e
	}
	if hit == nil && s.mayName() && !s.quiet(m.from) {
		hit = x.create(s, m, display(x.phraseText(s, m)))
	}
	return hit
}

// isOne reports whether the words between two phrases say that the first is one of
// what the second names: "is an", before words that describe.
func (x *extractor) isOne(between []token) bool {
	const reach = 7
	return len(between) > 1 && len(between) < reach && between[0].lower == "is" && indefinite(between[1].lower) && x.allDescribe(between[2:])
}

// modifier reports whether a phrase that ends before token i only stands before another
// noun: "is a Kubernetes clusters management system".
func (x *extractor) modifier(s *sentence, i int) bool {
	return i < len(s.tokens) && s.adjacent(x.text, i-1) && x.nounHere(s, i)
}

// takeKind makes the part one of what the entry names.
func (x *extractor) takeKind(e *element, entry gazetteer.Entry) *element {
	switch {
	case e.kind != entry.Kind || isHuman(e.tags) || e.kind == stride.ExternalEntity:
		return nil
	case entry.Level == gazetteer.Product, physical(entry.Tags):
		x.specify(e, entry, false)
	}
	return e
}
