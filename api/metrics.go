package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/metrics"
)

func readWindow(c *gin.Context) (metrics.Window, error) {
	q := readQuery(c, "as_of", "from", "to")
	w := metrics.Window{From: q.moment("from"), To: q.moment("to")}
	if asOf := q.moment("as_of"); asOf != nil {
		w.AsOf = *asOf
	}
	return w, q.err()
}

func (s *server) portfolioMetrics(c *gin.Context) error {
	w, err := readWindow(c)
	if err != nil {
		return err
	}
	report, err := s.Metrics.Portfolio(c.Request.Context(), actor(c), w)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: report})
}

func (s *server) projectMetrics(c *gin.Context) error {
	w, err := readWindow(c)
	if err != nil {
		return err
	}
	if _, err := s.Projects.Get(c.Request.Context(), actor(c), projectID(c)); err != nil {
		return err
	}
	report, err := s.Metrics.Project(c.Request.Context(), actor(c), projectID(c), w)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: report})
}
