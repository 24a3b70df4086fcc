package draft

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// JSON writes the draft with two spaces of indentation and a final newline.
func JSON(w io.Writer, out Output) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write the draft as JSON: %w", err)
	}
	return nil
}

// topThreats is how many threats Markdown tells in full; the rest is a table.
const topThreats = 10

// Markdown writes the draft for a pull request: what was understood, the top
// threats with their fixes, the questions, then the rest. Names and quotes of the
// input are escaped, so that they can form no markup of their own.
func Markdown(w io.Writer, out Output) error {
	p := &page{names: map[stride.Key]string{}}
	for _, e := range out.Architecture.Elements {
		p.names[e.ID] = e.Name
	}
	for _, f := range out.Architecture.Flows {
		p.names[f.ID] = or(f.Name, "flow")
	}
	p.line("# Threat draft")
	p.line("")
	p.line("%s, %s. Every threat is a suggestion for a person to decide.", count(len(out.Threats), "threat"), count(len(out.Questions), "question"))
	p.understood(out.Architecture)
	p.threats(out.Threats)
	p.questions(out.Questions)
	p.rest(out.Threats, out.HeldBack)
	p.done(out.Mitigated)
	p.coverage(out.Coverage)
	p.notes(out.Notes)
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write the draft as Markdown: %w", err)
	}
	return nil
}

type page struct {
	strings.Builder
	names map[stride.Key]string
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) heading(text string) { p.line("\n## %s\n", text) }

func (p *page) understood(a stride.Architecture) {
	zones := map[stride.Key]string{}
	for _, b := range a.TrustBoundaries {
		zones[b.ID] = b.Name
	}
	p.heading("What we understood")
	p.line("| element | kind | technology | zone |\n|---|---|---|---|")
	for _, e := range a.Elements {
		name := escape(e.Name)
		if e.OutOfScope {
			name += " (out of scope)"
		}
		p.line("| %s | %s | %s | %s |", name, words(e.Kind), escape(tagWords(e.Tags)), escape(zones[e.Zone]))
	}
	if len(a.Flows) > 0 {
		p.line("\n| flow | from | to | protocol | crosses |\n|---|---|---|---|---|")
	}
	for _, f := range a.Flows {
		var crossed []string
		for _, k := range f.Crosses {
			crossed = append(crossed, zones[k])
		}
		p.line("| %s | %s | %s | %s | %s |", escape(f.Name), escape(p.names[f.SourceID]), escape(p.names[f.TargetID]),
			escape(f.Protocol), escape(strings.Join(crossed, ", ")))
	}
	if len(a.TrustBoundaries) > 0 {
		p.line("")
	}
	for _, b := range a.TrustBoundaries {
		p.line("- Trust boundary: %s (%s)", escape(b.Name), words(b.Kind))
	}
}

func (p *page) threats(threats []stride.Proposal) {
	p.heading("Top threats")
	if len(threats) == 0 {
		p.line("None found.")
	}
	for i, t := range threats[:min(topThreats, len(threats))] {
		p.line("### %d. %s\n", i+1, escape(t.Title))
		p.line("%s, severity %s (likelihood %d x impact %d), confidence %s\n", t.Category.Title(), t.Severity, t.Likelihood, t.Impact, t.Confidence)
		p.line("%s\n", escape(t.Statement))
		for _, e := range t.Evidence {
			p.evidence(e)
		}
		for _, m := range t.Mitigations {
			p.line("- Fix: %s (%s)", escape(m.Text), escape(strings.Join(m.References, ", ")))
		}
		p.line("")
	}
}

func (p *page) evidence(e stride.Evidence) {
	switch e.Kind {
	case stride.Quoted:
		p.line("> %s\n", escape(e.Quote))
	case stride.HumanEvidence:
		p.line("> Answered: %s\n", escape(or(e.Quote, "yes")))
	case stride.NotStated:
		p.line("Not stated; looked for: %s.\n", escape(strings.Join(e.Terms, ", ")))
	}
}

func (p *page) questions(questions []stride.Question) {
	if len(questions) == 0 {
		return
	}
	p.heading("Questions")
	for i, q := range questions {
		settles := fmt.Sprintf("settles %d", len(q.ThreatIDs))
		if len(q.ThreatIDs) == 0 {
			settles = "stated of other parts; if it is missing here, that is a threat"
		}
		p.line("%d. %s (%s, %s)", i+1, escape(q.Text), words(q.Control), settles)
	}
}

func (p *page) rest(threats []stride.Proposal, heldBack int) {
	if len(threats) > topThreats {
		p.heading("More threats")
		p.line("| threat | category | severity | confidence | fix |\n|---|---|---|---|---|")
		for _, t := range threats[topThreats:] {
			first := ""
			if len(t.Mitigations) > 0 {
				first = t.Mitigations[0].Text
			}
			p.line("| %s | %s | %s | %s | %s |", escape(t.Title), t.Category.Title(), t.Severity, t.Confidence, escape(first))
		}
	}
	if heldBack > 0 {
		p.line("\n%s of lower rank held back; `--all` shows them.", count(heldBack, "threat"))
	}
}

func (p *page) done(done []stride.Mitigated) {
	if len(done) == 0 {
		return
	}
	p.heading("Already mitigated")
	for _, m := range done {
		quote := ""
		for _, e := range m.Evidence {
			if e.Quote != "" {
				quote = ": \"" + escape(e.Quote) + "\""
				break
			}
		}
		p.line("- %s (%s)%s", escape(m.Title), words(m.Control), quote)
	}
}

func (p *page) coverage(cells []stride.Cell) {
	if len(cells) == 0 {
		return
	}
	p.heading("Coverage")
	byState := map[stride.CellState]int{}
	for _, c := range cells {
		byState[c.State]++
	}
	p.line("Of %d cells that want an answer: %d with a threat, %d mitigated, %d not applicable, %d empty.", len(cells),
		byState[stride.CellThreat], byState[stride.CellMitigated], byState[stride.CellNotApplicable], byState[stride.CellEmpty])
}

func (p *page) notes(notes []string) {
	if len(notes) == 0 {
		return
	}
	p.heading("Notes")
	for _, n := range notes {
		p.line("- %s", escape(n))
	}
}

func tagWords(tags []stride.Tag) string {
	out := make([]string, 0, len(tags))
	for _, t := range tags {
		out = append(out, words(t))
	}
	return strings.Join(out, ", ")
}

func words[T ~string](id T) string { return strings.ReplaceAll(string(id), "_", " ") }

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// escape makes text of the input harmless: one line, no markup of Markdown or
// HTML, and no address or mention that a forge would turn into a link.
func escape(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return markup.Replace(text)
}

// markup escapes every character that starts markup, whatever its place.
var markup = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", `\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`,
	"|", `\|`, "#", `\#`, "~", `\~`, "!", `\!`, "@", "&#64;", "://", "&#58;//",
)
