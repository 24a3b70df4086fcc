package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// quoted makes a control of the state that a sentence gives it.
func quoted(state stride.ControlState, quote string) stride.Control {
	return stride.Control{State: state, Evidence: []stride.Evidence{{Kind: stride.Quoted, SourceID: "s", End: len(quote), Quote: quote}}}
}

// TestToldFactsAreQuoted: what a rule rests on stands in the statement, comes first
// in the evidence and makes the proposal more than a guess.
func TestToldFactsAreQuoted(t *testing.T) {
	t.Parallel()
	a := sketch(t, "DB:mysql(Records in DB are never deleted)")
	got := proposalsOf(Propose(a, Options{}), "told-endless-data")
	require.Len(t, got, 1)
	p := got[0]
	require.Contains(t, p.Statement, "because the design says “Records in DB are never deleted” and no deletion on schedule is stated, causing")
	require.Equal(t, stride.ConfidenceMedium, p.Confidence)
	require.Equal(t, "Records in DB are never deleted", p.Evidence[0].Quote)
	require.Equal(t, stride.NotStated, p.Evidence[len(p.Evidence)-1].Kind)

	a.Elements[0].Controls = stride.Controls{stride.DataMinimization: quoted(stride.ControlAbsent, "DB has no masking.")}
	got = proposalsOf(Propose(a, Options{}), "told-endless-data")
	require.Len(t, got, 1)
	require.Contains(t, got[0].Statement, "because the design says “Records in DB are never deleted” and “DB has no masking”, causing")
	require.Equal(t, stride.ConfidenceHigh, got[0].Confidence)
	require.Equal(t, "DB has no masking.", got[0].Evidence[0].Quote)
}

// TestOneSentenceIsOneGap: a sentence that denies two controls of one part, or on
// which a specific rule rests already, makes no second stated gap.
func TestOneSentenceIsOneGap(t *testing.T) {
	t.Parallel()
	const both = "Nobody has an account of his own in the Kiosk."
	a := sketch(t, "Kiosk:process")
	a.Elements[0].Controls = stride.Controls{
		stride.Authentication:    quoted(stride.ControlAbsent, both),
		stride.UniqueCredentials: quoted(stride.ControlAbsent, both),
	}
	var rules []string
	for _, p := range propose(statedRules(), a, Options{All: true}).Proposals {
		rules = append(rules, p.Rule)
	}
	require.Equal(t, []string{"stated-unique-credentials"}, rules)

	const tale = "A restored copy of DB is used for staging"
	a = sketch(t, "DB:mysql("+tale+")")
	a.Elements[0].Controls = stride.Controls{stride.TenantIsolation: quoted(stride.ControlAbsent, tale)}
	got := Propose(a, Options{All: true})
	require.Len(t, proposalsOf(got, "told-copied-data"), 1)
	require.Empty(t, proposalsOf(got, "stated-tenant-isolation"))
}

// TestStatedGapsFitThePart: a sentence may name a part beside the one it speaks of.
func TestStatedGapsFitThePart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, part, quote string
		control           stride.ControlName
		want              int
	}{
		{"people keep no data", "Client:end_user", "Data of the Client is kept.", stride.DataMinimization, 0},
		{"services do", "API:api", "Data of the API is kept.", stride.DataMinimization, 1},
		{"files send nothing", "Share:file_storage", "The Share is not encrypted.", stride.EncryptionInTransit, 0},
		{"retention is no session", "API:api", "Logs of the API never expire.", stride.SessionManagement, 0},
		{"a token is", "API:api", "A token of the API never expires.", stride.SessionManagement, 1},
		{"a second factor is no replica", "API:api", "The API has no second factor.", stride.Redundancy, 0},
		{"a second instance is", "API:api", "The API has no second instance.", stride.Redundancy, 1},
		{"partners limit nothing", "Partner:third_party", "The Partner has no rate limit.", stride.RateLimiting, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := sketch(t, tc.part)
			a.Elements[0].Controls = stride.Controls{tc.control: quoted(stride.ControlAbsent, tc.quote)}
			require.Len(t, propose(statedRules(), a, Options{All: true}).Proposals, tc.want)
		})
	}
}

