// Package catalogue holds the ids and names of the CWE, CAPEC, ATT&CK and ASVS
// entries that our rules and prompts cite.
//
// It exists so that an id is never shown with a wrong name and an invented id is
// seen at once. It is no copy of those catalogues: an id that it lacks may well
// exist, and is shown as unverified. It reads no files.
package catalogue

import "strings"

// Catalogue names one of the public lists.
type Catalogue string

const (
	CWE    Catalogue = "CWE"
	CAPEC  Catalogue = "CAPEC"
	ATTACK Catalogue = "ATT&CK"
	ASVS   Catalogue = "ASVS"
)

// Entry is one entry of a public list. The Name of an ASVS requirement is the
// section that it stands in.
type Entry struct {
	ID        string
	Name      string
	Catalogue Catalogue
}

// Lookup finds an entry by its id as it is written in references: "CWE-89",
// "CAPEC-66", "T1195.002", "ASVS 12.2.1". It reports false for an id that we do
// not hold.
func Lookup(id string) (Entry, bool) {
	list, names := tableOf(id)
	name, ok := names[id]
	if !ok {
		return Entry{}, false
	}
	return Entry{ID: id, Name: name, Catalogue: list}, true
}

func tableOf(id string) (Catalogue, map[string]string) {
	switch {
	case strings.HasPrefix(id, "CWE-"):
		return CWE, cwe
	case strings.HasPrefix(id, "CAPEC-"):
		return CAPEC, capec
	case strings.HasPrefix(id, "ASVS "):
		return ASVS, asvs
	}
	return ATTACK, attack
}
