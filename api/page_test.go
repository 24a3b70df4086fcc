package api_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

func TestPageAndItsFiles(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	for name, tc := range map[string]struct {
		path, kind string
	}{
		"page":   {"/", "text/html; charset=utf-8"},
		"module": {"/web/app.js", "text/javascript; charset=utf-8"},
		"style":  {"/web/page.css", "text/css; charset=utf-8"},
		"icon":   {"/web/icon.svg", "image/svg+xml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				w := h.serve(t, method, tc.path, nil)
				require.Equal(t, http.StatusOK, w.Code)
				require.Equal(t, tc.kind, w.Header().Get("Content-Type"))
				for _, directive := range []string{"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "trusted-types 'none'"} {
					require.Contains(t, w.Header().Get("Content-Security-Policy"), directive)
				}
				require.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")
				require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
			}
		})
	}
}

func TestPageFilesAreAskedForOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	tag := h.serve(t, http.MethodGet, "/web/app.js", nil).Header().Get("ETag")
	require.NotEmpty(t, tag)
	require.Equal(t, http.StatusNotModified, h.serve(t, http.MethodGet, "/web/app.js", map[string]string{"If-None-Match": tag}).Code)
	require.Equal(t, http.StatusOK, h.serve(t, http.MethodGet, "/web/page.css", map[string]string{"If-None-Match": tag}).Code)
}

func TestPageServesNothingElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	for _, path := range []string{"/web/", "/web/page.html", "/web/nothing.js", "/web/..%2fpage.go", "/web/sub/app.js"} {
		require.Equal(t, http.StatusNotFound, h.serve(t, http.MethodGet, path, nil).Code, path)
	}
}

// TestPageHasNoWayToMarkup reads the modules: server text may only ever become
// text nodes, and nothing comes from elsewhere.
func TestPageHasNoWayToMarkup(t *testing.T) {
	t.Parallel()
	files := os.DirFS("web")
	names, err := fs.Glob(files, "*")
	require.NoError(t, err)
	require.Greater(t, len(names), 10)
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		for _, way := range []string{
			"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(", "new Function", "javascript:",
			"style=", "onclick=", "cdn",
		} {
			require.NotContains(t, string(content), way, name)
		}
	}
}

// serve answers a request that is not part of the contract.
func (h *house) serve(t *testing.T, method, path string, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// browser is a tab of a real chromium on a server that listens.
type browser struct {
	*house
	ctx context.Context
	url string

	mu sync.Mutex
	// heard are dialogs, exceptions and console errors, none of which belong.
	heard []string
}

// openBrowser skips where there is no chromium, and fails there where the
// environment says that it has to be.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	return openBrowserOn(t, func() *house { return newHouse(t, storetest.SQLite(t)) })
}

func openBrowserOn(t *testing.T, boot func() *house) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		require.Empty(t, os.Getenv("THREATDRAFT_REQUIRE_CHROMIUM"), "chromium is required and not found: %v", err)
		t.Skip("chromium is not installed; the page is not tested in a browser")
	}
	h := boot()
	server := httptest.NewServer(h.handler)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	ctx, stopAllocator := chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.UserDataDir(filepath.Join(t.TempDir(), "chromium")),
		chromedp.WSURLReadTimeout(time.Minute), chromedp.WindowSize(1400, 900))
	ctx, stopTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Logf("close chromium: %v", err)
		}
		stopTab()
		stopAllocator()
		cancel()
		close(h.closing)
		server.Close()
	})
	b := &browser{house: h, ctx: ctx, url: server.URL}
	b.hear(t)
	b.keepTime(t)
	return b
}

// keepTime gives the tab the clock of the house, so that leases and what can be
// undone are as old to both.
func (b *browser) keepTime(t *testing.T) {
	t.Helper()
	at := time.Date(2025, 12, 31, 23, 59, 59, 0, time.FixedZone("far", 5*3600+45*60)).UnixMilli()
	source := fmt.Sprintf(`{ const real = Date.now.bind(Date); const start = real(); Date.now = () => %d + real() - start; }`, at)
	require.NoError(t, chromedp.Do(b.ctx, func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
		return chromedp.Void{}, err
	}))
}

// tab is another tab, in which somebody else can sign in.
func (b *browser) tab(t *testing.T) *browser {
	t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx)
	t.Cleanup(stop)
	other := &browser{house: b.house, ctx: ctx, url: b.url}
	other.hear(t)
	other.keepTime(t)
	return other
}

