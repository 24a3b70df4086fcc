package draft

import (
	"strings"
	"testing"
	"time"

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

// One sample for each form; they are put together so that no scanner takes this
// file for a leak.
func TestEachFormIsMasked(t *testing.T) {
	t.Parallel()
	hex, mixed := strings.Repeat("0a1b2c3d", 8), strings.Repeat("Zx9aB3dE7qW5rT2yU8iO1pL4kJ6hG0fDsNmVcXaQ", 2)
	for _, c := range [][3]string{
		{"client_secret = ", "abc8Q~" + mixed[:34], "\n"},
		{"client_secret = ", "8Q~" + mixed[:30], "\n"},
		{"env AZ ", "abc8Q~" + mixed[:34], " end"},
		{"POSTGRES_PASSWORD=", "s3cretHunter2", "\n"},
		{"export DB_PASSWORD='", "s3cret,Hunter2;x", "'\n"},
		{"DB_PASS=", "s3cretHunter2", "\n"},
		{"dbPass: ", "s3cretHunter2", "\n"},
		{"- name: DB_PASSWORD\n  value: ", "s3cretHunter2", "\n"},
		{"{\"password\": \"", "s3cret Hunter2"[:6] + "Hunter2", "\"}"},
		{"<password>", "s3cretHunter2", "</password>"},
		{"| admin password | ", "s3cretHunter2", " |"},
		{"mysql --password ", "s3cretHunter2", " -u root"},
		{"STRIPE_API_KEY=", "sk_" + "live_" + mixed[:24], "\n"},
		{"STRIPE_API_KEY=", mixed[:24], "\n"},
		{"accessToken: ", mixed[:20], ","},
		{"signing_key: ", mixed[:32], "\n"},
		{"Authorization: Bearer ", mixed[:24], "\n"},
		{"with Bearer ", mixed[:24], " in it"},
		{"Authorization: Basic ", "dXNlcjpwYXNz", "\n"},
		{"AccountName=shop;AccountKey=", mixed[:44] + "==", ";EndpointSuffix=x"},
		{"Server=db;Password=", "s3cretHunter2", ";"},
		{"X-Api-Key: ", mixed[:20], "\n"},
		{"vault ", "hvs" + "." + mixed[:30], " x"},
		{"do ", "dop" + "_v1_" + hex, " x"},
		{"shop ", "shpat" + "_" + hex[:32], " x"},
		{"bricks ", "dap" + "i" + hex[:32], " x"},
		{"bot", "123456789:" + "AA" + mixed[:33], "/send"},
		{"bot ", "123456789:" + "AA" + mixed[:33], " x"},
		{"ci ", "glpat" + "-" + mixed[:20], " x"},
		{"ci ", "github" + "_pat_" + strings.Repeat("a1", 40), " x"},
		{"npm ", "npm" + "_" + mixed[:36], " x"},
		{"pypi ", "pypi" + "-" + mixed + "aB3", " x"},
		{"g ", "AIz" + "a" + mixed[:35], " x"},
		{"g ", "GOCSPX" + "-" + mixed[:28], " x"},
		{"llm ", "sk" + "-ant-" + mixed[:40], " x"},
		{"mail ", "SG" + "." + mixed[:22] + "." + mixed[:43], " x"},
		{"hub ", "hf" + "_" + mixed[:34], " x"},
		{"hub ", "dckr" + "_pat_" + mixed[:27], " x"},
		{"https://hooks.slack.com/services/", "T" + mixed[:30], " x"},
		{"sas ?sv=1&sig=", mixed[:40] + "%3D", " x"},
		{"redis://:", "p4ssw0rdLong", "@cache:6379"},
		{"amqp://app:", "p4ss@w0rd", "@mq/x"},
		{"The password is ", "hunter2secret", "."},
		{"The admin password was set to ", "hunter2secret", " in May."},
		{"Das Passwort lautet ", "hunter2secret", "."},
		{"The secret of ", "", "Vault"},
	} {
		t.Run(c[0]+c[1][:min(len(c[1]), 8)], func(t *testing.T) {
			t.Parallel()
			got, notes := Mask([]stride.Source{{Content: []byte("Über\n" + c[0] + c[1] + c[2])}})
			require.Equal(t, "Über\n"+c[0]+strings.Repeat("*", len(c[1]))+c[2], string(got[0].Content))
			require.Equal(t, c[1] != "", len(notes) == 1, notes)
			again, none := Mask(got)
			require.Equal(t, got, again, "masking twice changes nothing")
			require.Empty(t, none)
			require.Equal(t, string(got[0].Content), MaskText("Über\n"+c[0]+c[1]+c[2]))
		})
	}
}

func TestWordsAreNotMasked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"The API key is checked by the gateway.", "token: string", "password: required", "secret: see Vault", "It stores passwords as bcrypt hashes.",
		"password: none", "password = hashed with bcrypt", "Passwords: Argon2id, 12 characters at least.", "password: ${DB_PASSWORD1}", "password: <password1>",
		"PASSWORD=$DB_PASSWORD2", "password: {{ .Values.password1 }}", "secret: %SECRET_VALUE1%", "token_url=/oauth2/token1/issue", "token: https://idp.example/oauth2/v2.0/token",
		"PASSWORD_FILE=/run/secrets/db-password1", "secret: vault:secret/data/orders1", "token = os.Getenv(\"TOKEN1\")", "password = process.env.DB_PASSWORD1",
		"The token is OAuth2-based.", "token: HMAC-SHA256", "key: order-id-2", "The secret is 256-bit long.", "Token: RS256-signed, 15minutes", "secret: order-api-v2",
		"partition key: customer_id2", "password: xxxxxxxxxxxx", "secret: ************", "The tokens are stored in DynamoDB2024.x"[:39], "The bearer token authenticates2fa", "https://shop:8443/orders",
		"api key: projects/shop/secrets/api-key1", "The password is reset by e-mail.", "The access key is rotated every 90days.", "tokenizer: bert2base9", "bypass: gateway2internal",
		"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----", "postgres://app:${PASS1}@db/x", "The task-service (sk-proj) is small.",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, text, MaskText(text))
		})
	}
}

