package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// newModel is a version that is not stored yet, as it will come back.
func (f *fixture) newModel(p stride.Project, scope string, number int) stride.ThreatModel {
	a := stride.Architecture{
		Elements: []stride.Element{
			{ID: "web", Name: "Wéb", Kind: stride.Process, Tags: []stride.Tag{"web_app"}},
			{ID: "db", Name: "Orders 支付", Kind: stride.DataStore, Controls: stride.Controls{
				stride.EncryptionAtRest: {State: stride.ControlAbsent},
			}},
		},
		Flows: []stride.Flow{{ID: "web-db", SourceID: "web", TargetID: "db", Protocol: "sql"}},
	}
	a.Connect()
	return stride.ThreatModel{
		ID: newID[stride.ModelID](), ProjectID: p.ID, Scope: scope, Number: number, State: stride.ModelDraft,
		ContentHash: "hash", Architecture: a, Notes: []string{"line 3 was not understood"}, AuthorID: "author",
		Sources: []stride.Source{
			{ID: newID[stride.SourceID](), Name: "design.md", Format: "prose", Content: []byte("The wéb app\x00 writes orders.\r\n")},
			{ID: newID[stride.SourceID](), Name: "", Format: "mermaid", Content: []byte("\xff\xfe")},
		},
		Revision: 1, CreatedAt: kept(f.now()),
	}
}

func (f *fixture) insertModel(t *testing.T, m stride.ThreatModel) stride.ThreatModel {
	t.Helper()
	require.NoError(t, f.InSubmitTx(f.ctx, func(tx analysis.SubmitTx) error { return tx.InsertModel(f.ctx, m) }))
	return m
}

func (f *fixture) model(t *testing.T, p stride.Project, scope string, number int) stride.ThreatModel {
	t.Helper()
	return f.insertModel(t, f.newModel(p, scope, number))
}

// moveModel writes a state.
func (f *fixture) moveModel(t *testing.T, m stride.ThreatModel, to stride.ModelState, assignee stride.UserID) stride.ThreatModel {
	t.Helper()
	m.State, m.AssigneeID = to, assignee
	require.NoError(t, f.InModelTx(f.ctx, func(tx analysis.ModelTx) error { return tx.UpdateModel(f.ctx, m) }))
	m.Revision++
	return m
}

// draft queues a run of the model.
func (f *fixture) draft(t *testing.T, m stride.ThreatModel) stride.Draft {
	t.Helper()
	d := stride.Draft{
		ID: newID[stride.DraftID](), ModelID: m.ID, ProjectID: m.ProjectID, AuthorID: "author",
		Drafter: stride.DrafterOffline, State: stride.DraftQueued, Run: 1, FirstRun: 1, CreatedAt: kept(f.now()),
	}
	err := f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error {
		var err error
		if d.JobID, err = tx.EnqueueDraft(f.ctx, analysis.DraftJob{DraftID: d.ID, Run: d.Run}); err != nil {
			return err
		}
		return tx.InsertDraft(f.ctx, d)
	})
	require.NoError(t, err)
	return d
}

// endDraft ends a run, as it will come back.
func (f *fixture) endDraft(t *testing.T, d stride.Draft, state stride.DraftState) stride.Draft {
	t.Helper()
	d.State, d.EndedAt = state, keptPtr(f.now())
	d.LeaseOwner, d.LeaseUntil = "", nil
	require.NoError(t, f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error {
		ok, err := tx.EndDraft(f.ctx, d)
		require.True(t, ok)
		return err
	}))
	return d
}

// run is a fixture with a project, a model and a draft in it.
type run struct {
	project stride.Project
	model   stride.ThreatModel
	draft   stride.Draft
}

func (f *fixture) run(t *testing.T, name string) run {
	t.Helper()
	p := f.project(t, name)
	m := f.model(t, p, stride.DefaultScope, 1)
	return run{project: p, model: m, draft: f.draft(t, m)}
}

func (f *fixture) inRunTx(t *testing.T, fn func(analysis.RunTx) error) {
	t.Helper()
	require.NoError(t, f.InRunTx(f.ctx, fn))
}

