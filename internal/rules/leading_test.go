package rules

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// guess makes a proposal of low confidence.
func guess(rule string, targets ...stride.Key) ranked {
	return ranked{Proposal: stride.Proposal{ID: rule + string(targets[0]), Rule: rule, Confidence: stride.ConfidenceLow, TargetIDs: targets}}
}

func rulesOf(found []ranked) []string {
	out := make([]string, len(found))
	for i, r := range found {
		out[i] = r.Rule
	}
	return out
}

// TestFirstOnesDoNotRepeat: the third of a kind waits until the first ten are full,
// and keeps its place behind them.
func TestFirstOnesDoNotRepeat(t *testing.T) {
	t.Parallel()
	found := []ranked{guess("net-a", "x"), guess("net-b", "y"), guess("net-c", "z"), guess("queue-a", "q"), guess("queue-b", "q"), guess("queue-c", "q"), guess("queue-d", "r")}
	for range 8 {
		found = append(found, guess("web-a", "w"))
	}
	got := rulesOf(led(found))
	require.Len(t, got, len(found))
	require.Equal(t, []string{"net-a", "net-b", "queue-a", "queue-b", "queue-d"}, got[:5])
	require.Less(t, read-1, slices.Index(got, "net-c"))
	require.Less(t, slices.Index(got, "net-c"), slices.Index(got, "queue-c"))
	require.Equal(t, rulesOf(found[:read]), rulesOf(led(found[:read])), "nothing takes their places")
}

// TestTemplatesDoNotFillTheDraft: of a part beside the core a family that fits all
// of its kind has a few things to say, of the heart of the design all.
func TestTemplatesDoNotFillTheDraft(t *testing.T) {
	t.Parallel()
	d := newDesign(sketch(t, "User:end_user > Site:web_app > API:api > Bus:queue > Worker:worker; Site > Bus; API > Worker; Site > Login:identity_provider; "+
		"API > Login; Jobs:queue; A:worker > Bus; B:worker > Bus; C:worker > Bus"))
	require.Equal(t, stride.Key("bus"), d.heart())
	many := func(key stride.Key) (out []ranked) {
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			out = append(out, guess("queue-"+name, key))
		}
		return out
	}
	require.Len(t, d.lessOfOneKind(many("jobs")), mostOfKind)
	require.Len(t, d.lessOfOneKind(many("bus")), 7)
	require.Len(t, d.lessOfOneKind(many("site")), 2*mostOfKind)
	small := newDesign(sketch(t, "API:api > Bus:queue; Jobs:queue"))
	require.Len(t, small.lessOfOneKind(many("jobs")), 7, "a small design has no margin")
}

// TestEntriesAreOfTheirPart: what a list says under the name of one part is not told
// of another that the entry mentions.
func TestEntriesAreOfTheirPart(t *testing.T) {
	t.Parallel()
	told := func(quote string) []string {
		return titles(t, "Store:service("+quote+"); Render worker:worker", "told-plain-inside")
	}
	require.Empty(t, told("Render worker: fetches from the Store and decrypts it"))
	require.NotEmpty(t, told("Store: decrypts what it has"))
}

// TestPluralNames: verbs agree with a name that is one of several.
func TestPluralNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Data scientists": true, "Build servers": true, "Administrators": true, "Redis": false, "Message bus": false, "Order access": false, "Google Analytics": false, "Kubernetes": false,
	} {
		tag := "worker"
		if name == "Administrators" {
			tag = "admin"
		}
		require.Equal(t, want, newDesign(sketch(t, name+":"+tag)).nodes[0].plural(), name)
	}
	require.Equal(t, []string{"Build servers see in clear what is encrypted on either side"}, titles(t, "Build servers:service(What Build servers get is decrypted there)", "told-plain-inside"))
}
