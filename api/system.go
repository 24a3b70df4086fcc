package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	swgui "github.com/swaggest/swgui/v5emb"

	"github.com/threatdraft/threatdraft"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// healthz says that the process answers.
func (s *server) healthz(c *gin.Context) error {
	c.JSON(http.StatusOK, gin.H{"status": "ok"})
	return nil
}

// readyz says that the server can do its work: the database answers and has the
// schema that this program wants.
func (s *server) readyz(c *gin.Context) error {
	if err := s.Ready(c.Request.Context()); err != nil {
		s.Log.WarnContext(c, "not ready", "error", err)
		return stride.Errorf(stride.Unavailable, "the database is not ready")
	}
	c.JSON(http.StatusOK, gin.H{"status": "ready"})
	return nil
}

func (s *server) prometheus(c *gin.Context) error {
	promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{}).ServeHTTP(c.Writer, c.Request)
	return nil
}

func (s *server) openapi(c *gin.Context) error {
	c.Data(http.StatusOK, "application/yaml; charset=utf-8", threatdraft.OpenAPI)
	return nil
}

// docs serves the contract as a page that people read and try out.
func (s *server) docs(r *gin.Engine) {
	page := gin.WrapH(swgui.New("threatdraft", "/openapi.yaml", "/docs"))
	r.GET("/docs", page)
	r.GET("/docs/*file", page)
}

// meOut is who the token belongs to and what it may do.
type meOut struct {
	ID     stride.UserID `json:"id"`
	Name   string        `json:"name"`
	Grants []grantOut    `json:"grants"`
}

type grantOut struct {
	// ProjectID is null where the role holds in all projects.
	ProjectID *stride.ProjectID `json:"project_id"`
	Role      stride.Role       `json:"role"`
}

func (s *server) me(c *gin.Context) error {
	a := actor(c)
	out := meOut{ID: a.User, Name: a.Name, Grants: []grantOut{}}
	for _, g := range a.Grants {
		grant := grantOut{Role: g.Role}
		if g.Project != "" {
			grant.ProjectID = &g.Project
		}
		out.Grants = append(out.Grants, grant)
	}
	c.JSON(http.StatusOK, out)
	return nil
}
