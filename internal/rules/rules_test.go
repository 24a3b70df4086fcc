package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/catalogue"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// sketch builds an Architecture from one line: parts separated by ";", flows by
// ">": "User:end_user > API:api+graphql#personal > DB:postgresql". A part is
// Name:tag+tag#data@zone kind; one without known tags is Name:process,
// Name:store or Name:external. A part that was named before needs its name only;
// "~https" after a flow's source gives the protocol, "~'text'" its label; text in
// parentheses after a part is the quote that names it.
func sketch(t testing.TB, text string) *stride.Architecture {
	t.Helper()
	a := &stride.Architecture{}
	for _, chain := range strings.Split(text, ";") {
		var last stride.Key
		protocol := ""
		for _, word := range strings.Split(chain, ">") {
			word, next, _ := strings.Cut(strings.TrimSpace(word), "~")
			id := sketchPart(t, a, word)
			if last != "" {
				name := a.TargetName(last) + " to " + a.TargetName(id)
				if label, ok := strings.CutPrefix(protocol, "'"); ok {
					name, protocol = strings.TrimSuffix(label, "'"), ""
				}
				a.Flows = append(a.Flows, stride.Flow{
					ID: stride.Key(fmt.Sprintf("flow-%d", len(a.Flows)+1)), Name: name,
					SourceID: last, TargetID: id, Protocol: protocol, Data: dataOf(a, id),
				})
			}
			last, protocol = id, next
		}
	}
	a.Connect()
	return a
}

func dataOf(a *stride.Architecture, id stride.Key) []stride.DataClass {
	e, _ := a.Element(id)
	return e.Data
}

func sketchPart(t testing.TB, a *stride.Architecture, word string) stride.Key {
	t.Helper()
	word, quote, _ := strings.Cut(word, "(")
	word, zone, _ := strings.Cut(word, "@")
	word, data, _ := strings.Cut(word, "#")
	name, tags, declared := strings.Cut(word, ":")
	id := stride.Key(stride.Slug(name))
	if _, ok := a.Element(id); ok || !declared {
		require.True(t, ok, "%s is not declared", name)
		return id
	}
	e := stride.Element{ID: id, Name: name, Kind: stride.Process, Zone: stride.Key(zone)}
	for _, tag := range strings.Split(tags, "+") {
		switch tag {
		case "process":
		case "store":
			e.Kind = stride.DataStore
		case "external":
			e.Kind = stride.ExternalEntity
		default:
			require.True(t, stride.Tag(tag).Known(), "tag %s", tag)
			e.Tags = append(e.Tags, stride.Tag(tag))
			e.Kind = kindOf(stride.Tag(tag), e.Kind)
		}
	}
	if quote != "" {
		e.Evidence = []stride.Evidence{{Kind: stride.Quoted, Quote: strings.TrimSuffix(quote, ")")}}
	}
	if data != "" {
		for _, class := range strings.Split(data, "+") {
			require.True(t, stride.DataClass(class).Valid(), "data class %s", class)
			e.Data = append(e.Data, stride.DataClass(class))
		}
	}
	if zone != "" {
		a.TrustBoundaries = append(a.TrustBoundaries, stride.TrustBoundary{ID: stride.Key(zone), Name: zone, Kind: stride.ZoneKind(zone)})
	}
	a.Elements = append(a.Elements, e)
	return id
}

func kindOf(t stride.Tag, otherwise stride.ElementKind) stride.ElementKind {
	for _, stored := range []stride.Tag{
		"database", "object_storage", "file_storage", "log_store", "backup_store", "secret_store", "config_store", "queue",
		"code_repository", "artifact_registry", "training_data", "package_dependency",
	} {
		if t.Is(stored) {
			return stride.DataStore
		}
	}
	if t.Is("human") || t.Is("third_party") || t.Is("client") {
		return stride.ExternalEntity
	}
	return otherwise
}

// with returns a with the control set on every element and flow.
func with(a *stride.Architecture, name stride.ControlName, state stride.ControlState) *stride.Architecture {
	said := stride.Control{State: state, Evidence: []stride.Evidence{{Kind: stride.HumanEvidence, Quote: "said so"}}}
	for i := range a.Elements {
		a.Elements[i].Controls[name] = said
	}
	for i := range a.Flows {
		a.Flows[i].Controls[name] = said
	}
	return a
}

