package rules

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// setAside reports whether the source sets the kind of attack aside as out of scope:
// it knows of it, and somebody else takes care of it.
func (d *design) setAside(r *Rule) bool {
	if len(d.aside) == 0 {
		return false
	}
	says := func(phrase ...string) bool { return d.aside.find(phrase) >= 0 }
	byHand := r.Control == stride.PhysicalProtection || slices.Contains(r.CAPEC, "CAPEC-401") || slices.Contains(r.CWE, "CWE-1191")
	if byHand && (says("physical", "attack") || says("physical", "access") || says("physical", "tamper")) {
		return true
	}
	switch {
	case says("supply", "chain"):
		return family(r.ID) == "supply" || slices.Contains(r.CAPEC, "CAPEC-531") || slices.Contains(r.CAPEC, "CAPEC-439") || r.ID == "device-supply-backdoor"
	case says("denial", "of", "service") || says("dos", "attack") || says("ddos"):
		return r.Category == stride.DenialOfService
	case says("social", "engineering") || says("phishing"):
		return slices.Contains(r.CAPEC, "CAPEC-98") || slices.Contains(r.CAPEC, "CAPEC-407")
	}
	return false
}
