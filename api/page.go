package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// webFiles is the reviewers' page: one template, one style sheet and small ES
// modules, which call the same /v1 operations as everybody else.
//
//go:embed web
var webFiles embed.FS

// pagePolicy lets the page load what this server serves and nothing else. With
// no Trusted Types policy, no text can become markup or script, whatever an
// uploaded design is named. Sources: CSP level 3; W3C Trusted Types.
const pagePolicy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// assetTypes are the kinds of files that are served beside the page. The
// system's own table is not asked: it differs between machines, and with nosniff
// a wrong type is a page that does not start.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// asset is an embedded file; the tag changes with its content.
type asset struct {
	content []byte
	kind    string
	tag     string
}

// readAssets returns the files beside the template by name, and the names of
// the modules in order.
func readAssets() (map[string]asset, []string, error) {
	entries, err := webFiles.ReadDir("web")
	if err != nil {
		return nil, nil, fmt.Errorf("read the page's files: %w", err)
	}
	assets, modules := make(map[string]asset, len(entries)), []string{}
	for _, e := range entries {
		kind, served := assetTypes[path.Ext(e.Name())]
		if !served {
			continue
		}
		content, err := webFiles.ReadFile("web/" + e.Name())
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", e.Name(), err)
		}
		sum := sha256.Sum256(content)
		assets[e.Name()] = asset{content: content, kind: kind, tag: `"` + hex.EncodeToString(sum[:16]) + `"`}
		if path.Ext(e.Name()) == ".js" {
			modules = append(modules, e.Name())
		}
	}
	slices.Sort(modules)
	return assets, modules, nil
}

// page serves the reviewers' page at / and its files under /web/.
func (s *server) page(r *gin.Engine) {
	assets, modules, err := readAssets()
	tpl, broken := template.ParseFS(webFiles, "web/page.html")
	err = errors.Join(err, broken)
	show := s.run(func(c *gin.Context) error {
		if err != nil {
			return fmt.Errorf("load the page: %w", err)
		}
		return writePage(c, tpl, modules)
	})
	serve := s.run(func(c *gin.Context) error { return writeAsset(c, assets) })
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r.Handle(method, "/", show)
		r.Handle(method, "/web/:file", serve)
	}
}

func writePage(c *gin.Context, tpl *template.Template, modules []string) error {
	words, err := json.Marshal(newVocabulary())
	if err != nil {
		return fmt.Errorf("encode the vocabulary: %w", err)
	}
	var out bytes.Buffer
	err = tpl.Execute(&out, struct {
		Modules    []string
		Vocabulary string
	}{modules, string(words)})
	if err != nil {
		return fmt.Errorf("render the page: %w", err)
	}
	guardPage(c)
	c.Data(http.StatusOK, "text/html; charset=utf-8", out.Bytes())
	return nil
}

func writeAsset(c *gin.Context, assets map[string]asset) error {
	a, ok := assets[c.Param("file")]
	if !ok {
		return stride.Errorf(stride.NotFound, "there is nothing at %s", c.Request.URL.Path)
	}
	guardPage(c)
	c.Header("Content-Type", a.kind)
	c.Header("ETag", a.tag)
	http.ServeContent(c.Writer, c.Request, c.Param("file"), time.Time{}, bytes.NewReader(a.content))
	return nil
}

// guardPage sets what keeps the page apart from other sites. A browser keeps the
// files and asks whether they have changed, so that no old module meets a new one.
func guardPage(c *gin.Context) {
	c.Header("Content-Security-Policy", pagePolicy)
	c.Header("Cross-Origin-Opener-Policy", "same-origin")
	c.Header("Cache-Control", "no-cache")
}

// word is a value of the API and how people write it.
type word struct {
	Value string `json:"value"`
	Title string `json:"title"`
}

// vocabulary gives the page the domain's lists, so that it has none of its own.
type vocabulary struct {
	Categories       []word                                      `json:"categories"`
	Severities       []stride.Severity                           `json:"severities"`
	Confidences      []stride.Confidence                         `json:"confidences"`
	SuggestionStates []stride.SuggestionState                    `json:"suggestion_states"`
	ThreatStates     []stride.ThreatState                        `json:"threat_states"`
	ThreatMoves      map[stride.ThreatState][]stride.ThreatState `json:"threat_moves"`
	// SuggestionMoves says which states a suggestion can be brought to.
	SuggestionMoves map[stride.SuggestionState][]stride.SuggestionState `json:"suggestion_moves"`
	RejectReasons   []stride.RejectReason                               `json:"reject_reasons"`
	// MitigationMoves says which statuses a mitigation can be brought to.
	MitigationStatuses []stride.MitigationStatus                             `json:"mitigation_statuses"`
	MitigationMoves    map[stride.MitigationStatus][]stride.MitigationStatus `json:"mitigation_moves"`
	GroupBys           []metrics.GroupBy                                     `json:"group_bys"`
	SeriesSteps        []metrics.SeriesStep                                  `json:"series_steps"`
	// UndoSeconds is how long a decision can be taken back.
	UndoSeconds int           `json:"undo_seconds"`
	Roles       []stride.Role `json:"roles"`
	// Risk is the severity by likelihood and impact, each from 1.
	Risk     [4][4]stride.Severity `json:"risk"`
	MaxPage  int                   `json:"max_page"`
	MaxBytes int                   `json:"max_bytes"`
}

func newVocabulary() vocabulary {
	v := vocabulary{
		Severities: stride.Severities(), Confidences: stride.Confidences(), SuggestionStates: stride.SuggestionStates(),
		ThreatStates: stride.ThreatStates(), ThreatMoves: make(map[stride.ThreatState][]stride.ThreatState),
		SuggestionMoves:    make(map[stride.SuggestionState][]stride.SuggestionState),
		MitigationStatuses: stride.MitigationStatuses(), MitigationMoves: make(map[stride.MitigationStatus][]stride.MitigationStatus),
		GroupBys: metrics.GroupBys(), SeriesSteps: metrics.SeriesSteps(), UndoSeconds: int(analysis.UndoWithin.Seconds()),
		RejectReasons: stride.RejectReasons(), Roles: stride.Roles(), MaxPage: analysis.MaxLimit, MaxBytes: maxSourceBody,
	}
	for _, c := range stride.Categories() {
		v.Categories = append(v.Categories, word{string(c), c.Title()})
	}
	for _, status := range v.MitigationStatuses {
		v.MitigationMoves[status] = status.Moves()
	}
	for _, state := range v.ThreatStates {
		v.ThreatMoves[state] = state.Moves()
	}
	for _, from := range v.SuggestionStates {
		v.SuggestionMoves[from] = []stride.SuggestionState{}
		for _, to := range v.SuggestionStates {
			if from.CanMove(to) {
				v.SuggestionMoves[from] = append(v.SuggestionMoves[from], to)
			}
		}
	}
	for l := range v.Risk {
		for i := range v.Risk[l] {
			v.Risk[l][i] = stride.Risk{Likelihood: l + 1, Impact: i + 1}.Severity()
		}
	}
	return v
}