func proposalsOf(r Result, rule string) []stride.Proposal {
	var out []stride.Proposal
	for _, p := range r.Proposals {
		if p.Rule == rule {
			out = append(out, p)
		}
	}
	return out
}

// TestRules holds each rule to its cases: it proposes with low confidence and a
// question where the control is unknown, with more where it is absent, shows it
// as mitigated where it, or one that answers as well, is present, and keeps quiet
// where it does not apply.
func TestRules(t *testing.T) {
	t.Parallel()
	byID := map[string]Rule{}
	for _, r := range List() {
		byID[r.ID] = r
	}
	for id, tc := range ruleCases {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			r, ok := byID[id]
			require.True(t, ok, "no such rule")
			list := []Rule{r}

			// All brings what a reserved rule holds back where only a kind of part speaks for it.
			unknown := propose(list, sketch(t, tc.positive), Options{MaxQuestions: 100, All: r.reserved})
			require.Len(t, unknown.Proposals, 1, "positive case")
			p := unknown.Proposals[0]
			if strings.Contains(p.Statement, "the design says “") {
				require.Equal(t, stride.ConfidenceMedium, p.Confidence)
				require.Equal(t, stride.Quoted, p.Evidence[0].Kind)
				require.Contains(t, p.Statement, excerpt(p.Evidence[0].Quote))
			} else {
				require.Equal(t, stride.ConfidenceLow, p.Confidence)
				require.False(t, r.onlyTold && strings.Contains(tc.positive, "("), "what is told is not quoted")
			}
			require.NotEqual(t, stride.SeverityCritical, p.Severity)
			require.Len(t, unknown.Questions, 1)
			require.Equal(t, []string{p.ID}, unknown.Questions[0].ThreatIDs)
			require.True(t, namesTarget(sketch(t, tc.positive), p), "statement %q names none of %v", p.Statement, p.Targets)
			texts := []string{p.Title, p.Statement, unknown.Questions[0].Text}
			for _, m := range p.Mitigations {
				texts = append(texts, m.Text)
			}
			require.NotContains(t, strings.Join(texts, " "), "{", "placeholder left")
			requireSum(t, p)

			absent := propose(list, with(sketch(t, tc.positive), r.Control, stride.ControlAbsent), Options{})
			require.Len(t, absent.Proposals, 1)
			require.Equal(t, stride.ConfidenceHigh, absent.Proposals[0].Confidence)
			require.Empty(t, absent.Questions)

			for _, control := range append([]stride.ControlName{r.Control}, r.Also...) {
				done := propose(list, with(sketch(t, tc.positive), control, stride.ControlPresent), Options{})
				require.Empty(t, done.Proposals, "mitigated case, %s", control)
				require.Len(t, done.Mitigated, 1, "mitigated case, %s", control)
			}

			quiet := propose(list, sketch(t, tc.negative), Options{})
			require.Empty(t, quiet.Proposals, "negative case")
			require.Empty(t, quiet.Mitigated, "negative case")
		})
	}
}

func requireSum(t *testing.T, p stride.Proposal) {
	t.Helper()
	sum := map[string]int{}
	for _, a := range p.Rationale {
		require.NotEmpty(t, a.Why)
		sum[a.Of] += a.Points
	}
	require.Equal(t, map[string]int{"likelihood": p.Likelihood, "impact": p.Impact}, sum)
	require.NoError(t, p.Risk.Validate())
	require.Equal(t, p.Risk.Severity(), p.Severity)
}

// namesTarget reports whether the statement has the name of a target, or of the
// ends of a target that is a flow.
func namesTarget(a *stride.Architecture, p stride.Proposal) bool {
	for i, k := range p.TargetIDs {
		if strings.Contains(p.Statement, p.Targets[i]) {
			return true
		}
		if f, ok := a.Flow(k); ok && strings.Contains(p.Statement, a.TargetName(f.TargetID)) {
			return true
		}
	}
	return false
}

func TestRulesAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	categories := map[stride.Category]int{}
	for _, r := range List() {
		t.Run(r.ID, func(t *testing.T) {
			require.False(t, seen[r.ID], "id is used twice")
			seen[r.ID] = true
			categories[r.Category]++
			require.True(t, r.Category.Valid())
			require.True(t, r.Control.Valid())
			for _, c := range r.Also {
				require.True(t, c.Valid() && c != r.Control, "%s", c)
			}
			require.NotEqual(t, r.element == nil, r.flow == nil, "exactly one condition")
			require.NoError(t, r.Risk.Validate())
			if !r.stated { // those have one test for all
				require.NotEmpty(t, ruleCases[r.ID].positive, "no positive case")
				require.NotEmpty(t, ruleCases[r.ID].negative, "no negative case")
			}
			for _, text := range []string{r.Title, r.Actor, r.Action, r.Effect, r.Lack, r.Ask} {
				require.NotEmpty(t, text)
			}
			require.NotEmpty(t, r.Terms)
			require.NotEmpty(t, r.CWE)
			require.NotEmpty(t, r.Fixes)
			ids := append(slices.Clone(r.CWE), r.CAPEC...)
			for _, f := range r.Fixes {
				require.NotEmpty(t, f.References)
				ids = append(ids, f.References...)
			}
			for _, id := range ids {
				_, ok := catalogue.Lookup(id)
				require.True(t, ok, "%s is not in the catalogue", id)
			}
		})
	}
	require.Len(t, categories, 6)
	for id := range ruleCases {
		require.True(t, seen[id], "case for a rule that is gone: %s", id)
	}
	for _, a := range technologyAdvice {
		require.True(t, a.tag.Known() && a.control.Valid(), "%s %s", a.control, a.tag)
		for _, id := range a.fix.References {
			_, ok := catalogue.Lookup(id)
			require.True(t, ok, "%s is not in the catalogue", id)
		}
	}
}

// TestConditionsNameKnownTags reads the rule files: a misspelt tag would silence
// its rule without any error.
func TestConditionsNameKnownTags(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	calls := regexp.MustCompile(`\.(?:is|near|has)\(("[^)]*")\)`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, call := range calls.FindAllStringSubmatch(string(text), -1) {
			for _, tag := range strings.Split(call[1], ",") {
				found++
				require.True(t, stride.Tag(strings.Trim(tag, `" `)).Known(), "%s: tag %s", file, tag)
			}
		}
	}
	require.Greater(t, found, 100)
	for _, s := range settings {
		require.NotEmpty(t, s.what)
		for _, tag := range s.tags {
			require.True(t, tag.Known(), "settings: tag %s", tag)
		}
	}
}

const shop = "Shopper:end_user > Browser:browser~'search reviews' > Shop:web_app+api#personal > Orders:postgresql#personal+payment; " +
	"Shop > Jobs:queue > Mailer:worker > Mail:third_party; Admin:admin > Shop; Admin > Orders"

func TestProposeIsDeterministic(t *testing.T) {
	t.Parallel()
	first := Propose(sketch(t, shop), Options{All: true})
	require.NotEmpty(t, first.Proposals)
	for range 50 {
		require.Empty(t, cmp.Diff(first, Propose(sketch(t, shop), Options{All: true})))
	}
	ids := map[string]bool{}
	for _, p := range first.Proposals {
		require.False(t, ids[p.ID], "id %s is used twice", p.ID)
		require.Len(t, p.ID, 16)
		ids[p.ID] = true
	}
	require.True(t, slices.IsSortedFunc(first.Proposals, func(a, b stride.Proposal) int {
		return ranked{Proposal: b}.priority() - ranked{Proposal: a}.priority()
	}))
}

func TestProposeHoldsBackBeyondTheCeiling(t *testing.T) {
	t.Parallel()
	a := sketch(t, shop+"; Browser > Upload API:api > Photos:object_storage#personal; Shop > Login:identity_provider")
	all := Propose(a, Options{All: true})
	some := Propose(a, Options{})
	require.Zero(t, all.HeldBack)
	require.Len(t, some.Proposals, 12+len(a.Elements))
	require.Equal(t, len(all.Proposals), len(some.Proposals)+some.HeldBack)
	require.Empty(t, cmp.Diff(all.Proposals[:alwaysKept], some.Proposals[:alwaysKept]))
	require.LessOrEqual(t, len(some.Questions), stride.DefaultQuestions)
	require.Equal(t, 40, ceiling(1000))
}