// TestDenialsOfSomethingElse: a denial counts for a rule that means the control in
// a narrower sense only where it speaks of that.
func TestDenialsOfSomethingElse(t *testing.T) {
	t.Parallel()
	confidence := func(quote string) stride.Confidence {
		a := sketch(t, "Registry:artifact_registry")
		a.Elements[0].Controls = stride.Controls{stride.CodeSigning: quoted(stride.ControlAbsent, quote)}
		return proposalsOf(Propose(a, Options{All: true}), "supply-replaced-artifact")[0].Confidence
	}
	require.Equal(t, stride.ConfidenceHigh, confidence("Images are not signed."))
	require.Equal(t, stride.ConfidenceLow, confidence("Commits are not signed."))
}

// TestOutspokenSources: where a source names several of its gaps, rules that fit
// every part of a kind are held back and asked, unless all are wanted or they are of
// a main part and the draft has room.
func TestOutspokenSources(t *testing.T) {
	t.Parallel()
	list := slices.DeleteFunc(List(), func(r Rule) bool { return r.ID != "store-theft-at-rest" })
	const aside = "; App > Site:web_app > API; Site > Jobs:queue; API > Jobs"
	draftOf := func(text string, gaps int, all bool) Result {
		a := sketch(t, text)
		names := []stride.ControlName{stride.Backup, stride.Quotas, stride.Monitoring}
		a.Elements[1].Controls = stride.Controls{}
		for _, name := range names[:gaps] {
			a.Elements[1].Controls[name] = quoted(stride.ControlAbsent, "The API has no "+words(name)+".")
		}
		return propose(list, a, Options{All: all, MaxQuestions: 100})
	}
	const small = "App:mobile_app#health > API:api > DB:mysql#health"
	draft := func(gaps int, all bool) Result { return draftOf(small+aside, gaps, all) }
	require.NotEmpty(t, proposalsOf(draft(outspokenFrom-1, false), "store-theft-at-rest"))
	quiet := draft(outspokenFrom, false)
	require.Empty(t, proposalsOf(quiet, "store-theft-at-rest"))
	require.Positive(t, quiet.HeldBack)
	var asked strings.Builder
	for _, q := range quiet.Questions {
		asked.WriteString(q.Text)
	}
	require.Contains(t, asked.String(), "Is DB encrypted at rest")
	require.NotEmpty(t, proposalsOf(draft(outspokenFrom, true), "store-theft-at-rest"))
	require.NotEmpty(t, proposalsOf(draftOf(small, outspokenFrom, false), "store-theft-at-rest"), "a main part")
}

// TestGuessesAreBounded: what rests on something stated stays, and the more there
// is of it the fewer guesses.
func TestGuessesAreBounded(t *testing.T) {
	t.Parallel()
	count := func(stated int) (kept, guessed int) {
		var found []ranked
		for i := range 60 {
			p := stride.Proposal{ID: strings.Repeat("x", i+1), Risk: risk(2, 2), Confidence: stride.ConfidenceLow}
			if i < stated {
				p.Confidence = stride.ConfidenceHigh
			}
			found = append(found, ranked{p, 1})
		}
		for _, r := range lessGuessed(sorted(found)) {
			if r.Confidence == stride.ConfidenceLow {
				guessed++
			} else {
				kept++
			}
		}
		return kept, guessed
	}
	for stated, want := range map[int]int{0: maxGuessed, 8: maxGuessed - 8, 40: leastGuessed} {
		kept, guessed := count(stated)
		require.Equal(t, stated, kept)
		require.Equal(t, want, guessed)
	}
}
