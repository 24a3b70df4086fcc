package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// scope is a project's scope with its first version, drafted.
type scope struct {
	*house
	project, first string
}

func newScope(t *testing.T, url string) scope {
	t.Helper()
	h := newHouse(t, url)
	project := h.post(t, http.StatusCreated, h.admin, "/v1/projects", fields{"name": "Shop"}).text(t, "id")
	s := scope{house: h, project: project}
	s.first = s.version(t, shop)
	s.redraft(t, s.first)
	return s
}

// version stores another version of the scope.
func (s scope) version(t *testing.T, text string) string {
	t.Helper()
	return s.post(t, http.StatusCreated, s.admin, "/v1/projects/"+s.project+"/models", fields{
		"sources": []fields{{"content": text}},
	}).text(t, "id")
}

func (s scope) redraft(t *testing.T, model string) {
	t.Helper()
	id := s.queue(t, model)
	s.work(t)
	require.Equal(t, "succeeded", s.get(t, s.admin, "/v1/drafts/"+id).text(t, "state"))
}

func (s scope) queue(t *testing.T, model string) string {
	t.Helper()
	return s.post(t, http.StatusAccepted, s.admin, "/v1/models/"+model+"/drafts", nil).text(t, "id")
}

func (s scope) pending(t *testing.T, model string) []fields {
	t.Helper()
	return s.get(t, s.admin, "/v1/suggestions?limit=200&state=pending&model="+model).items(t)
}

// rejectAll decides what is pending.
func (s scope) rejectAll(t *testing.T, model string) {
	t.Helper()
	for _, sug := range s.pending(t, model) {
		s.decide(t, http.StatusOK, s.admin, sug["id"].(string), "*", fields{"decision": "reject", "reason": "not_applicable"})
	}
}

func (s scope) submit(t *testing.T, status int, model string) {
	t.Helper()
	s.post(t, status, s.admin, "/v1/models/"+model+"/submit", nil)
}

func (s scope) signOff(t *testing.T, status int, model string) answer {
	t.Helper()
	return s.post(t, status, s.admin, "/v1/models/"+model+"/sign-off", nil)
}

// TestDraftsLeaveOtherReviewsAlone: what a draft of one version takes out of the
// queue, sign-off of another must not take for decided.
func TestDraftsLeaveOtherReviewsAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := newScope(t, url)
		second := s.version(t, shop+"\nA courier app calls the web shop.\n")
		s.redraft(t, second)
		n := len(s.pending(t, second))
		require.NotZero(t, n)
		require.Empty(t, s.pending(t, s.first), "the newer draft has taken the place of what nobody had submitted")
		s.submit(t, http.StatusConflict, s.first)

		s.submit(t, http.StatusOK, second)
		s.redraft(t, s.first)
		require.Len(t, s.pending(t, second), n, "a draft of an older version")
		third := s.version(t, shop+"\nA courier app calls the admin console.\n")
		s.redraft(t, third)
		require.Len(t, s.pending(t, second), n, "a draft of a newer version")
		s.signOff(t, http.StatusConflict, second)

		s.rejectAll(t, second)
		s.signOff(t, http.StatusOK, second)
	})
}

func TestOlderVersionDoesNotSupersedeANewerOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := newScope(t, url)
		s.submit(t, http.StatusOK, s.first)
		second := s.version(t, shop+"\nA courier app calls the web shop.\n")
		s.redraft(t, second)
		s.submit(t, http.StatusOK, second)
		s.rejectAll(t, second)
		s.signOff(t, http.StatusOK, second)
		s.rejectAll(t, s.first)
		s.signOff(t, http.StatusConflict, s.first)
		require.Equal(t, "completed", s.get(t, s.admin, "/v1/models/"+second).text(t, "state"))
	})
}

// TestRedraftRepeatsNothing drafts one version again and again.
func TestRedraftRepeatsNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := newScope(t, url)
		before := s.pending(t, s.first)
		accepted, parked := before[0]["id"].(string), before[1]["id"].(string)
		s.decide(t, http.StatusOK, s.admin, accepted, "*", fields{"decision": "accept"})
		s.decide(t, http.StatusOK, s.admin, parked, "*", fields{"decision": "needs_info", "text": "Which?"})
		s.redraft(t, s.first)
		require.Len(t, s.pending(t, s.first), len(before)-2)
		require.Len(t, s.get(t, s.admin, "/v1/threats?project="+s.project).items(t), 1)
		require.Equal(t, "needs_info", s.get(t, s.admin, "/v1/suggestions/"+parked).text(t, "state"))
	})
}

