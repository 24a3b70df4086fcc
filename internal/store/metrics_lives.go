package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// subjects are the ids of what is read; nil is all of the project.
type subjects[ID ~string] []ID

// narrow keeps what is among the subjects.
func narrow[ID ~string](f *filter, column string, ids subjects[ID]) {
	if ids != nil {
		f.where(column+" in (?)", []ID(ids))
	}
}

// chunks splits the subjects into lists of parameters; nil is one chunk.
func (ids subjects[ID]) chunks() [][]ID {
	if ids == nil {
		return [][]ID{nil}
	}
	return slices.Collect(slices.Chunk([]ID(ids), chunk))
}

// livesReader reads lives from the rows of one project.
type livesReader struct {
	session
	project stride.ProjectID
	lives   *metrics.Lives
	kinds   map[metrics.Kind]int32
}

func newLivesReader(s session, project stride.ProjectID, l *metrics.Lives) *livesReader {
	r := &livesReader{session: s, project: project, lives: l, kinds: make(map[metrics.Kind]int32, len(l.Kinds))}
	for i, k := range l.Kinds {
		r.kinds[k] = int32(i) //nolint:gosec // a place in a list
	}
	return r
}

func (r *livesReader) kind(k metrics.Kind) int32 {
	place, ok := r.kinds[k]
	if !ok {
		place = int32(len(r.lives.Kinds)) //nolint:gosec // a place in a list
		r.kinds[k] = place
		r.lives.Kinds = append(r.lives.Kinds, k)
	}
	return place
}

// all reads everything of the project.
func (r *livesReader) all(ctx context.Context) error {
	if err := r.suggestions(ctx, nil); err != nil {
		return err
	}
	if err := r.threats(ctx, nil); err != nil {
		return err
	}
	return r.versions(ctx)
}

type intervalRow struct {
	SubjectID string `db:"subject_id"`
	State     string `db:"state"`
	From      int64  `db:"from_at"`
}

const selectMetricsIntervals = `select subject_id, state, from_at from state_intervals`

// intervals returns the beginnings of states by subject, in their order.
func (s session) intervals(ctx context.Context, f filter) (map[string][]intervalRow, error) {
	if f.err != nil {
		return nil, f.err
	}
	var rows []intervalRow
	if err := s.list(ctx, &rows, selectMetricsIntervals+f.sql()+" order by subject, project_id, subject_id, ordinal", f.args...); err != nil {
		return nil, fmt.Errorf("list intervals: %w", err)
	}
	out := map[string][]intervalRow{}
	for begin := 0; begin < len(rows); {
		end := begin + 1
		for end < len(rows) && rows[end].SubjectID == rows[begin].SubjectID {
			end++
		}
		out[rows[begin].SubjectID] = rows[begin:end]
		begin = end
	}
	return out, nil
}

// A proposal's evidence is found in its JSON text: within a string the quotation
// marks would be escaped.
const selectMetricsSuggestions = `
select s.id, s.category, s.severity, s.rule, s.llm_model, s.llm_prompt,
    case when s.proposal like '%"kind":"quoted"%' or s.proposal like '%"kind":"not_stated"%' or s.proposal like '%"kind":"human"%'
        then 0 else 1 end as unverified
from suggestions s`

type metricsSuggestionRow struct {
	ID         stride.SuggestionID `db:"id"`
	Category   stride.Category     `db:"category"`
	Severity   stride.Severity     `db:"severity"`
	Rule       string              `db:"rule"`
	Model      string              `db:"llm_model"`
	Prompt     string              `db:"llm_prompt"`
	Unverified int                 `db:"unverified"`
}