// workAlong runs drafts as they come in, until the test ends.
func (b *browser) workAlong(t *testing.T) {
	t.Helper()
	ended := make(chan struct{})
	worker := sync.WaitGroup{}
	worker.Go(func() {
		for {
			select {
			case job := <-b.queued:
				if err := b.runner.Run(context.Background(), job); err != nil {
					t.Errorf("run draft: %v", err)
				}
			case <-ended:
				return
			}
		}
	})
	t.Cleanup(func() { close(ended); worker.Wait() })
}

// hear notes what a page that works never does. Answers of the API that are not
// 2xx are logged by the browser and do belong.
func (b *browser) hear(t *testing.T) {
	t.Helper()
	note := func(text string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.heard = append(b.heard, text)
	}
	require.NoError(t, chromedp.Listen(b.ctx, func(event any) {
		if dialog, ok := event.(*page.EventJavascriptDialogOpening); ok {
			note("dialog: " + dialog.Message)
		}
	}))
	messages := chromedp.Console(b.ctx)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			if message.IsException() || (message.Type == "error" && message.Source != "network") {
				note(message.String())
			}
		}
	}()
}

// act does steps, each within half a minute.
func (b *browser) act(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, step := range steps {
		ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
		err := chromedp.Do(ctx, step)
		cancel()
		if err != nil {
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.hash + "\n" + document.body.innerText`))
			require.NoError(t, err, "step %d\n%s\n%s", i, text, strings.Join(b.noise(), "\n"))
		}
	}
}

func (b *browser) noise() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.heard...)
}

func see(css string) chromedp.Action[chromedp.Void] { return chromedp.WaitVisible(chromedp.CSS(css)) }
func gone(css string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitNotPresent(chromedp.CSS(css))
}
func click(css string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(css))
}

func typed(css, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(css), text)
}

func set(css, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(chromedp.CSS(css), text)
}

// until waits for a predicate of the page.
func until(predicate string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void]("(() => "+predicate+")()", chromedp.WithPollingInterval(50*time.Millisecond))
}

// says waits until an element shows the text.
func says(css, text string) chromedp.Action[chromedp.Void] {
	return until(`[...document.querySelectorAll("` + css + `")].some((e) => e.textContent.includes("` + text + `"))`)
}

func (b *browser) read(t *testing.T, expression string) string {
	t.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression))
	require.NoError(t, err)
	return out
}

func (b *browser) signIn(t *testing.T, token string) {
	t.Helper()
	b.act(t, chromedp.Navigate(b.url+"/"), see("input[type=password]"), typed("input[type=password]", token), click("main form button"), see("#nav"))
}

// whole holds that no value that the page expects of the API is missing.
func (b *browser) whole(t *testing.T) {
	t.Helper()
	text := b.read(t, `document.body.innerText`)
	for _, slip := range []string{"undefined", "NaN", "[object", "Invalid Date"} {
		require.NotContains(t, text, slip)
	}
}

// shown is the id of the suggestion or threat at hand.
func (b *browser) shown(t *testing.T) string {
	t.Helper()
	return b.read(t, `new URLSearchParams(location.hash.split("?")[1]).get("at")`)
}

// ready waits until the suggestion at hand can be decided.
func ready() chromedp.Action[chromedp.Void] {
	return see(".detail[aria-busy=false] .toolbar [data-action=accept]")
}

// Names that would do harm if they became markup.
const (
	hostileImage  = `<img src=x onerror=alert(1)>`
	hostileScript = `</script><script>alert(2)</script>`
)

// hostileDesign has them where they reach names, quotes and statements; the
// umlauts and the emoji make bytes and characters differ.
const hostileDesign = "# Größe 🙂 " + hostileImage + "\n\n" +
	"Customers use a web browser to reach the `" + hostileImage + "` API over HTTP without authentication. " + hostileScript + "\n" +
	"The " + hostileImage + " service stores passwords in a PostgreSQL database „Köln“ without encryption.\n" +
	"The Order API writes orders to the PostgreSQL database over plain HTTP. The Order API has no authentication.\n"

func TestReviewInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.workAlong(t)
	b.act(t, chromedp.Navigate(b.url+"/"), see("input[type=password]"), typed("input[type=password]", "wrong"),
		click("main form button"), says(".notice.bad", "refused"))
	b.signIn(t, b.reviewer)
	require.Equal(t, "rita", b.read(t, `document.getElementById("who-name").textContent`))

	// An empty design is refused at its field; the hostile one is drafted.
	b.act(t, click("[data-view=paste]"), see("textarea"), click(".paste button.primary"), says("[data-field=description] .error", "required"))
	b.act(t, set("textarea", hostileDesign), typed("input[name=project_name]", hostileImage), click(".paste button.primary"),
		see(".understood"), says("h1", "decision"), says(".lead", hostileImage), says(".understood", "PostgreSQL"))
	b.whole(t)
	b.act(t, click(".result a.primary"), ready(), see(".evidence mark"))
	b.whole(t)
	require.Equal(t, "0", b.read(t, `String(document.querySelectorAll("main img, main script").length)`), "names stay text")

	b.decideSome(t)
	b.lookAround(t)
	b.signOffTooEarly(t)
	require.Empty(t, b.noise(), "a page that works raises no dialog and no error")
}

// decideSome accepts one by key, rejects one with a reason, is told of what is
// missing, and loses a race.
func (b *browser) decideSome(t *testing.T) {
	t.Helper()
	accepted := b.shown(t)
	quotes := []string{}
	for _, e := range b.get(t, b.reviewer, "/v1/suggestions/"+accepted).field(t, "evidence").([]any) {
		quotes = append(quotes, e.(fields)["quote"].(string))
	}
	require.Contains(t, quotes, b.read(t, `document.querySelector(".evidence mark").textContent`), "bytes are not taken for characters")
	b.act(t, chromedp.KeyEvent("a"), see(`.items [data-id="`+accepted+`"] .badge.accepted`), ready())
	require.Equal(t, "accepted", b.get(t, b.reviewer, "/v1/suggestions/"+accepted).text(t, "state"))

	rejected := b.shown(t)
	require.NotEqual(t, accepted, rejected, "the next one is at hand")
	b.act(t, chromedp.KeyEvent("r"), see("dialog"), key("0"), click("dialog .primary"),
		says("dialog [data-field=text] .error", "required"), typed("dialog input[name=text]", hostileScript), click("dialog .primary"), gone("dialog"),
		see(`.items [data-id="`+rejected+`"] .badge.rejected`), ready())
	decision := b.get(t, b.reviewer, "/v1/suggestions/"+rejected)
	require.Equal(t, "rejected", decision.text(t, "state"))
	require.Contains(t, string(decision.body), `"reason":"other"`)

	lost := b.shown(t)
	b.do(t, http.StatusOK, call{
		method: "POST", path: "/v1/suggestions/" + lost + "/decision", token: b.admin, header: map[string]string{"If-Match": `"1"`},
		body: fields{"decision": "reject", "reason": "too_generic", "text": "<b>first</b>"},
	})
	b.act(t, chromedp.KeyEvent("a"), says(".detail .notice", "Somebody decided first: it is rejected now, by ada"),
		see(`.items [data-id="`+lost+`"] .badge.rejected`), says(".history", "<b>first</b>"))
	require.Equal(t, "rejected", b.get(t, b.reviewer, "/v1/suggestions/"+lost).text(t, "state"))

	b.act(t, chromedp.KeyEvent("j"), ready())
	edited := b.shown(t)
	b.act(t, chromedp.KeyEvent("e"), see("dialog"), set("dialog input[name=title]", hostileImage), click("dialog .primary"), gone("dialog"),
		see(`.items [data-id="`+edited+`"] .badge.accepted`))
	require.Equal(t, hostileImage, b.get(t, b.reviewer, "/v1/suggestions/"+edited).text(t, "title"))
}

// lookAround moves a threat and opens the metrics.
func (b *browser) lookAround(t *testing.T) {
	t.Helper()
	b.act(t, click("[data-view=threats]"), see(".detail [data-to=in_progress]"))
	threat := b.shown(t)
	b.act(t, click(".detail [data-to=in_progress]"), see("dialog"), typed("dialog textarea", "we are on it"), click("dialog .primary"), gone("dialog"),
		see(".detail .badge.in_progress"), says(".history", "we are on it"))
	b.whole(t)
	require.Equal(t, "in_progress", b.get(t, b.reviewer, "/v1/threats/"+threat).text(t, "state"))
	b.act(t, click("[data-view=metrics]"), says("main", "1 project is not triaged yet"), says(".numbers", "n = 0 eligible projects"),
		says(".llm", "No language model was asked"), says("main", "Precision by model: nothing was decided"))
	b.whole(t)
}

// signOffTooEarly hands the model to review, learns why it cannot be signed off
// yet, answers a question and leaves.
func (b *browser) signOffTooEarly(t *testing.T) {
	t.Helper()
	draft := b.get(t, b.reviewer, "/v1/suggestions?limit=1").items(t)[0]["draft_id"].(string)
	b.act(t, chromedp.Navigate(b.url+"/#/draft/"+draft), see(".model-state button"), click(".model-state button"),
		says(".model-state .notice", "in review"), click(".model-state button"), says(".model-state .notice.bad", "not ready"))
	b.whole(t)
	b.act(t, see(".questions li:first-child form"), click(".questions li:first-child button"), says(".questions .error", "required"),
		click(".questions li:first-child input[value=present]"), click(".questions li:first-child button"),
		says(".questions li:first-child [role=status]", "settled"))
	b.whole(t)
	b.act(t, click("#sign-out"), see("input[type=password]"))
	require.Equal(t, "none", b.read(t, `sessionStorage.getItem("threatdraft.token") ?? "none"`))
}

func TestHeldBackInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.workAlong(t)
	b.signIn(t, b.reviewer)
	b.act(t, click("[data-view=paste]"), see("textarea"), set("textarea", dense), typed("input[name=project_name]", "Shop"), click(".paste button.primary"),
		see(".understood"), says(".result", "held back"), click(".result [data-action=all]"), until(`!document.querySelector("[data-action=all]")`),
		see(".understood"))
	b.whole(t)
	require.NotContains(t, b.read(t, `document.querySelector(".result").textContent`), "held back")
	require.Empty(t, b.noise())
}

// TestPartialDraftInABrowser sees what a model said nothing about, asks again, and
// reads whose words a suggestion has.
func TestPartialDraftInABrowser(t *testing.T) {
	t.Parallel()
	p := newParrot(t)
	p.hush("S3 bucket")
	b := openBrowserOn(t, func() *house { return newHybridHouse(t, storetest.SQLite(t), p) })
	b.workAlong(t)
	b.signIn(t, b.reviewer)
	b.act(t, click("[data-view=paste]"), see("textarea"), set("textarea", chestShop), typed("input[name=project_name]", "Shop"), click(".paste button.primary"),
		says(".result .notice", "gave no answer"), says(".result .notice", "S3 bucket"), says(".result", "Drafted along by parrot"), says(".result", "tokens asked"))
	b.whole(t)
	p.hush("")
	b.act(t, click(".result [data-action=resume]"), until(`document.querySelector(".result") && !document.querySelector("[data-action=resume]")`),
		says(".result", "wait for a decision"))
	b.whole(t)
	require.NotContains(t, b.read(t, `document.querySelector(".result").textContent`), "gave no answer")
	var byModel string
	for _, s := range b.get(t, b.reviewer, "/v1/suggestions?limit=200").items(t) {
		if s["rule"] == "" {
			byModel = s["id"].(string)
		}
	}
	b.act(t, chromedp.Navigate(b.url+"/#/queue?state=pending&at="+byModel), says(".detail summary", "Drafted by a language model"))
	require.Equal(t, byModel, b.shown(t))

	suggestion := b.get(t, b.reviewer, "/v1/suggestions/"+byModel)
	b.judge(t, fields{"id": byModel}, fields{"decision": "accept"})
	b.do(t, http.StatusOK, call{method: "PATCH", path: "/v1/projects/" + suggestion.text(t, "project_id"), token: b.admin, body: fields{"in_scope": "true"}, header: anyVersion})
	b.act(t, chromedp.Navigate(b.url+"/#/metrics"), says(".llm", "(1 failed) for 1 draft;"), says(".llm", "Per accepted threat (n = 1)"),
		says("[aria-label='Precision by model']", "openai/parrot"), says("[aria-label='Precision by prompt']", "1 of 1 decided"))
	b.whole(t)
	require.Empty(t, b.noise())
}

func TestFiltersAreALinkInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	w := b.settle(t, "Parcels")
	b.signIn(t, b.viewer)
	b.act(t, chromedp.Navigate(b.url+"/#/queue?draft="+w.draft+"&state=pending&category=tampering&at="+w.suggestions[0]), see(".detail h2"), see(".items li"))
	require.Equal(t, "true", b.read(t, `String([...document.querySelectorAll(".items li .muted")].every((e) => e.textContent.includes("Tampering")))`))
	require.Equal(t, w.suggestions[0], b.shown(t))
	b.act(t, says(".toolbar", "wants the role reviewer"))
	require.Empty(t, b.noise())
}

func TestDocsInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.act(t, chromedp.Navigate(b.url+"/docs"), see(".opblock"))
	shown := b.read(t, `[...document.querySelectorAll(".opblock-summary-path")].map((e) => e.dataset.path).join("\n")`)
	for _, path := range []string{"/v1/drafts", "/v1/suggestions/{id}/decision", "/v1/metrics"} {
		require.Contains(t, strings.Split(shown, "\n"), path)
	}
	require.Empty(t, b.noise())
}
