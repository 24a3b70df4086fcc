package api_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// key presses keys as a keyboard does: a key that the page takes as a shortcut is not
// typed as well into what the shortcut gives the focus to.
func key(keys string) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(keys, func(k *input.DispatchKeyEventParams) {
		if k.Type == input.DispatchKeyEventTypeKeyDown {
			k.Type = input.DispatchKeyEventTypeRawKeyDown
		}
	})
}

// state is the state of a suggestion as the API says it.
func (b *browser) state(t *testing.T, id string) string {
	t.Helper()
	return b.get(t, b.reviewer, "/v1/suggestions/"+id).text(t, "state")
}

// moved waits until something else than the suggestion is at hand, ready to decide.
func (b *browser) moved(t *testing.T, from string) {
	t.Helper()
	b.act(t, until(`new URLSearchParams(location.hash.split("?")[1]).get("at") !== "`+from+`" && document.querySelector(".detail[aria-busy=false] .toolbar [data-action=accept]") !== null`))
}

// TestKeysClearTheQueueInABrowser decides ten suggestions without a mouse, with each
// kind of decision, and takes one back.
func TestKeysClearTheQueueInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	w := b.settle(t, "Parcels")
	b.signIn(t, b.reviewer)
	b.act(t, chromedp.Navigate(b.url+"/#/queue?state=pending&project="+w.project), ready())
	want := map[string]string{}
	first := b.shown(t)
	for _, step := range []struct {
		decide []chromedp.Action[chromedp.Void]
		state  string
	}{
		{[]chromedp.Action[chromedp.Void]{key("a")}, "accepted"},
		{[]chromedp.Action[chromedp.Void]{key("r"), see("dialog"), key("3"), key("not ours"), key("\r"), gone("dialog")}, "rejected"},
		{[]chromedp.Action[chromedp.Void]{key("q"), see("dialog"), key("Is it encrypted?"), click("dialog .primary"), gone("dialog")}, "needs_info"},
		{[]chromedp.Action[chromedp.Void]{key("p"), see("dialog"), key("\r"), gone("dialog")}, "pending"},
		{[]chromedp.Action[chromedp.Void]{key("e"), see("dialog"), key(" at night"), key("\r"), gone("dialog")}, "accepted"},
		{[]chromedp.Action[chromedp.Void]{key("m"), see("dialog select option"), key("\r"), gone("dialog")}, "merged"},
		{[]chromedp.Action[chromedp.Void]{key("r"), see("dialog"), key("5"), key("\r"), gone("dialog")}, "rejected"},
		{[]chromedp.Action[chromedp.Void]{key("a")}, "accepted"},
		{[]chromedp.Action[chromedp.Void]{key("r"), see("dialog"), key("4"), key("\r"), gone("dialog")}, "rejected"},
		{[]chromedp.Action[chromedp.Void]{key("a")}, "accepted"},
	} {
		at := b.shown(t)
		require.NotContains(t, want, at, "each is at hand once")
		want[at] = step.state
		b.act(t, step.decide...)
		b.moved(t, at)
	}
	require.Len(t, want, 10)
	for id, state := range want {
		require.Equal(t, state, b.state(t, id))
	}

	b.act(t, key("u"), says("#status", "Undone"))
	undone := b.shown(t)
	require.Equal(t, "accepted", want[undone])
	require.Equal(t, "pending", b.state(t, undone))
	b.act(t, key("u"), until(`document.querySelector("#status").textContent.includes("Undone") && !location.hash.includes("`+undone+`")`))
	require.Equal(t, "pending", b.state(t, b.shown(t)))
	b.act(t, chromedp.Navigate(b.url+"/#/queue?at="+first), see(".toolbar [data-action=undo]"), key("u"), key("?"), see("dialog .keys"))
	b.whole(t)
	require.Empty(t, b.noise())
}