func TestPrivateKeysWithoutAnEnd(t *testing.T) {
	t.Parallel()
	row := strings.Repeat("aB3d", 16)
	for name, c := range map[string]struct{ secret, after string }{
		"PEM":     {"-----BEGIN RSA " + "PRIVATE KEY-----\n" + row + "\n" + row + "\naB3=\n", "The API reads orders.\n"},
		"headers": {"-----BEGIN RSA " + "PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\n\r\n" + row + "\r\n", "\r\nOverview\r\n"},
		"at last": {"-----BEGIN " + "PRIVATE KEY-----\n" + row, ""},
		"PGP":     {"-----BEGIN PGP " + "PRIVATE KEY BLOCK-----\nVersion: 1\n\n" + row + "\n=aB3d\n-----END PGP " + "PRIVATE KEY BLOCK-----", "\nThe API.\n"},
		"JSON":    {"-----BEGIN " + "PRIVATE KEY-----\\n" + row + "\\n-----END " + "PRIVATE KEY-----", "\\n\", \"x\": 1}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := strings.Map(func(r rune) rune {
				if r == '\n' || r == '\r' {
					return r
				}
				return '*'
			}, c.secret)
			require.Equal(t, "Key: "+want+c.after, MaskText("Key: "+c.secret+c.after))
		})
	}
}

// TestRatioMask holds that four times the text costs about four times the time, also
// where every byte looks like the beginning of a secret.
//
//nolint:paralleltest // measures time
func TestRatioMask(t *testing.T) {
	for _, piece := range []string{
		"The shop sends orders to the API over HTTPS. ", "password ", "password=", "token: a1b2c3d4e5 \n", "key-", "-----BEGIN " + "PRIVATE KEY-----",
		"-----BEGIN " + "PRIVATE KEY-----\nabc\n",
		"://a:b", "eyJaaaaaaaaaaaa.", ":A1", "sk-", "Authorization: Bearer ",
	} {
		best := func(size int) time.Duration {
			text := []byte(strings.Repeat(piece, size/len(piece)))
			least := time.Hour
			for range 7 {
				begin := time.Now()
				_, notes := Mask([]stride.Source{{Content: text}})
				least = min(least, time.Since(begin))
				require.LessOrEqual(t, len(notes), mostNotes+1)
			}
			return least
		}
		small, large := best(50_000), best(200_000)
		ratio := float64(large) / float64(small)
		t.Logf("%q: 50 kB %s, 200 kB %s, ratio %.1f", piece, small, large, ratio)
		require.Less(t, ratio, 8.0, "%q", piece)
	}
}