// TestOneThreatPerAttackAndTarget: a version that adds a target asks about that
// target alone, and one that still waits elsewhere cannot be accepted twice.
func TestOneThreatPerAttackAndTarget(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := newScope(t, url)
		s.submit(t, http.StatusOK, s.first)
		second := s.version(t, shop+"\nA courier app calls the web shop over the internet.\n")
		s.redraft(t, second)
		waiting := s.pending(t, second)
		taken := map[string]string{} // fingerprint-like: rule and target
		for _, sug := range s.pending(t, s.first) {
			s.decide(t, http.StatusOK, s.admin, sug["id"].(string), "*", fields{"decision": "accept"})
			for _, target := range sug["target_ids"].([]any) {
				taken[sug["rule"].(string)+" "+target.(string)] = sug["id"].(string)
			}
		}
		refused := 0
		for _, sug := range waiting {
			repeated := false
			for _, target := range sug["target_ids"].([]any) {
				repeated = repeated || taken[sug["rule"].(string)+" "+target.(string)] != ""
			}
			want := http.StatusOK
			if repeated {
				want = http.StatusConflict
				refused++
			}
			s.decide(t, want, s.admin, sug["id"].(string), "*", fields{"decision": "accept"})
		}
		require.NotZero(t, refused)

		s.redraft(t, second)
		for _, sug := range s.pending(t, second) {
			for _, target := range sug["target_ids"].([]any) {
				require.Empty(t, taken[sug["rule"].(string)+" "+target.(string)], "%s on %s is a threat already", sug["rule"], target)
			}
		}
	})
}

// TestDraftOfAClosedVersionPublishesNothing ends a project, and a review, while
// a draft of it waits.
func TestDraftOfAClosedVersionPublishesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := newScope(t, url)
		s.submit(t, http.StatusOK, s.first)
		s.rejectAll(t, s.first)
		late := s.queue(t, s.first)
		require.Contains(t, string(s.signOff(t, http.StatusConflict, s.first).body), "have not ended")
		s.post(t, http.StatusOK, s.admin, "/v1/projects/"+s.project+"/archive", nil)
		s.work(t)
		d := s.get(t, s.admin, "/v1/drafts/"+late)
		require.Equal(t, "failed", d.text(t, "state"))
		require.Equal(t, "conflict", d.field(t, "error").(fields)["kind"])
		require.Empty(t, s.pending(t, s.first))
	})
}

// firstQuestion asks for the question that settles most.
func (s scope) firstQuestion(t *testing.T) string {
	t.Helper()
	return s.get(t, s.admin, "/v1/models/"+s.first+"/questions").items(t)[0]["id"].(string)
}

func (s scope) answer(t *testing.T, question, control string) answer {
	t.Helper()
	return s.post(t, http.StatusCreated, s.author, "/v1/models/"+s.first+"/answers", fields{"question_id": question, "control": control})
}

// TestAChangedAnswerBringsThreatsBack: present by mistake, then absent.
func TestAChangedAnswerBringsThreatsBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := newScope(t, url)
		question := s.firstQuestion(t)
		settled := s.answer(t, question, "present").field(t, "superseded").([]any)
		require.NotEmpty(t, settled)
		changed := s.answer(t, question, "absent")
		require.Equal(t, settled, changed.field(t, "reopened"))
		require.Equal(t, settled, changed.field(t, "raised"))
		for _, id := range settled {
			sug := s.get(t, s.admin, "/v1/suggestions/"+id.(string))
			require.Equal(t, "pending", sug.text(t, "state"))
			require.Equal(t, "high", sug.text(t, "confidence"))
		}
	})
}

// TestAnswerWhileADraftRuns gives the answer after the run has read its input.
func TestAnswerWhileADraftRuns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := newScope(t, url)
		question := s.firstQuestion(t)
		var settled int
		s.runner.Probe = func(point string) {
			if point == analysis.PointPublish {
				settled = len(s.answer(t, question, "present").field(t, "superseded").([]any))
			}
		}
		before := len(s.pending(t, s.first))
		s.redraft(t, s.first)
		require.NotZero(t, settled)
		require.Len(t, s.pending(t, s.first), before-settled)
	})
}

// TestNotApplicableIsNotMitigated reads the matrix after an answer.
func TestNotApplicableIsNotMitigated(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := newScope(t, url)
		path := "/v1/models/" + s.first
		summary := func() fields { return s.get(t, s.admin, path+"/coverage").field(t, "summary").(fields) }
		before := summary()
		s.post(t, http.StatusCreated, s.author, path+"/answers", fields{
			"question_id": s.firstQuestion(t), "control": "not_applicable", "text": "nobody can reach it", "apply_to": "model",
		})
		after := summary()
		require.Equal(t, before["mitigated"], after["mitigated"])
		require.Greater(t, after["not_applicable"], before["not_applicable"])
	})
}

// TestWhatIsClosedStaysClosed asks for what a signed-off version and a sandbox
// refuse.
func TestWhatIsClosedStaysClosed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := newScope(t, url)
		question, rejected := s.firstQuestion(t), s.pending(t, s.first)[0]["id"].(string)
		s.submit(t, http.StatusOK, s.first)
		s.rejectAll(t, s.first)
		s.signOff(t, http.StatusOK, s.first)
		s.post(t, http.StatusConflict, s.author, "/v1/models/"+s.first+"/answers", fields{"question_id": question, "control": "absent"})
		s.decide(t, http.StatusConflict, s.admin, rejected, "*", fields{"decision": "reopen", "text": "too soon"})

		sandbox := s.post(t, http.StatusAccepted, s.admin, "/v1/drafts", fields{"description": shop}).text(t, "project_id")
		s.post(t, http.StatusConflict, s.admin, "/v1/projects/"+sandbox+"/archive", nil)
		s.post(t, http.StatusAccepted, s.admin, "/v1/drafts", fields{"description": shop})
	})
}
