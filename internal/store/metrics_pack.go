package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// packFormat says how lives are packed and what of the rows is in them. It goes
// up whenever either changes; a summary of another format is written anew.
const packFormat = 1

// errPack is for bytes that no pack wrote.
var errPack = errors.New("broken summary")

// pack returns the lives of a project, but for the project itself, as bytes, and
// the ids of suggestions and threats in their order, which only a change needs.
// Numbers are varints, times the difference to the one before, and words places
// in a table at the beginning.
func pack(l *metrics.Lives) (ids, body []byte) {
	p := packer{words: map[string]uint64{}}
	p.kinds(l.Kinds)
	p.uint(uint64(len(l.Suggestions)))
	var last int64
	for i := range l.Suggestions {
		s := &l.Suggestions[i]
		ids = appendText(ids, string(s.ID))
		p.uint(uint64(s.Kind)<<1 | bit(s.Unverified)) //nolint:gosec // a place in a list
		last = p.steps(s.Steps, last, func(code uint8) string { return string(metrics.SuggestionCodes().Value(code)) })
	}
	p.uint(uint64(len(l.Threats)))
	for i := range l.Threats {
		t := &l.Threats[i]
		ids = appendText(ids, string(t.ID))
		p.uint(uint64(t.Kind)<<1 | bit(t.Human)) //nolint:gosec // a place in a list
		p.int(t.Reported)
		last = p.steps(t.Steps, last, func(code uint8) string { return string(metrics.ThreatCodes().Value(code)) })
	}
	p.models(l.Models)
	p.drafts(l.Drafts)
	body = binary.AppendUvarint(nil, uint64(len(p.table)))
	for _, word := range p.table {
		body = appendText(body, word)
	}
	return ids, append(body, p.out...)
}

type packer struct {
	out   []byte
	words map[string]uint64
	table []string
}

func (p *packer) uint(n uint64) { p.out = binary.AppendUvarint(p.out, n) }

func (p *packer) int(n int64) { p.out = binary.AppendVarint(p.out, n) }

func (p *packer) word(w string) uint64 {
	place, ok := p.words[w]
	if !ok {
		place = uint64(len(p.table))
		p.words[w] = place
		p.table = append(p.table, w)
	}
	return place
}

func (p *packer) kinds(kinds []metrics.Kind) {
	p.uint(uint64(len(kinds)))
	for _, k := range kinds {
		for _, w := range []string{string(k.Category), string(k.Severity), k.Rule, k.Model, k.Prompt} {
			p.uint(p.word(w))
		}
	}
}

// steps returns the first step's time, from which the next thing's is measured.
func (p *packer) steps(steps []metrics.Step, last int64, name func(uint8) string) int64 {
	p.uint(uint64(len(steps)))
	first := last
	for i, s := range steps {
		p.uint(p.word(name(s.State))<<2 | bit(s.Reason != 0)<<1 | bit(s.Edited))
		if s.Reason != 0 {
			p.uint(p.word(string(metrics.ReasonCodes().Value(s.Reason))))
		}
		p.int(s.At - last)
		last = s.At
		if i == 0 {
			first = s.At
		}
	}
	return first
}

func (p *packer) models(models []metrics.ModelLife) {
	p.uint(uint64(len(models)))
	for _, m := range models {
		p.uint(p.word(m.Scope))
		p.int(int64(m.Number))
		p.uint(uint64(len(m.Moves)))
		for _, move := range m.Moves {
			p.uint(p.word(move.State))
			p.int(move.At)
		}
	}
}

