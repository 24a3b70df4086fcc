package rules

import "strings"

// hygiene are measures that every service wants and that nothing in a
// description singles out: they become one note to the reader, never a threat.
var hygiene = []struct {
	measure string
	applies func(*node) bool
}{
	{"patching and input validation", func(n *node) bool { return n.webService() && n.exposed() && !n.takesComplexInput() }},
	{"limits on requests", func(n *node) bool { return n.webService() && n.exposed() && !n.public() }},
	{"authentication of callers", func(n *node) bool { return n.webService() && n.exposed() && n.gain() == "" && !n.signedIn() }},
	{"limits on costly queries", func(n *node) bool { return n.webService() && n.exposed() && n.nearQueried() && !n.offersQueries() }},
	{"error answers without internals", func(n *node) bool { return n.is("api", "web_app") && n.public() }},
	{"request logs with identities", func(n *node) bool { return n.webService() && n.exposed() && !n.deniable() }},
}

// hygieneNotes returns one note with the measures and the services that they are
// for, and what more there is of the kind, or none.
func hygieneNotes(d *design, more ...string) []string {
	var parts []string
	for _, h := range hygiene {
		var names nameList
		for _, n := range d.nodes {
			if !n.OutOfScope && h.applies(n) {
				names.add(n.Name)
			}
		}
		if len(names.names) > 0 {
			parts = append(parts, h.measure+" ("+join(names.names, 3)+")")
		}
	}
	parts = append(parts, more...)
	if len(parts) == 0 {
		return nil
	}
	return []string{"General hygiene, not drafted as threats because nothing stated singles it out: " + strings.Join(parts, "; ") + "."}
}
