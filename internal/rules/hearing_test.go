package rules

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestRulesHearWhatNoFlowShows: where nothing is drawn at a part, the sentence that
// tells the fact makes the rule apply, is quoted, and makes more than a guess; a
// sentence that tells another or denies it does not.
func TestRulesHearWhatNoFlowShows(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ rule, with, without string }{
		{"id-credential-stuffing", "Portal:web_app(People come to the Portal with user name and password)", "Portal:web_app(People come to the Portal with a smart card)"},
		{"id-session-theft", "Portal:web_app(The Portal sets a session cookie)", "Portal:web_app(The Portal sets no session cookie)"},
		{"web-cross-site-request", "Portal:web_app(The Portal sets a cookie for its users)", "Portal:web_app(The Portal sets a price for its users)"},
		{"web-cross-site-scripting", "Portal:web_app(The Portal shows comments of other users)", "Portal:web_app(The Portal shows the time of day)"},
		{"web-broken-authorization", "Portal:web_app(In the Portal each customer sees their orders)", "Portal:web_app(In the Portal everybody sees the weather)"},
		{"web-flooding", "Portal:web_app(The Portal is open to the internet)", "Portal:web_app(The Portal is open to the office)"},
		{"web-costly-request", "Portal:web_app(The Portal offers a search over all parts)", "Portal:web_app(The Portal offers one picture)"},
		{"id-account-recovery", "Portal:web_app(The Portal mails a link for a password reset)", "Portal:web_app(The Portal mails a link to the news)"},
		{"log-denied-action", "Portal:web_app(In the Portal managers approve the requests of others)", "Portal:web_app(In the Portal managers read the requests of others)"},
		{"client-lookalike", "Portal:web_app(Members come to the Portal with a password)", "Portal:web_app(Members read the Portal every morning)"},
		{"client-bundled-code", "Billing:worker(Billing is built with Node.js and Express)", "Billing:worker(Billing is built with care and love)"},
		{"store-cache-poisoning", "Redis:cache(Redis keeps sessions of the portal)", "Redis:cache(Redis keeps thumbnails of the portal)"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			got := proposalsOf(Propose(sketch(t, tc.with), Options{All: true}), tc.rule)
			require.Len(t, got, 1)
			require.Equal(t, stride.ConfidenceMedium, got[0].Confidence)
			require.Equal(t, stride.Quoted, got[0].Evidence[0].Kind)
			require.Contains(t, got[0].Statement, "the design says “"+got[0].Evidence[0].Quote+"”")
			require.Empty(t, proposalsOf(Propose(sketch(t, tc.without), Options{All: true}), tc.rule))
		})
	}
}

// TestPasswordsOfPeople: that people have a password is said of them and counts at
// the part that they come to, by way of their program too; not at others.
func TestPasswordsOfPeople(t *testing.T) {
	t.Parallel()
	at := func(text string) []string {
		var out []string
		for _, p := range proposalsOf(Propose(sketch(t, text), Options{All: true}), "id-credential-stuffing") {
			out = append(out, p.Targets...)
		}
		return out
	}
	const people = "Member:end_user(Members have a user name and password)"
	require.Equal(t, []string{"Shop"}, at(people+" > Shop:web_app > Billing:web_app"))
	require.Equal(t, []string{"Shop"}, at(people+" > App:mobile_app > Shop:web_app"))
	require.Empty(t, at("Member:end_user(Members have a card) > Shop:web_app"))

	cookie := "Member:end_user > Tab:browser(A tab holds the session cookie) > Shop:api"
	require.Len(t, proposalsOf(Propose(sketch(t, cookie), Options{All: true}), "web-cross-site-request"), 1)
	require.Empty(t, proposalsOf(Propose(sketch(t, "Member:end_user > Tab:browser(A tab holds the theme) > Shop:api"), Options{All: true}), "web-cross-site-request"))
}

// TestFewFlowsLeaveCallersToTheReader: of a source that draws few flows, a part with
// an interface of its own is taken to answer callers; of one that draws them, and
// among machines, it is not.
func TestFewFlowsLeaveCallersToTheReader(t *testing.T) {
	t.Parallel()
	at := func(text string) int {
		return len(proposalsOf(Propose(sketch(t, text), Options{All: true}), "web-broken-authorization"))
	}
	require.Equal(t, 1, at("User:end_user; Portal:web_app; DB:mysql"))
	require.Zero(t, at("User:end_user; Static portal:web_app; DB:mysql"))
	require.Zero(t, at("Portal:web_app; DB:mysql"), "nobody is outside")
	require.Zero(t, at("User:end_user; Portal:web_app; DB:mysql; Rover:robot"))
	require.Zero(t, at("Portal:web_app; User:end_user > Desk:worker > Lists:worker; A:worker > B:worker; C:worker > DB:mysql"))
}

// TestStoresThatAreEntrusted: what a sentence says that a store holds singles it out
// as a class of data does.
func TestStoresThatAreEntrusted(t *testing.T) {
	t.Parallel()
	at := func(text string) int {
		return len(proposalsOf(Propose(sketch(t, text), Options{All: true}), "store-theft-at-rest"))
	}
	require.Equal(t, 1, at("API:api > Ledger:mysql(The Ledger holds invoices of each member)"))
	require.Equal(t, 1, at("API:api > Ledger:mysql(Ledger: customers and payment cards)"))
	require.Zero(t, at("API:api > Ledger:mysql(The Ledger holds weather maps of each town)"))
	require.Zero(t, at("API:api > Ledger:mysql(The Ledger holds no invoices)"))
}

// TestThinDraftsAreRefilled: a draft with room gets back what was held back of the
// main parts, at its end; a full one, a part in passing and one that has had much
// get nothing.
func TestThinDraftsAreRefilled(t *testing.T) {
	t.Parallel()
	d := newDesign(sketch(t, "Mail:email_service(Mail is sent by Mail); User:end_user > Site:web_app > API:api > DB:mysql"))
	about := func(id string, target stride.Key) ranked {
		return ranked{Proposal: stride.Proposal{ID: id, TargetIDs: []stride.Key{target}, Risk: risk(3, 3)}}
	}
	ids := func(found []ranked) []string {
		var out []string
		for _, r := range found {
			out = append(out, r.ID)
		}
		return out
	}
	kept := []ranked{about("a", "site")}
	held := []ranked{about("a", "site"), about("b", "mail"), about("c", "api"), about("d", "site")}
	require.Equal(t, []string{"a", "c", "d"}, ids(d.refilled(kept, held, 9)))
	require.Equal(t, []string{"a", "c"}, ids(d.refilled(kept, held, 2)))
	require.Equal(t, []string{"a"}, ids(d.refilled(kept, held, 1)))

	var many []ranked
	for i := range mostOfMain + 3 {
		many = append(many, about(string(rune('a'+i)), "site"))
	}
	require.Len(t, d.refilled(nil, many, 40), mostOfMain)
}