// TestClaimsInTwoBrowsers has two reviewers at one suggestion.
func TestClaimsInTwoBrowsers(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	w := b.settle(t, "Parcels")
	rolf := b.token(t, "rolf", stride.RoleReviewer, "")
	list := "/#/queue?state=pending&project=" + w.project
	b.signIn(t, b.reviewer)
	b.act(t, chromedp.Navigate(b.url+list), ready())
	other := b.tab(t)
	other.signIn(t, rolf)
	other.act(t, chromedp.Navigate(b.url+list), ready())

	b.act(t, key("n"), says(".claim", "Held by rita (you) for another"))
	mine := b.shown(t)
	other.act(t, chromedp.Navigate(b.url+list+"&at="+mine), ready())
	require.Equal(t, mine, other.shown(t))
	other.act(t, key("a"), says(".detail .notice", "rita works on it until"), says(".detail .claim", "Held by rita for another"))
	require.Equal(t, "pending", b.state(t, mine))
	other.act(t, key("n"), says("#status", "Yours now"))
	require.NotEqual(t, mine, other.shown(t), "what is held is not handed out")

	// What was typed against what had changed is there when it is tried again.
	theirs := other.shown(t)
	other.act(t, key("r"), see("dialog"), key("1"), key("typed with care"))
	b.do(t, http.StatusOK, call{method: "POST", path: "/v1/suggestions/" + theirs + "/release", token: rolf})
	other.act(t, key("\r"), gone("dialog"), says(".detail .notice", "It has changed since you read it"), key("r"), see("dialog"),
		until(`document.querySelector("dialog input[name=text]").value === "typed with care"`), key("\r"), gone("dialog"))
	other.act(t, see(`.items [data-id="`+theirs+`"] .badge.rejected`))

	b.act(t, key("c"), says("#status", "Released"), until(`document.querySelector(".claim") === null`))
	require.Empty(t, b.noise())
	require.Empty(t, other.noise())
}

// TestSearchFacetsAndViewsInABrowser narrows the queue, keeps how, and comes back.
func TestSearchFacetsAndViewsInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	w := b.settle(t, hostileImage)
	b.signIn(t, b.reviewer)
	b.act(t, chromedp.Navigate(b.url+"/#/queue?project="+w.project), ready(), key("/"), key("console\r"), until(`location.hash.includes("q=console")`), see(".items li"))
	found := b.get(t, b.reviewer, "/v1/suggestions?facets=true&limit=200&q=console&project="+w.project)
	counts := decode[struct {
		Facets map[string]map[string]int
	}](t, found).Facets
	var category string
	for name := range counts["category"] {
		category = name
	}
	require.NotEmpty(t, category)
	b.act(t, until(countIs("category", category, counts["category"][category])), click(`[data-facet="category-`+category+`"]`),
		see(`[data-facet="category-`+category+`"][aria-pressed=true]`), until(rows(counts["category"][category])))

	b.act(t, click(".views summary"), see("[data-action=save-view]"), click("[data-action=save-view]"), see("dialog"),
		typed("dialog input[name=name]", hostileImage), key("\r"), gone("dialog"), says("#status", "Saved the view"))
	b.act(t, chromedp.Navigate(b.url+"/#/queue"), until(`!location.hash.includes("console") && document.querySelector(".facet .chip") !== null`),
		click(".views summary"), see("[data-saved-view]"), click("[data-saved-view]"), see(`[data-facet="category-`+category+`"][aria-pressed=true]`), until(rows(counts["category"][category])))
	require.Equal(t, "console", b.read(t, `document.querySelector("input[type=search]").value`))
	b.act(t, click(".views summary"), see("[data-saved-view]"), click(".views .line button"), says(".views", "You keep no views"))
	require.Equal(t, "0", b.read(t, `String(document.querySelectorAll("main img").length)`), "names stay text")
	b.whole(t)
	require.Empty(t, b.noise())
}

func countIs(facet, value string, n int) string {
	return `document.querySelector('[data-facet="` + facet + "-" + value + `"] .number')?.textContent === "` + strconv.Itoa(n) + `"`
}

func rows(n int) string {
	return `document.querySelectorAll(".items li").length === ` + strconv.Itoa(n)
}