func TestProposeMergesTargetsOfOneState(t *testing.T) {
	t.Parallel()
	a := sketch(t, "Web:api; App:mobile_app > Web; Kiosk:browser > Web; Partner:third_party > Web~; Desk:desktop_app > Web")
	for i := range a.Flows[:3] {
		a.Flows[i].Controls[stride.EncryptionInTransit] = stride.Control{State: stride.ControlAbsent}
	}
	got := proposalsOf(Propose(a, Options{All: true}), "net-eavesdrop-open")
	require.Len(t, got, 2)
	require.Len(t, got[0].TargetIDs, 3, "absent")
	require.Equal(t, stride.ConfidenceMedium, got[0].Confidence, "absent, but nothing says so in words")
	require.Len(t, got[1].TargetIDs, 1, "unknown")
	require.Equal(t, got[0].TargetIDs[0], got[0].FlowID)
}

func TestProposeHonoursOutOfScope(t *testing.T) {
	t.Parallel()
	a := sketch(t, shop)
	for i := range a.Elements {
		a.Elements[i].OutOfScope = true
	}
	for i := range a.Flows {
		a.Flows[i].OutOfScope = true
	}
	got := Propose(a, Options{All: true})
	require.Empty(t, got.Proposals)
	require.Empty(t, got.Mitigated)
}

func TestProtocolThatEncryptsMitigates(t *testing.T) {
	t.Parallel()
	plain := Propose(sketch(t, "App:mobile_app~http > API:api"), Options{All: true})
	require.NotEmpty(t, proposalsOf(plain, "net-eavesdrop-open"))
	secure := Propose(sketch(t, "App:mobile_app~https > API:api"), Options{All: true})
	require.Empty(t, proposalsOf(secure, "net-eavesdrop-open"))
}

func TestCriticalityMovesImpact(t *testing.T) {
	t.Parallel()
	impact := func(criticality string) int {
		return proposalsOf(Propose(sketch(t, "User:end_user > Site:web_app"), Options{All: true, Criticality: criticality}), "web-flooding")[0].Impact
	}
	require.Equal(t, 3, impact(""))
	require.Equal(t, 4, impact("critical"))
	require.Equal(t, 2, impact("low"))
}

func TestQuestionsShareControlAndTarget(t *testing.T) {
	t.Parallel()
	for _, q := range Propose(sketch(t, shop), Options{All: true, MaxQuestions: 100}).Questions {
		require.NotEmpty(t, q.ThreatIDs)
		require.NotEmpty(t, q.TargetIDs)
		require.True(t, strings.HasSuffix(q.Text, "?"), q.Text)
	}
}

func BenchmarkPropose(b *testing.B) {
	for _, n := range []int{500, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := generated(n)
			b.ReportAllocs()
			for b.Loop() {
				Propose(a, Options{})
			}
		})
	}
}

// generated makes a model of n elements and 2n flows.
func generated(n int) *stride.Architecture {
	tags := []stride.Tag{"api", "postgresql", "queue", "worker", "web_app", "object_storage", "mobile_app", "third_party"}
	a := &stride.Architecture{TrustBoundaries: []stride.TrustBoundary{
		{ID: "net", Name: "Internet", Kind: stride.ZoneInternet}, {ID: "vpc", Name: "VPC", Kind: stride.ZoneNetwork},
	}}
	for i := range n {
		t := tags[i%len(tags)]
		zone := stride.Key("vpc")
		if t == "mobile_app" || t == "third_party" {
			zone = "net"
		}
		a.Elements = append(a.Elements, stride.Element{
			ID: stride.Key(fmt.Sprintf("e%d", i)), Name: fmt.Sprintf("Part %d", i), Tags: []stride.Tag{t}, Kind: kindOf(t, stride.Process), Zone: zone,
		})
	}
	for i := range 2 * n {
		a.Flows = append(a.Flows, stride.Flow{
			ID: stride.Key(fmt.Sprintf("f%d", i)), Name: fmt.Sprintf("flow %d", i),
			SourceID: a.Elements[i%n].ID, TargetID: a.Elements[(i*7+1+i/n)%n].ID,
		})
	}
	a.Connect()
	return a
}