// suggestions reads those of the project, or some of them, in the order of ids.
func (r *livesReader) suggestions(ctx context.Context, ids subjects[stride.SuggestionID]) error {
	for _, some := range ids.chunks() {
		var f, lives filter
		f.where("s.project_id = ?", r.project)
		narrow(&f, "s.id", subjects[stride.SuggestionID](some))
		lives.where("subject = ? and project_id = ?", stride.SubjectSuggestion, r.project)
		narrow(&lives, "subject_id", subjects[stride.SuggestionID](some))
		var rows []metricsSuggestionRow
		if err := r.list(ctx, &rows, selectMetricsSuggestions+f.sql()+" order by s.id", f.args...); err != nil {
			return fmt.Errorf("list suggestions: %w", err)
		}
		intervals, err := r.intervals(ctx, lives)
		if err != nil {
			return err
		}
		verdicts, err := r.verdicts(ctx, f)
		if err != nil {
			return err
		}
		codes, reasons := metrics.SuggestionCodes(), metrics.ReasonCodes()
		for _, row := range rows {
			life := metrics.SuggestionLife{
				ID: row.ID, Unverified: row.Unverified == 1,
				Kind: r.kind(metrics.Kind{
					Category: row.Category, Severity: row.Severity, Rule: row.Rule, Model: row.Model, Prompt: row.Prompt,
				}),
			}
			for _, i := range intervals[string(row.ID)] {
				life.Steps = append(life.Steps, verdicts[row.ID].explain(i, codes, reasons))
			}
			if life.Steps != nil {
				r.lives.Suggestions = append(r.lives.Suggestions, life)
			}
		}
	}
	return nil
}

// verdicts are the decisions to accept or to reject one suggestion, oldest
// first.
type verdicts []verdictRow

type verdictRow struct {
	SuggestionID stride.SuggestionID `db:"suggestion_id"`
	Kind         stride.DecisionKind `db:"kind"`
	Reason       stride.RejectReason `db:"reason"`
	Edited       int                 `db:"edited"`
	At           int64               `db:"at"`
}

const selectVerdicts = `
select d.suggestion_id, d.kind, d.reason, case when d.diff in ('', '[]', 'null') then 0 else 1 end as edited, d.at
from decisions d join suggestions s on s.id = d.suggestion_id`

func (r *livesReader) verdicts(ctx context.Context, f filter) (map[stride.SuggestionID]verdicts, error) {
	f.where("d.kind in (?)", []stride.DecisionKind{stride.DecisionAccept, stride.DecisionReject})
	if f.err != nil {
		return nil, f.err
	}
	var rows []verdictRow
	if err := r.list(ctx, &rows, selectVerdicts+f.sql()+" order by d.at, d.id", f.args...); err != nil {
		return nil, fmt.Errorf("list decisions: %w", err)
	}
	out := make(map[stride.SuggestionID]verdicts, len(rows))
	for _, row := range rows {
		out[row.SuggestionID] = append(out[row.SuggestionID], row)
	}
	return out, nil
}

// explain makes a step of an interval. Why a suggestion was rejected, and whether
// it was edited when it was accepted, stands in the last decision of that kind
// until then.
func (v verdicts) explain(
	i intervalRow, codes metrics.Codes[stride.SuggestionState], reasons metrics.Codes[stride.RejectReason],
) metrics.Step {
	step := metrics.Step{At: i.From, State: codes.Of(stride.SuggestionState(i.State))}
	kinds := map[stride.SuggestionState]stride.DecisionKind{
		stride.SuggestionAccepted: stride.DecisionAccept, stride.SuggestionRejected: stride.DecisionReject,
	}
	kind := kinds[stride.SuggestionState(i.State)]
	for _, d := range slices.Backward(v) {
		if d.Kind != kind || d.At > i.From {
			continue
		}
		if kind == stride.DecisionReject {
			step.Reason = reasons.Of(d.Reason)
		} else {
			step.Edited = d.Edited == 1
		}
		break
	}
	return step
}

const selectMetricsThreats = `
select t.id, t.category, t.severity, case when t.origin = 'human' then 1 else 0 end as human,
    coalesce(s.rule, '') as rule, coalesce(s.llm_model, '') as llm_model, coalesce(s.llm_prompt, '') as llm_prompt,
    coalesce(r.at, 0) as reported
from threats t
left join suggestions s on s.id = t.suggestion_id
left join threat_reports r on r.threat_id = t.id`