// TestManyAtOnceInABrowser sees what would happen to many before it does.
func TestManyAtOnceInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	w := b.settle(t, "Parcels")
	rolf := b.token(t, "rolf", stride.RoleReviewer, "")
	b.post(t, http.StatusOK, rolf, "/v1/suggestions/"+w.suggestions[1]+"/claim", nil)
	b.signIn(t, b.reviewer)
	b.act(t, chromedp.Navigate(b.url+"/#/queue?state=pending&project="+w.project), ready(), key("x"), key("j"), key("j"), key("j"),
		until(`document.querySelectorAll(".items li")[3].getAttribute("aria-selected") === "true"`), key("X"), says(".bulk", "4 chosen"),
		key("a"), says("dialog h2", "3 of 4 would be accepted"), says("dialog .notice", "somebody else works on"))
	require.Equal(t, "pending", b.state(t, w.suggestions[0]), "nothing is decided by asking")
	b.act(t, key("\r"), gone("dialog"), says("#status", "3 accepted"))
	for i, state := range []string{"accepted", "pending", "accepted", "accepted"} {
		require.Equal(t, state, b.state(t, w.suggestions[i]))
	}
	b.act(t, key("u"), says("#status", "Undone: 3 decisions"))
	require.Equal(t, "pending", b.state(t, w.suggestions[0]))
	b.act(t, click(`.items li:nth-child(5) .tick`), click(`.items li:nth-child(6) .tick`), says(".bulk", "2 chosen"), key("r"), see("dialog"), key("5"), key("\r"),
		says("dialog h2", "2 of 2 would be rejected"), key("\r"), says("#status", "2 rejected"))
	require.Equal(t, "rejected", b.state(t, w.suggestions[5]))
	require.Empty(t, b.noise())
}

// TestFailuresAreSaidInABrowser loses the network and the session.
func TestFailuresAreSaidInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	w := b.settle(t, "Parcels")
	b.signIn(t, b.reviewer)
	b.act(t, chromedp.Navigate(b.url+"/#/queue?state=pending&project="+w.project), ready())
	at := b.shown(t)
	b.read(t, `{ const real = fetch; window.fetch = () => Promise.reject(new TypeError("gone")); window.again = () => { window.fetch = real; }; } ""`)
	b.act(t, key("a"), says(".detail .notice", "The server cannot be reached"))
	b.act(t, key("r"), see("dialog"), key("2"), key("typed offline"), key("\r"), says("dialog .notice", "cannot be reached"))
	b.read(t, `window.again(); ""`)
	b.act(t, key("\r"), gone("dialog"))
	b.moved(t, at)
	require.Contains(t, string(b.get(t, b.reviewer, "/v1/suggestions/"+at).body), "typed offline")

	at = b.shown(t)
	b.act(t, key("q"), see("dialog"), key("a long question"))
	b.read(t, `sessionStorage.setItem("threatdraft.token", "gone"); ""`)
	b.act(t, click("dialog .primary"), says("main .notice", "You were signed out"), typed("input[type=password]", b.reviewer), click("main form button"), ready())
	require.Equal(t, at, b.shown(t), "one is where one was")
	b.act(t, key("q"), see("dialog"), until(`document.querySelector("dialog textarea").value === "a long question"`))
	require.Empty(t, b.noise())
}

