package draft

import (
	"bytes"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/catalogue"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// verifier checks each proposal on its own: what it points at must exist, what
// it quotes must stand in the source, what it cites must be in the catalogue.
type verifier struct {
	targets map[stride.Key]bool
	sources []stride.Source
	lower   [][]byte // the sources in lower case, to look for terms
}

func newVerifier(a *stride.Architecture, sources []stride.Source) *verifier {
	v := &verifier{targets: map[stride.Key]bool{}, sources: sources}
	for _, e := range a.Elements {
		v.targets[e.ID] = true
	}
	for _, f := range a.Flows {
		v.targets[f.ID] = true
	}
	for _, s := range sources {
		v.lower = append(v.lower, bytes.ToLower(s.Content))
	}
	return v
}

// proposals returns those that hold, on the targets that exist. A proposal
// without any is dropped: there would be nothing to review.
func (v *verifier) proposals(in []stride.Proposal) []stride.Proposal {
	out := make([]stride.Proposal, 0, len(in))
	for _, p := range in {
		if p.TargetIDs, p.Targets = v.existing(p); len(p.TargetIDs) == 0 {
			continue
		}
		p.Evidence = v.evidence(p.Evidence)
		p.CWE, p.CAPEC = known(p.CWE), known(p.CAPEC)
		out = append(out, p)
	}
	return out
}

func (v *verifier) existing(p stride.Proposal) ([]stride.Key, []string) {
	keys, names := make([]stride.Key, 0, len(p.TargetIDs)), make([]string, 0, len(p.TargetIDs))
	for i, k := range p.TargetIDs {
		if !v.targets[k] {
			continue
		}
		keys = append(keys, k)
		if i < len(p.Targets) {
			names = append(names, p.Targets[i])
		}
	}
	return keys, names
}

func (v *verifier) mitigated(in []stride.Mitigated) []stride.Mitigated {
	out := make([]stride.Mitigated, 0, len(in))
	for _, m := range in {
		m.Evidence = v.evidence(m.Evidence)
		out = append(out, m)
	}
	return out
}

// evidence demotes a quote that does not hold, or is too short or too long to
// prove anything, to inferred; and so it does with "not stated" where the text
// does use one of the terms, if only elsewhere. Inferred is said once.
func (v *verifier) evidence(in []stride.Evidence) []stride.Evidence {
	out := make([]stride.Evidence, 0, len(in))
	for _, e := range in {
		if !v.holds(e) {
			e = stride.Evidence{Kind: stride.Inferred}
		}
		if e.Kind == stride.Inferred && slices.ContainsFunc(out, func(have stride.Evidence) bool { return have.Kind == stride.Inferred }) {
			continue
		}
		out = append(out, e)
	}
	return out
}

func (v *verifier) holds(e stride.Evidence) bool {
	switch e.Kind {
	case stride.Quoted:
		return len(e.Quote) >= stride.MinQuote && len(e.Quote) <= stride.MaxQuote && e.Holds(v.sources)
	case stride.NotStated:
		return !slices.ContainsFunc(e.Terms, v.mentions)
	}
	return e.Holds(v.sources)
}

func (v *verifier) mentions(term string) bool {
	needle := []byte(strings.ToLower(term))
	return slices.ContainsFunc(v.lower, func(text []byte) bool { return bytes.Contains(text, needle) })
}

// known labels the ids that the catalogue lacks.
func known(ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if _, ok := catalogue.Lookup(id); !ok {
			id += " (unverified)"
		}
		out = append(out, id)
	}
	return out
}
