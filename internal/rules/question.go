package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// questions asks about the unknown controls behind the proposals, at most limit
// of them, those first that settle the most score. Proposals that rest on the
// same control of a common target share a question, worded by the most urgent.
// What is only asked is no proposal yet, so that a question on it alone settles
// none.
func questions(proposed, asked []ranked, asks map[string]string, limit int) []stride.Question {
	if limit == 0 {
		limit = stride.DefaultQuestions
	}
	var open []*askedFor
	for i, r := range slices.Concat(proposed, asked) {
		p := &r.Proposal
		text, unknown := asks[p.ID]
		if !unknown {
			continue
		}
		q := shared(open, p)
		if q == nil {
			q = &askedFor{question: stride.Question{Text: text, Control: p.Control, ThreatIDs: []string{}}, targets: make(map[stride.Key]bool, len(p.TargetIDs))}
			open = append(open, q)
		}
		q.cover(p, i < len(proposed))
	}
	slices.SortStableFunc(open, func(a, b *askedFor) int { return cmp.Compare(b.settles, a.settles) })
	out := make([]stride.Question, 0, min(limit, len(open)))
	for _, q := range open[:min(max(limit, 0), len(open))] {
		q.question.ID = questionID(q.question)
		out = append(out, q.question)
	}
	return out
}

// askedFor is a question in the making.
type askedFor struct {
	question stride.Question
	targets  map[stride.Key]bool
	settles  int // sum of the scores of its proposals
}

func (q *askedFor) cover(p *stride.Proposal, proposed bool) {
	if proposed {
		q.question.ThreatIDs = append(q.question.ThreatIDs, p.ID)
	}
	q.settles += p.Likelihood * p.Impact
	for _, k := range p.TargetIDs {
		if !q.targets[k] {
			q.targets[k] = true
			q.question.TargetIDs = append(q.question.TargetIDs, k)
		}
	}
}

func shared(open []*askedFor, p *stride.Proposal) *askedFor {
	for _, q := range open {
		if q.question.Control != p.Control {
			continue
		}
		if slices.ContainsFunc(p.TargetIDs, func(k stride.Key) bool { return q.targets[k] }) {
			return q
		}
	}
	return nil
}

func questionID(q stride.Question) string {
	h := sha256.New()
	h.Write([]byte(q.Control))
	for _, k := range q.TargetIDs {
		h.Write([]byte{0})
		h.Write([]byte(k))
	}
	return "q-" + hex.EncodeToString(h.Sum(nil)[:6])
}
