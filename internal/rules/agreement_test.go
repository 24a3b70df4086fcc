package rules

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTextsAgreeWithSeveralNames: a text is written for one name and fits several.
func TestTextsAgreeWithSeveralNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"a verb after its subject", "because {target} keeps sessions", "because {target} keep sessions"},
		{"at the beginning", "{target} deleted together with its copies", "{target} deleted together with their copies"},
		{"a question", "Does {target} check what {target} sends?", "Do {target} check what {target} send?"},
		{"another kind of question", "Is {target} reached from outside?", "Are {target} reached from outside?"},
		{"a verb of somebody else", "an attacker who reaches {target} reads it", "an attacker who reaches {target} reads it"},
		{"an adverb between", "workloads that {target} never sees", "workloads that {target} never see"},
		{"a noun", "the owner of {target} records", "the owner of {target} records"},
		{"no placeholder", "nothing runs", "nothing runs"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, agreed(tc.text, "{target}"))
		})
	}
}

// TestSeveralTargetsAreToldInThePlural: titles and questions of a proposal on two
// parts have verbs for two.
func TestSeveralTargetsAreToldInThePlural(t *testing.T) {
	t.Parallel()
	one := Propose(sketch(t, "A:api > Lists:mysql#health"), Options{All: true})
	require.Equal(t, "Lists deleted or encrypted together with its copies", proposalsOf(one, "store-destruction")[0].Title)
	two := Propose(sketch(t, "A:api > Lists:mysql#health; A > Charts:mysql#health"), Options{All: true})
	require.Equal(t, "Lists and Charts deleted or encrypted together with their copies", proposalsOf(two, "store-destruction")[0].Title)
}