// newSuggestion is one that is not stored yet, as it will come back.
func (f *fixture) newSuggestion(r run, title string) stride.Suggestion {
	p := stride.Proposal{
		ID: title, Category: stride.Tampering, Title: title, Statement: "Somebody can, because nobody looks: “é” 🛒",
		TargetIDs: []stride.Key{"db", "web-db"}, Targets: []string{"Orders", "web to db"}, FlowID: "web-db",
		Severity: stride.SeverityHigh, Risk: stride.Risk{Likelihood: 3, Impact: 3}, Confidence: stride.ConfidenceMedium,
		Rationale: []stride.Addend{{Of: "likelihood", Points: 3, Why: "from outside"}},
		Evidence:  []stride.Evidence{{Kind: stride.Quoted, SourceID: "s", Start: 4, End: 20, Quote: "app writes orders"}},
		CWE:       []string{"CWE-89"}, CAPEC: []string{}, Control: stride.ParameterizedQueries, Rule: "sql-injection",
		Mitigations: []stride.ProposedMitigation{{Text: "bind", References: []string{"ASVS 5.3.4"}}},
	}
	return stride.Suggestion{
		ID: newID[stride.SuggestionID](), ProjectID: r.project.ID, ModelID: r.model.ID, DraftID: r.draft.ID,
		State: stride.SuggestionPending, Proposal: p, Current: p,
		Fingerprints: map[stride.Key]string{"db": title + "/db", "web-db": title + "/web-db"},
		Scope:        r.model.Scope, ModelNumber: r.model.Number,
		Revision: 1, CreatedAt: kept(f.now()),
	}
}

func (f *fixture) insertSuggestion(t *testing.T, s stride.Suggestion) stride.Suggestion {
	t.Helper()
	f.inRunTx(t, func(tx analysis.RunTx) error { return tx.InsertSuggestion(f.ctx, s) })
	return s
}

func (f *fixture) suggestion(t *testing.T, r run, title string) stride.Suggestion {
	t.Helper()
	return f.insertSuggestion(t, f.newSuggestion(r, title))
}

// decide writes a decision the way that analysis does.
func (f *fixture) decide(t *testing.T, s stride.Suggestion, kind stride.DecisionKind, to stride.SuggestionState, by stride.UserID) stride.Suggestion {
	t.Helper()
	from := s.State
	s.State, s.DecidedAt, s.DecidedBy = to, keptPtr(f.now()), by
	err := f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error {
		if err := tx.UpdateSuggestion(f.ctx, s, from); err != nil {
			return err
		}
		return tx.InsertDecision(f.ctx, stride.Decision{
			ID: newID[stride.DecisionID](), SuggestionID: s.ID, Kind: kind, Text: "because", ActorID: by, At: *s.DecidedAt,
		})
	})
	require.NoError(t, err)
	s.Revision++
	return s
}

// newThreat is one that is not stored yet, as it will come back.
func (f *fixture) newThreat(p stride.Project, s *stride.Suggestion) stride.Threat {
	at := kept(f.now())
	threat := stride.Threat{
		ID: newID[stride.ThreatID](), ProjectID: p.ID, Origin: stride.OriginHuman, State: stride.ThreatOpen,
		Content: stride.Proposal{
			Category: stride.Spoofing, Title: "Someone else", Severity: stride.SeverityCritical,
			Risk: stride.Risk{Likelihood: 4, Impact: 4},
		},
		AcceptedAt: at, AcceptedBy: "reviewer", References: []stride.Reference{}, Revision: 1, UpdatedAt: at,
	}
	if s != nil {
		threat.SuggestionID, threat.Origin, threat.Content = s.ID, stride.OriginSuggestion, s.Current
	}
	return threat
}

func (f *fixture) insertThreat(t *testing.T, threat stride.Threat) stride.Threat {
	t.Helper()
	f.inThreatTx(t, func(tx analysis.ThreatTx) error { return tx.InsertThreat(f.ctx, threat) })
	return threat
}

func (f *fixture) inThreatTx(t *testing.T, fn func(analysis.ThreatTx) error) {
	t.Helper()
	require.NoError(t, f.InThreatTx(f.ctx, fn))
}

// jobState writes what River would: the state of a job, and when it was fetched.
func (f *fixture) jobState(t *testing.T, job int64, state string, fetched time.Time) {
	t.Helper()
	text := fetched.UTC().Format("2006-01-02 15:04:05.000")
	query := `update river_job set state = ?, attempted_at = ?,
	    finalized_at = case when ? in ('completed', 'cancelled', 'discarded') then ? else null end where id = ?`
	args := []any{state, text, state, text, job}
	if f.Dialect() == "postgres" {
		query = `update river_job set state = $1::text::river_job_state, attempted_at = $2::timestamptz,
		    finalized_at = case when $1::text in ('completed', 'cancelled', 'discarded') then $2::timestamptz end where id = $3`
		args = []any{state, text + "+00", job}
	}
	result, err := f.WriterDB().ExecContext(f.ctx, query, args...)
	require.NoError(t, err)
	n, err := result.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

// countRows counts the rows of a table.
func (f *fixture) countRows(t *testing.T, table string) int {
	t.Helper()
	var n int
	require.NoError(t, f.WriterDB().QueryRowContext(f.ctx, "select count(*) from "+table).Scan(&n))
	return n
}
