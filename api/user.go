package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/stride"
)

type userWire struct {
	ID   stride.UserID `json:"id"`
	Name string        `json:"name"`
}

func (s *server) getUser(c *gin.Context) error {
	u, err := s.Access.User(c.Request.Context(), actor(c), stride.UserID(c.Param("id")))
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: userWire{ID: u.ID, Name: u.Name}})
}
