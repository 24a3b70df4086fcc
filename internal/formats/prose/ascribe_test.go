package prose

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// hearers returns the names of the parts of which the text is evidence.
func hearers(a stride.Architecture, text string) []string {
	var out []string
	for _, e := range a.Elements {
		if slices.ContainsFunc(e.Evidence, func(q stride.Evidence) bool { return strings.Contains(q.Quote, text) }) {
			out = append(out, e.Name)
		}
	}
	return out
}

// What a text says of its users, their data and its habits is evidence of the part
// that answers for it, also where the sentence does not name that part.
func TestStatementsAreHeard(t *testing.T) {
	t.Parallel()
	const recipes = "Cooks and visitors open the Recipe site in a browser. The Recipe site reads the Pantry database. The Recipe site puts jobs on RabbitMQ. " +
		"The Thumbnail worker consumes RabbitMQ and writes pictures to MinIO. The Thumbnail worker sends alarms to Prometheus.\n\n"
	for text, want := range map[string]string{
		"Visitors can sign in with e-mail and password.":              "Recipe site",
		"A forgotten password is reset by a mailed link.":             "Recipe site",
		"Editors upload pictures of dishes.":                          "Recipe site",
		"Passwords are hashed with bcrypt.":                           "Recipe site",
		"Sessions last twelve hours.":                                 "Recipe site",
		"Comments may hold Markdown.":                                 "Recipe site",
		"Payments are made by card.":                                  "Recipe site",
		"Administrators use the same pages under /admin.":             "Recipe site",
		"Alarms go to the phone of whoever is on duty.":               "Prometheus",
		"A backup is taken each night and kept for a week.":           "Pantry database",
		"The platform is used in four countries.":                     "Recipe site",
		"The Thumbnail worker is a Go program. It runs as root.":      "Thumbnail worker",
		"The Thumbnail worker is a Go program. Its cache is wiped.":   "Thumbnail worker",
		"# Thumbnail worker\n\nThree copies are started at night.":    "Thumbnail worker",
		"- Thumbnail worker: makes pictures. Three copies are begun.": "Thumbnail worker",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			last := text[strings.LastIndexAny(strings.TrimSuffix(text, "."), ".\n")+1:]
			require.Empty(t, cmp.Diff([]string{want}, answering(hearers(parse(t, recipes+text), strings.TrimSpace(last)))))
		})
	}
}

// answering leaves out the people.
func answering(names []string) []string {
	return slices.DeleteFunc(names, func(n string) bool {
		return slices.Contains([]string{"Visitor", "Administrator", "Browser", "Phone"}, n)
	})
}

// A sentence that asks, orders, plans, looks back or speaks of those who attack is
// evidence of nothing.
func TestWhatIsNoStatement(t *testing.T) {
	t.Parallel()
	const recipes = "Visitors open the Recipe site in a browser. The Recipe site reads the Pantry database.\n\n"
	for _, text := range []string{
		"Are passwords hashed with bcrypt?",
		"Please report bugs to the people of the kitchen.",
		"Passwords should be hashed with bcrypt.",
		"Comments are planned for the next release.",
		"Previously passwords were kept in a file.",
		"Attackers guess passwords of people.",
		"# Out of scope\n\nPayments are made by card.",
		"# Threats\n\nPasswords are guessed by robots.",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			last := strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
			require.Empty(t, hearers(parse(t, recipes+text), last))
		})
	}
}

// What is heard of a part stands behind what names it, and gives it no control of
// its own.
func TestHeardStandsLast(t *testing.T) {
	t.Parallel()
	a := parse(t, "Visitors open the Recipe site. Passwords may be short. Audit logs are kept for a year.\n\nThe Recipe site reads the Pantry database.")
	e := named(t, a, "Recipe site")
	require.GreaterOrEqual(t, len(e.Evidence), 3)
	require.Contains(t, e.Evidence[0].Quote, "open the Recipe site")
	require.Contains(t, e.Evidence[1].Quote, "reads the Pantry")
	require.Equal(t, "Passwords may be short.", e.Evidence[2].Quote)
}
