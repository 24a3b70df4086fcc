package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/metrics"
)

// metricsRequest is what one asks of the metrics.
type metricsRequest struct {
	analysis.MetricsQuery
	series metrics.SeriesStep
	page   analysis.Page
	filter string
	csv    bool
}

func readMetricsRequest(c *gin.Context) (metricsRequest, error) {
	q := readQuery(c, "as_of", "from", "to", "group_by", "series", "format", "limit", "cursor")
	r := metricsRequest{
		MetricsQuery: analysis.MetricsQuery{
			Window: metrics.Window{From: q.moment("from"), To: q.moment("to")},
			By:     oneWord(q, "group_by", metrics.GroupBys()),
		},
		series: oneWord(q, "series", metrics.SeriesSteps()),
	}
	if asOf := q.moment("as_of"); asOf != nil {
		r.Window.AsOf = *asOf
	}
	switch oneWord(q, "format", []string{"json", "csv"}) {
	case "csv":
		r.csv = true
	case "":
		r.csv = strings.HasPrefix(strings.TrimSpace(c.GetHeader("Accept")), "text/csv")
	}
	r.page, r.filter = q.page(), q.filter()
	if r.series != "" || r.By == metrics.ByNothing {
		for _, name := range []string{"limit", "cursor"} {
			if q.text(name) != "" {
				q.add(name, "pages the groups of group_by; a report and a series have no pages")
			}
		}
	}
	return r, q.err()
}

// oneWord returns a parameter that is one of some values, "" where it is missing.
func oneWord[T ~string](q *query, name string, values []T) T {
	word := T(q.text(name))
	if word != "" && !slices.Contains(values, word) {
		q.add(name, fmt.Sprintf("must be one of %v", values))
		return ""
	}
	return word
}

func (s *server) portfolioMetrics(c *gin.Context) error {
	r, err := readMetricsRequest(c)
	if err != nil {
		return err
	}
	return s.metrics(c, r)
}

func (s *server) projectMetrics(c *gin.Context) error {
	r, err := readMetricsRequest(c)
	if err != nil {
		return err
	}
	if _, err := s.Projects.Get(c.Request.Context(), actor(c), projectID(c)); err != nil {
		return err
	}
	r.Project = projectID(c)
	return s.metrics(c, r)
}

// breakdownWire says how an answer is broken down.
type breakdownWire struct {
	AsOf time.Time  `json:"as_of"`
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
	// GroupBy is nil where it is not grouped, Series where it is no series.
	GroupBy      *metrics.GroupBy    `json:"group_by"`
	Series       *metrics.SeriesStep `json:"series"`
	NullByNature []string            `json:"null_by_nature"`
}

type groupsWire struct {
	breakdownWire
	list[metrics.GroupReport]
}

type seriesWire struct {
	breakdownWire
	list[metrics.Point]
}

func (s *server) metrics(c *gin.Context, r metricsRequest) error {
	if r.Window.AsOf.IsZero() {
		r.Window.AsOf = s.Metrics.Now().UTC()
	}
	head := breakdownWire{AsOf: r.Window.AsOf, From: r.Window.From, To: r.Window.To, NullByNature: r.By.NullByNature()}
	if r.By != metrics.ByNothing {
		head.GroupBy = &r.By
	}
	ctx := c.Request.Context()
	switch {
	case r.series != "":
		head.Series = &r.series
		points, err := s.Metrics.Series(ctx, actor(c), r.MetricsQuery, r.series)
		if err != nil {
			return err
		}
		if r.csv {
			return s.writeCSV(c, tablesOfPoints(points))
		}
		return s.write(c, reply{status: http.StatusOK, body: seriesWire{head, list[metrics.Point]{Items: points}}})
	case r.By != metrics.ByNothing:
		page, err := s.Metrics.Groups(ctx, actor(c), r.MetricsQuery, r.page)
		if err != nil {
			return err
		}
		if r.csv {
			nextPage(c, page.Next, r.filter)
			return s.writeCSV(c, tablesOfGroups(page.Items))
		}
		items := listOf(page, r.filter, func(g metrics.GroupReport) metrics.GroupReport { return g })
		return s.write(c, reply{status: http.StatusOK, body: groupsWire{head, items}})
	}
	report, err := s.Metrics.Report(ctx, actor(c), r.MetricsQuery)
	if err != nil {
		return err
	}
	if r.csv {
		return s.writeCSV(c, []metricsTable{{report: report}})
	}
	return s.write(c, reply{status: http.StatusOK, body: report})
}

// nextPage says in a header what JSON says in next_cursor.
func nextPage(c *gin.Context, next *analysis.Cursor, filter string) {
	if next == nil {
		return
	}
	values := c.Request.URL.Query()
	values.Set("cursor", encodeCursor(*next, filter))
	c.Header("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, c.Request.URL.EscapedPath(), values.Encode()))
}

// metricFormulas lists how each number is made.
func (s *server) metricFormulas(c *gin.Context) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: list[metrics.Formula]{Items: metrics.Formulas()}})
}

// writeCSV answers with RFC 4180, of which there is no part to be written when
// something in it fails.
func (s *server) writeCSV(c *gin.Context, tables []metricsTable) error {
	body, err := encodeTables(tables)
	if err != nil {
		return fmt.Errorf("encode table: %w", err)
	}
	c.Header("Content-Disposition", `attachment; filename="metrics.csv"`)
	c.Data(http.StatusOK, "text/csv; charset=utf-8; header=present", body)
	return nil
}