// TestMitigationInABrowser takes a mitigation and its threat through their lives.
func TestMitigationInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	w := b.settle(t, "Parcels")
	path := b.addThreat(t, w.project, 4, 3)
	id := path[len("/v1/threats/"):]
	b.signIn(t, b.author)
	page := b.url + "/#/threats?at=" + id
	b.act(t, chromedp.Navigate(page), see("[data-action=add-mitigation]"), says(".residual", "critical"),
		click("[data-action=add-mitigation]"), see("dialog"), typed("dialog textarea", hostileImage), typed("dialog input[name=owner]", "team"),
		set("dialog input[name=due_at]", "2025-12-01"), set(`dialog select[name="effect.likelihood"]`, "3"), click("dialog .primary"), gone("dialog"),
		says(".plan", hostileImage), says(".plan .overdue", "overdue"))
	b.act(t, click(".plan [data-status=planned]"), see(".plan .badge.planned"), click(".plan [data-status=in_progress]"), see(".plan .badge.in_progress"),
		click(".plan [data-status=done]"), see(".plan .badge.done"), says(".residual", "low"))
	require.Equal(t, "false", b.read(t, `String(document.querySelector(".plan [data-status=verified]") !== null)`), "a reviewer verifies")
	b.act(t, click("[data-action=add-test]"), see("dialog"), typed("dialog [name=given]", "a cart"), typed("dialog [name=when]", "its price is changed"),
		typed("dialog [name=then]", hostileScript), click("dialog .primary"), gone("dialog"), says(".tests", hostileScript))
	b.act(t, click(".detail [data-to=in_progress]"), see("dialog"), typed("dialog textarea", "begun"), click("dialog .primary"), gone("dialog"),
		click(".detail [data-to=mitigated]"), see("dialog"), typed("dialog textarea", "checked on the server"), click("dialog .primary"), gone("dialog"), see(".detail .badge.mitigated"))

	other := b.tab(t)
	other.signIn(t, b.reviewer)
	other.act(t, chromedp.Navigate(page), see(".plan [data-status=verified]"), click(".plan [data-status=verified]"), see(".plan .badge.verified"),
		click(".detail [data-to=resolved]"), see("dialog"), click("dialog .primary"), says("dialog [data-field=reason] .error", "reason"),
		typed("dialog textarea", "tested"), click("dialog .primary"), gone("dialog"), see(".detail .badge.resolved"))
	require.Equal(t, "resolved", b.get(t, b.viewer, path).text(t, "state"))
	other.act(t, chromedp.Navigate(b.url+"/#/plan?status=verified"), see(".detail h2"), says(".detail", "verified"), says(".detail", "Prices can be changed"))
	other.whole(t)
	b.whole(t)
	require.Empty(t, append(b.noise(), other.noise()...))
}

// TestMetricsInABrowser groups the numbers, draws them and says how they are made.
func TestMetricsInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	w := b.settle(t, hostileImage)
	b.do(t, http.StatusOK, call{method: "PATCH", path: "/v1/projects/" + w.project, token: b.admin, body: fields{"in_scope": "true"}, header: anyVersion})
	b.signIn(t, b.viewer)
	b.act(t, chromedp.Navigate(b.url+"/#/metrics"), see(".explained"), until(`(document.querySelector(".explained").focus(), true)`), see(".explained .tip"),
		says(".tip", "threat models completed"))
	b.act(t, set("select[name=group_by]", "project"), until(`(document.querySelector("select[name=group_by]").dispatchEvent(new Event("change", { bubbles: true })), true)`),
		says("table th", hostileImage))
	b.whole(t)
	b.act(t, chromedp.Navigate(b.url+"/#/metrics?series=week"), see(".chart svg path"), says(".chart figcaption", "Threats per project"),
		click("[data-action=csv]"), says("#status", "Downloaded"))
	b.whole(t)
	b.act(t, chromedp.Navigate(b.url+"/#/metrics?series=week&group_by=severity"), says("main h2", "medium"))
	b.whole(t)
	require.Empty(t, b.noise())
}

// TestAddressIsNotLostInABrowser goes elsewhere in the moment in which the list shows
// another item: the new address must stand.
func TestAddressIsNotLostInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.settle(t, "Parcels")
	b.signIn(t, b.reviewer)
	b.act(t, chromedp.Navigate(b.url+"/#/queue?state=pending"), ready())
	b.read(t, `location.hash = "#/threats"; document.querySelectorAll(".items li")[1].click(); ""`)
	b.act(t, see("[data-view=threats][aria-current=page]"), says(".detail h2", "Refunds leave no trace"))
	require.Empty(t, b.noise())
}