func (p *packer) drafts(drafts []metrics.DraftLife) {
	p.uint(uint64(len(drafts)))
	for _, d := range drafts {
		p.uint(p.word(d.Scope))
		for _, n := range []int64{int64(d.Number), d.At, int64(d.Wanted), int64(d.Answered)} {
			p.int(n)
		}
	}
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// unpack is the reverse of pack; ids is nil where nobody wants them.
func unpack(ids, body []byte) (*metrics.Lives, error) {
	u := unpacker{in: body, l: &metrics.Lives{}}
	for range u.count() {
		u.table = append(u.table, u.text())
	}
	u.codes()
	u.kinds()
	u.threats(u.suggestions())
	u.models()
	u.drafts()
	if u.bad || len(u.in) > 0 {
		return nil, errPack
	}
	if ids == nil {
		return u.l, nil
	}
	names := unpacker{in: ids}
	for i := range u.l.Suggestions {
		u.l.Suggestions[i].ID = stride.SuggestionID(names.text())
	}
	for i := range u.l.Threats {
		u.l.Threats[i].ID = stride.ThreatID(names.text())
	}
	if names.bad || len(names.in) > 0 {
		return nil, fmt.Errorf("ids: %w", errPack)
	}
	return u.l, nil
}

// unpacker reads; once something is wrong, bad stays true and all is zero.
type unpacker struct {
	in    []byte
	table []string
	bad   bool
	l     *metrics.Lives
	steps []metrics.Step
	// What the words of the table are as codes.
	suggestionCodes, threatCodes, reasonCodes []uint8
}

func (u *unpacker) uint() uint64 {
	n, size := binary.Uvarint(u.in)
	if size <= 0 {
		u.bad, u.in = true, nil
		return 0
	}
	u.in = u.in[size:]
	return n
}

func (u *unpacker) int() int64 {
	n, size := binary.Varint(u.in)
	if size <= 0 {
		u.bad, u.in = true, nil
		return 0
	}
	u.in = u.in[size:]
	return n
}

// count reads how many follow; each takes a byte at least.
func (u *unpacker) count() int {
	n := u.uint()
	if n > uint64(len(u.in)) {
		u.bad, u.in = true, nil
		return 0
	}
	return int(n) //nolint:gosec // bounded by a length
}

func (u *unpacker) text() string {
	n := u.count()
	text := string(u.in[:n])
	u.in = u.in[n:]
	return text
}

// place reads a place in a list of n.
func (u *unpacker) place(n int) int { return u.inside(u.uint(), n) }

func (u *unpacker) inside(place uint64, n int) int {
	if place >= uint64(n) { //nolint:gosec // a length
		u.bad, u.in = true, nil
		return 0
	}
	return int(place) //nolint:gosec // bounded by n
}

func (u *unpacker) word() string {
	place := u.place(len(u.table))
	if u.bad {
		return ""
	}
	return u.table[place]
}

// codes gives the table's words the numbers that they have now, whatever they
// were when it was packed.
func (u *unpacker) codes() {
	suggestions, threats, reasons := metrics.SuggestionCodes(), metrics.ThreatCodes(), metrics.ReasonCodes()
	for _, w := range u.table {
		u.suggestionCodes = append(u.suggestionCodes, suggestions.Of(stride.SuggestionState(w)))
		u.threatCodes = append(u.threatCodes, threats.Of(stride.ThreatState(w)))
		u.reasonCodes = append(u.reasonCodes, reasons.Of(stride.RejectReason(w)))
	}
}

func (u *unpacker) kinds() {
	for range u.count() {
		u.l.Kinds = append(u.l.Kinds, metrics.Kind{
			Category: stride.Category(u.word()), Severity: stride.Severity(u.word()), Rule: u.word(), Model: u.word(), Prompt: u.word(),
		})
	}
}

// life reads steps into the common array, so that a project costs a few
// allocations and not one per thing.
func (u *unpacker) life(last int64, codes []uint8) ([]metrics.Step, int64) {
	begin := len(u.steps)
	first := last
	for i := range u.count() {
		var s metrics.Step
		tag := u.uint()
		word := u.inside(tag>>2, len(codes))
		if tag&2 != 0 {
			if place := u.place(len(codes)); !u.bad {
				s.Reason = u.reasonCodes[place]
			}
		}
		s.Edited = tag&1 != 0
		last += u.int()
		s.At = last
		if u.bad {
			return nil, 0
		}
		s.State = codes[word]
		u.steps = append(u.steps, s)
		if i == 0 {
			first = s.At
		}
	}
	return u.steps[begin:len(u.steps):len(u.steps)], first
}

// suggestions returns where the threats' times go on from.
func (u *unpacker) suggestions() (last int64) {
	n := u.count()
	u.l.Suggestions = make([]metrics.SuggestionLife, n)
	u.steps = make([]metrics.Step, 0, 3*n)
	for i := range u.l.Suggestions {
		head := u.uint()
		s := &u.l.Suggestions[i]
		s.Kind, s.Unverified = int32(u.inside(head>>1, len(u.l.Kinds))), head&1 != 0 //nolint:gosec // bounded
		if s.Steps, last = u.life(last, u.suggestionCodes); u.bad {
			return 0
		}
	}
	return last
}

func (u *unpacker) threats(last int64) {
	u.l.Threats = make([]metrics.ThreatLife, u.count())
	for i := range u.l.Threats {
		head := u.uint()
		t := &u.l.Threats[i]
		t.Kind, t.Human = int32(u.inside(head>>1, len(u.l.Kinds))), head&1 != 0 //nolint:gosec // bounded
		t.Reported = u.int()
		if t.Steps, last = u.life(last, u.threatCodes); u.bad {
			return
		}
	}
}

func (u *unpacker) models() {
	for range u.count() {
		m := metrics.ModelLife{Scope: u.word(), Number: int(u.int())}
		for range u.count() {
			m.Moves = append(m.Moves, metrics.Move{State: u.word(), At: u.int()})
		}
		u.l.Models = append(u.l.Models, m)
	}
}

func (u *unpacker) drafts() {
	for range u.count() {
		u.l.Drafts = append(u.l.Drafts, metrics.DraftLife{
			Scope: u.word(), Number: int(u.int()), At: u.int(), Wanted: int(u.int()), Answered: int(u.int()),
		})
	}
}
