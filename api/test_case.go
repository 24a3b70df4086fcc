package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type testCaseWire struct {
	ID        stride.TestCaseID `json:"id"`
	ProjectID stride.ProjectID  `json:"project_id"`
	ThreatID  stride.ThreatID   `json:"threat_id"`
	Given     string            `json:"given"`
	When      string            `json:"when"`
	Then      string            `json:"then"`
	Origin    stride.Provenance `json:"origin"`
	CreatedAt time.Time         `json:"created_at"`
	CreatedBy stride.UserID     `json:"created_by"`
	UpdatedAt time.Time         `json:"updated_at"`
	Version   int64             `json:"version"`
}

func testCaseOut(c stride.TestCase) testCaseWire {
	return testCaseWire{
		ID: c.ID, ProjectID: c.ProjectID, ThreatID: c.ThreatID, Given: c.Given, When: c.When, Then: c.Then, Origin: c.Origin,
		CreatedAt: c.CreatedAt.UTC(), CreatedBy: c.CreatedBy, UpdatedAt: c.UpdatedAt.UTC(), Version: c.Revision,
	}
}

func testCaseReply(status int) func(stride.TestCase) reply {
	return func(c stride.TestCase) reply {
		r := reply{status: status, revision: c.Revision, body: testCaseOut(c)}
		if status == http.StatusCreated {
			r.location = "/v1/test-cases/" + string(c.ID)
		}
		return r
	}
}

func testCaseList(cases []stride.TestCase) reply {
	return reply{status: http.StatusOK, body: listOf(analysis.Listing[stride.TestCase]{Items: cases}, "", testCaseOut)}
}

func testCaseID(c *gin.Context) stride.TestCaseID { return stride.TestCaseID(c.Param("id")) }

func (s *server) listTestCases(c *gin.Context) error {
	cases, err := s.TestCases.List(c.Request.Context(), actor(c), threatID(c))
	if err != nil {
		return err
	}
	return s.write(c, testCaseList(cases))
}

func (s *server) draftTestCases(c *gin.Context) error {
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) ([]stride.TestCase, error) {
		return s.TestCases.Draft(c.Request.Context(), call, threatID(c))
	}, testCaseList)
}

type testCaseIn struct {
	Given string `json:"given" validate:"required"`
	When  string `json:"when" validate:"required"`
	Then  string `json:"then" validate:"required"`
}

func (s *server) addTestCase(c *gin.Context) error {
	var in testCaseIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.TestCase, error) {
		return s.TestCases.Add(c.Request.Context(), call, threatID(c), analysis.TestCaseText(in))
	}, testCaseReply(http.StatusCreated))
}

func (s *server) getTestCase(c *gin.Context) error {
	found, err := s.TestCases.Get(c.Request.Context(), actor(c), testCaseID(c))
	if err != nil {
		return err
	}
	return s.write(c, testCaseReply(http.StatusOK)(found))
}

func (s *server) replaceTestCase(c *gin.Context) error {
	var in testCaseIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.TestCase, error) {
		return s.TestCases.Replace(c.Request.Context(), call, testCaseID(c), analysis.TestCaseText(in))
	}, testCaseReply(http.StatusOK))
}

// deleteTestCase answers with the test case as it was.
func (s *server) deleteTestCase(c *gin.Context) error {
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.TestCase, error) {
		return s.TestCases.Delete(c.Request.Context(), call, testCaseID(c))
	}, func(c stride.TestCase) reply { return reply{status: http.StatusOK, body: testCaseOut(c)} })
}