type metricsThreatRow struct {
	ID       stride.ThreatID `db:"id"`
	Category stride.Category `db:"category"`
	Severity stride.Severity `db:"severity"`
	Human    int             `db:"human"`
	Rule     string          `db:"rule"`
	Model    string          `db:"llm_model"`
	Prompt   string          `db:"llm_prompt"`
	Reported int64           `db:"reported"`
}

// threats reads those of the project, or some of them, in the order of ids.
func (r *livesReader) threats(ctx context.Context, ids subjects[stride.ThreatID]) error {
	codes := metrics.ThreatCodes()
	for _, some := range ids.chunks() {
		var f, lives filter
		f.where("t.project_id = ?", r.project)
		narrow(&f, "t.id", subjects[stride.ThreatID](some))
		lives.where("subject = ? and project_id = ?", stride.SubjectThreat, r.project)
		narrow(&lives, "subject_id", subjects[stride.ThreatID](some))
		var rows []metricsThreatRow
		if err := r.list(ctx, &rows, selectMetricsThreats+f.sql()+" order by t.id", f.args...); err != nil {
			return fmt.Errorf("list threats: %w", err)
		}
		intervals, err := r.intervals(ctx, lives)
		if err != nil {
			return err
		}
		for _, row := range rows {
			life := metrics.ThreatLife{
				ID: row.ID, Human: row.Human == 1, Reported: row.Reported,
				Kind: r.kind(metrics.Kind{
					Category: row.Category, Severity: row.Severity, Rule: row.Rule, Model: row.Model, Prompt: row.Prompt,
				}),
			}
			for _, i := range intervals[string(row.ID)] {
				life.Steps = append(life.Steps, metrics.Step{At: i.From, State: codes.Of(stride.ThreatState(i.State))})
			}
			if life.Steps != nil {
				r.lives.Threats = append(r.lives.Threats, life)
			}
		}
	}
	return nil
}

const selectMetricsModels = `select id, scope, number from threat_models where project_id = ? order by scope, number`

const selectMetricsDrafts = `
select m.scope, m.number, d.ended_at, d.outcome
from drafts d join threat_models m on m.id = d.model_id
where d.project_id = ? and d.state in ('succeeded', 'partial') and d.ended_at is not null and d.outcome is not null
order by m.scope, m.number, d.ended_at, d.id`

// versions reads the threat models and the drafts of the project, in place of
// those that are there.
func (r *livesReader) versions(ctx context.Context) error {
	var models []struct {
		ID     string `db:"id"`
		Scope  string `db:"scope"`
		Number int    `db:"number"`
	}
	if err := r.list(ctx, &models, selectMetricsModels, r.project); err != nil {
		return fmt.Errorf("list threat models: %w", err)
	}
	var f filter
	f.where("subject = ? and project_id = ?", stride.SubjectModel, r.project)
	intervals, err := r.intervals(ctx, f)
	if err != nil {
		return err
	}
	r.lives.Models = nil
	for _, m := range models {
		life := metrics.ModelLife{Scope: m.Scope, Number: m.Number}
		for _, i := range intervals[m.ID] {
			life.Moves = append(life.Moves, metrics.Move{At: i.From, State: i.State})
		}
		r.lives.Models = append(r.lives.Models, life)
	}
	return r.drafts(ctx)
}

func (r *livesReader) drafts(ctx context.Context) error {
	var rows []struct {
		Scope   string                      `db:"scope"`
		Number  int                         `db:"number"`
		EndedAt int64                       `db:"ended_at"`
		Outcome jsonOf[stride.DraftOutcome] `db:"outcome"`
	}
	if err := r.list(ctx, &rows, selectMetricsDrafts, r.project); err != nil {
		return fmt.Errorf("list drafts: %w", err)
	}
	r.lives.Drafts = nil
	for _, d := range rows {
		life := metrics.DraftLife{Scope: d.Scope, Number: d.Number, At: d.EndedAt, Wanted: len(d.Outcome.V.Coverage)}
		for _, cell := range d.Outcome.V.Coverage {
			if cell.State != stride.CellEmpty {
				life.Answered++
			}
		}
		r.lives.Drafts = append(r.lives.Drafts, life)
	}
	return nil
}
