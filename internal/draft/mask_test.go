package draft

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestCredentialsAreMasked(t *testing.T) {
	t.Parallel()
	// The samples are put together so that no scanner takes this file for a leak.
	for name, c := range map[string]struct{ before, secret, after string }{
		"an access key":     {"The key is ", "AKIA" + strings.Repeat("Q", 16), "."},
		"a secret key":      {"aws_secret_access_key = ", strings.Repeat("a1B/", 10), "\n"},
		"a GitHub token":    {"with ", "ghp_" + strings.Repeat("x1", 18), " in CI"},
		"a Slack token":     {"bot ", "xoxb-" + strings.Repeat("12", 8), ""},
		"a token":           {"Bearer ", "eyJ" + strings.Repeat("a", 12) + ".eyJ" + strings.Repeat("b", 12) + "." + strings.Repeat("c", 12), ""},
		"in an address":     {"postgres://app:", "hunter2", "@db/orders"},
		"an assignment":     {"password: ", "hunter2hunter2", ", for now"},
		"a word":            {"password: ", "", "required by policy"},
		"a sentence":        {"The token is signed and ", "", "lasts 15 minutes."},
		"an API's key name": {"THREATDRAFT_LLM_API_KEY is ", "", "a variable."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := c.before + c.secret + c.after
			in := []stride.Source{{ID: "s", Content: []byte(text)}}
			got, notes := Mask(in)
			require.Equal(t, c.before+strings.Repeat("*", len(c.secret))+c.after, string(got[0].Content))
			require.Equal(t, text, string(in[0].Content), "the input stays")
			require.Equal(t, c.secret != "", len(notes) == 1)
			for _, n := range notes {
				require.NotContains(t, n, c.secret)
				require.Contains(t, n, "line 1")
			}
		})
	}
}

func TestPrivateKeysKeepTheirLines(t *testing.T) {
	t.Parallel()
	text := "Key:\n-----BEGIN " + "PRIVATE KEY-----\nabc\ndef\n-----END " + "PRIVATE KEY-----\nThe API.\n"
	got, notes := Mask([]stride.Source{{Content: []byte(text)}})
	require.Len(t, got[0].Content, len(text))
	require.Equal(t, strings.Count(text, "\n"), strings.Count(string(got[0].Content), "\n"))
	require.NotContains(t, string(got[0].Content), "abc")
	require.Len(t, notes, 1)
}

// No credential reaches a model, a quote or the output.
func TestNoCredentialLeaves(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	in := Input{Sources: []stride.Source{{ID: "s", Content: []byte(pottery + " The web shop reads PostgreSQL with the password: " + secret + " from a file.")}}, Complete: true}
	m := &model{answer: answers(nil)}
	out, err := hybridPipeline(t, m).Run(t.Context(), in, nil)
	require.NoError(t, err)
	require.NotEmpty(t, m.asked)
	for _, r := range m.asked {
		require.NotContains(t, r.System+r.User, secret)
	}
	var page strings.Builder
	require.NoError(t, JSON(&page, out))
	require.NotContains(t, page.String(), secret)
	require.Contains(t, page.String(), "masked in line 1")
}
