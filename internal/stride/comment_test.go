package stride_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestMentionedNames(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want []string
	}{
		"none":             {"no one", []string{}},
		"one":              {"@ada please look", []string{"ada"}},
		"at the end":       {"ask @ada.", []string{"ada"}},
		"dots within":      {"ask @ada.lovelace-2, please", []string{"ada.lovelace-2"}},
		"with spaces":      {`@"Ada Lovelace": why?`, []string{"Ada Lovelace"}},
		"two in a row":     {"@ada @bob", []string{"ada", "bob"}},
		"twice":            {"@ada and @ada", []string{"ada"}},
		"another alphabet": {"(@Жанна)", []string{"Жанна"}},
		"mail":             {"write to ada@example.com", []string{}},
		"package":          {"npm i a/@scope", []string{}},
		"code":             {"`@Override` is by @bob", []string{"bob"}},
		"alone":            {"@ and @\"\"", []string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, stride.MentionedNames(tt.text))
		})
	}
}
