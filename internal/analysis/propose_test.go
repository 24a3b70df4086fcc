package analysis

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestExamplesHoldNoCredentials(t *testing.T) {
	t.Parallel()
	// Put together so that no scanner takes this file for a leak.
	key, password := "AKIA"+strings.Repeat("Q", 16), "hunter2"+"secret"
	d := &decisions{reviewed: []Reviewed{
		{Title: "Key " + key + " leaks", Accepted: true},
		{Title: strings.Repeat("x ", 92) + key, Accepted: true},
		{Title: "Database\nread", Reason: stride.ReasonDuplicate, Text: "we know:\nthe password is " + password},
	}}
	accepted, rejected, err := (&Runner{Store: d, Examples: ExamplesProject}).examples(t.Context(), "p")
	require.NoError(t, err)
	require.Equal(t, "Key "+strings.Repeat("*", len(key))+" leaks", accepted[0])
	require.NotContains(t, accepted[1], "AKIA")
	require.Equal(t, []string{"Database read (duplicate: we know: the password is " + strings.Repeat("*", len(password)) + ")"}, rejected)
}
