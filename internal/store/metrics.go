package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// MetricsFacts counts what the formulas of internal/metrics need, over the
// projects within reach, or over one of them where project is not "". A project
// out of reach gives the facts of nothing. Invalid for a window that is none.
//
// The database aggregates; what comes back has a row per project and state, or
// per rule, never one per threat. Each query reads the history up to w.AsOf, so
// that what is written meanwhile does not show, unless it is older than AsOf.
func (s *Store) MetricsFacts(
	ctx context.Context, reach stride.Reach, project stride.ProjectID, w metrics.Window,
) (metrics.Facts, error) {
	if err := w.Validate(); err != nil {
		return metrics.Facts{}, err
	}
	g := gatherer{session: s.session, args: metricsArgs(reach, project, w), facts: metrics.Facts{Window: w}}
	switch {
	case project != "" && !reach.Holds(project), !reach.All && len(reach.Projects) == 0:
		return g.facts, nil
	case project != "":
		g.filter = " and p.id = :project"
	case !reach.All:
		g.filter = " and p.id in (:reach)"
	}
	for _, step := range []struct {
		name   string
		gather func(context.Context) error
	}{
		{"projects", g.projects},
		{"threat models", g.models},
		{"threats", g.threats},
		{"reports", g.reports},
		{"suggestions", g.suggestions},
		{"calls to language models", g.calls},
	} {
		if err := step.gather(ctx); err != nil {
			return metrics.Facts{}, fmt.Errorf("count %s: %w", step.name, err)
		}
	}
	return g.facts, nil
}

// metricsArgs are the parameters that all queries share. The window is cut at
// AsOf, so that a query needs no second condition; its end is exclusive.
func metricsArgs(reach stride.Reach, project stride.ProjectID, w metrics.Window) map[string]any {
	from, to := int64(math.MinInt64), micros(w.AsOf)+1
	if w.From != nil {
		from = micros(*w.From)
	}
	if w.To != nil {
		to = min(to, micros(*w.To))
	}
	return map[string]any{
		"as_of": micros(w.AsOf), "from": from, "to": to, "fresh_since": micros(w.FreshSince()),
		"project": project, "reach": reach.Projects,
		"quoted": `%"kind":"quoted"%`, "not_stated": `%"kind":"not_stated"%`, "human": `%"kind":"human"%`,
	}
}

// gatherer fills facts, one query after the other.
type gatherer struct {
	session
	// filter narrows the projects p.
	filter string
	args   map[string]any
	facts  metrics.Facts
	// at finds a project's place in facts.Projects.
	at map[stride.ProjectID]int
}

// rows reads what query gives, after the common tables of eligibleProjects.
func (g *gatherer) rows(ctx context.Context, dest any, query string) error {
	query, args, err := sqlx.Named(fmt.Sprintf(eligibleProjects, g.filter)+query, g.args)
	if err != nil {
		return fmt.Errorf("bind parameters: %w", err)
	}
	if query, args, err = sqlx.In(query, args...); err != nil {
		return fmt.Errorf("bind list: %w", err)
	}
	return g.list(ctx, dest, query, args...)
}

// eligibleProjects begins every query: the projects that are not archived at
// the moment, and those of them that count.
const eligibleProjects = `
with standing as (
    select p.id, p.name, scope.state as in_scope
    from projects p
    join state_intervals life on life.subject = 'project' and life.subject_id = p.id and life.state = 'active'
        and life.from_at <= :as_of and (life.to_at is null or life.to_at > :as_of)
    join state_intervals scope on scope.subject = 'project_scope' and scope.subject_id = p.id
        and scope.from_at <= :as_of and (scope.to_at is null or scope.to_at > :as_of)
    where p.sandbox_of is null%s
), eligible as (
    select id, name from standing where in_scope = 'true'
)`

const selectMetricsProjects = `
select id, name, in_scope from standing where in_scope <> 'false' order by id`

func (g *gatherer) projects(ctx context.Context) error {
	var rows []struct {
		ID      stride.ProjectID `db:"id"`
		Name    string           `db:"name"`
		InScope stride.InScope   `db:"in_scope"`
	}
	if err := g.rows(ctx, &rows, selectMetricsProjects); err != nil {
		return err
	}
	g.at = make(map[stride.ProjectID]int, len(rows))
	for _, r := range rows {
		if r.InScope == stride.InScopeUnknown {
			g.facts.Untriaged++
			continue
		}
		g.at[r.ID] = len(g.facts.Projects)
		g.facts.Projects = append(g.facts.Projects, metrics.ProjectFacts{
			ID: r.ID, Name: r.Name, Threats: map[stride.ThreatState]int{},
		})
	}
	return nil
}

// A threat model is completed at most once, so its interval stands for it even
// when it was superseded since.
const selectMetricsModels = `, done as (
    select i.project_id, m.scope, m.number, i.from_at as completed_at,
        case when i.from_at >= :from and i.from_at < :to then 1 else 0 end as in_window
    from state_intervals i
    join threat_models m on m.id = i.subject_id
    where i.subject = 'model' and i.state = 'completed' and i.from_at <= :as_of
), judged as (
    select d.project_id, d.in_window,
        case when d.completed_at >= :fresh_since and not exists (
            select 1 from threat_models newer
            join state_intervals review on review.subject = 'model' and review.subject_id = newer.id
                and review.state = 'in_review' and review.from_at between d.completed_at and :as_of
            where newer.project_id = d.project_id and newer.scope = d.scope and newer.number > d.number
        ) then 1 else 0 end as fresh
    from done d
)
select p.id as project_id, sum(j.in_window) as in_window, count(*) as ever, max(j.fresh) as fresh
from judged j join projects p on p.id = j.project_id
where p.sandbox_of is null`

func (g *gatherer) models(ctx context.Context) error {
	var rows []struct {
		ProjectID stride.ProjectID `db:"project_id"`
		InWindow  int              `db:"in_window"`
		Ever      int              `db:"ever"`
		Fresh     int              `db:"fresh"`
	}
	if err := g.rows(ctx, &rows, selectMetricsModels+g.filter+" group by p.id"); err != nil {
		return err
	}
	for _, r := range rows {
		place, eligible := g.at[r.ProjectID]
		if !eligible {
			g.facts.OtherModels += r.InWindow
			if r.InWindow > 0 {
				g.facts.OtherModelProjects++
			}
			continue
		}
		p := &g.facts.Projects[place]
		p.ModelsInWindow, p.ModelsEver, p.Fresh = r.InWindow, r.Ever, r.Fresh > 0
	}
	return nil
}

// A life is what the history of one threat up to the moment comes to. Ages are
// ranked within the project and over all, among the open threats alone; the
// quantile q is the one at place ceil(q * number), which holds for one row. The
// cross join has SQLite go from the projects to their intervals by index; left
// to itself it reads everybody's to answer about one.
const selectMetricsThreats = `, lives as (
    select i.subject_id as threat_id, i.project_id, min(i.from_at) as accepted_at,
        max(case when i.to_at is null or i.to_at > :as_of then i.state end) as state,
        max(case when i.to_at is null or i.to_at > :as_of then i.from_at end) as since,
        max(case when i.state = 'mitigated' then i.from_at end) as mitigated_at,
        max(case when i.state in ('resolved', 'risk_accepted', 'transferred', 'invalid') then 1 else 0 end) as ever_closed,
        max(case when i.state = 'open' and i.ordinal > 1 then 1 else 0 end) as reopened
    from eligible e cross join state_intervals i
    where i.subject = 'threat' and i.project_id = e.id and i.from_at <= :as_of
    group by i.project_id, i.subject_id
), judged as (
    select project_id, threat_id, accepted_at, state, since, mitigated_at, ever_closed, reopened,
        case when state in ('open', 'in_progress', 'mitigated') then 1 else 0 end as is_open,
        case when state <> 'invalid' and accepted_at >= :from and accepted_at < :to then 1 else 0 end as is_new,
        case when state = 'resolved' and since >= :from and since < :to then 1 else 0 end as is_resolved,
        case when state in ('mitigated', 'resolved') and mitigated_at >= :from and mitigated_at < :to then 1 else 0 end
            as is_mitigated
    from lives
), ranked as (
    select j.project_id, j.accepted_at, j.state, j.since, j.mitigated_at, j.ever_closed, j.reopened,
        j.is_open, j.is_new, j.is_resolved, j.is_mitigated, t.origin,
        case when j.is_new = 1 and exists (select 1 from suggestions s where s.id = t.suggestion_id and s.llm_model <> '')
            then 1 else 0 end as from_model,
        row_number() over (partition by j.is_open, j.project_id order by j.accepted_at desc) as place,
        count(*) over (partition by j.is_open, j.project_id) as places,
        row_number() over (partition by j.is_open order by j.accepted_at desc) as place_of_all,
        count(*) over (partition by j.is_open) as places_of_all
    from judged j
    join threats t on t.id = j.threat_id
)
select project_id, state, is_open, count(*) as number,
    sum(ever_closed) as ever_closed, sum(reopened) as reopened,
    sum(case when is_new = 1 and origin = 'human' then 1 else 0 end) as human_added,
    sum(case when is_new = 1 and origin <> 'human' then 1 else 0 end) as from_drafts,
    sum(from_model) as from_models,
    sum(is_resolved) as resolved,
    cast(sum(case when is_resolved = 1 then (since - accepted_at) / 1000 else 0 end) as bigint) as resolved_millis,
    sum(is_mitigated) as mitigated,
    cast(sum(case when is_mitigated = 1 then (mitigated_at - accepted_at) / 1000 else 0 end) as bigint) as mitigated_millis,
    max(case when is_open = 1 and place = (places * 50 + 99) / 100 then :as_of - accepted_at else 0 end) as p50,
    max(case when is_open = 1 and place = (places * 90 + 99) / 100 then :as_of - accepted_at else 0 end) as p90,
    max(case when is_open = 1 and place_of_all = (places_of_all * 50 + 99) / 100 then :as_of - accepted_at else 0 end)
        as p50_of_all,
    max(case when is_open = 1 and place_of_all = (places_of_all * 90 + 99) / 100 then :as_of - accepted_at else 0 end)
        as p90_of_all
from ranked
group by project_id, state, is_open`

type threatsRow struct {
	ProjectID       stride.ProjectID   `db:"project_id"`
	State           stride.ThreatState `db:"state"`
	IsOpen          int                `db:"is_open"`
	Number          int                `db:"number"`
	EverClosed      int                `db:"ever_closed"`
	Reopened        int                `db:"reopened"`
	HumanAdded      int                `db:"human_added"`
	FromDrafts      int                `db:"from_drafts"`
	FromModels      int                `db:"from_models"`
	Resolved        int                `db:"resolved"`
	ResolvedMillis  int64              `db:"resolved_millis"`
	Mitigated       int                `db:"mitigated"`
	MitigatedMillis int64              `db:"mitigated_millis"`
	P50             int64              `db:"p50"`
	P90             int64              `db:"p90"`
	P50OfAll        int64              `db:"p50_of_all"`
	P90OfAll        int64              `db:"p90_of_all"`
}

func (g *gatherer) threats(ctx context.Context) error {
	var rows []threatsRow
	if err := g.rows(ctx, &rows, selectMetricsThreats); err != nil {
		return err
	}
	f := &g.facts
	for _, r := range rows {
		place, eligible := g.at[r.ProjectID]
		if !eligible {
			continue // it became so since the projects were read
		}
		p := &f.Projects[place]
		p.Threats[r.State] = r.Number
		p.Resolution = metrics.Sum{N: p.Resolution.N + r.Resolved, Millis: p.Resolution.Millis + r.ResolvedMillis}
		p.Mitigation = metrics.Sum{N: p.Mitigation.N + r.Mitigated, Millis: p.Mitigation.Millis + r.MitigatedMillis}
		p.OpenAge = widened(p.OpenAge, r.IsOpen*r.Number, r.P50, r.P90)
		f.OpenAge = widened(f.OpenAge, r.IsOpen*r.Number, r.P50OfAll, r.P90OfAll)
		f.EverClosed += r.EverClosed
		f.Reopened += r.Reopened
		f.HumanAdded += r.HumanAdded
		f.FromDrafts += r.FromDrafts
		f.LLM.Accepted += r.FromModels
	}
	return nil
}

// widened adds a group's row to quantiles: its number, and the quantiles in
// microseconds where the group has the row at that place, else 0.
func widened(q metrics.Quantiles, n int, p50, p90 int64) metrics.Quantiles {
	return metrics.Quantiles{
		N:   q.N + n,
		P50: max(q.P50, time.Duration(p50)*time.Microsecond),
		P90: max(q.P90, time.Duration(p90)*time.Microsecond),
	}
}

const selectMetricsReports = `
select r.project_id, count(*) as ever, sum(case when r.at >= :from and r.at < :to then 1 else 0 end) as in_window
from threat_reports r
where r.at <= :as_of and r.project_id in (select id from eligible)
group by r.project_id`

func (g *gatherer) reports(ctx context.Context) error {
	var rows []struct {
		ProjectID stride.ProjectID `db:"project_id"`
		Ever      int              `db:"ever"`
		InWindow  int              `db:"in_window"`
	}
	if err := g.rows(ctx, &rows, selectMetricsReports); err != nil {
		return err
	}
	for _, r := range rows {
		if place, eligible := g.at[r.ProjectID]; eligible {
			g.facts.Projects[place].Reported = r.InWindow
			g.facts.Projects[place].ReportedEver = r.Ever
		}
	}
	return nil
}

// Why and how a suggestion was decided stands in its last accept or reject,
// which is the one that led to its state at the moment. A proposal's evidence is
// found in its JSON text: within a string the quotation marks would be escaped.
const selectMetricsSuggestions = `, lives as (
    select i.subject_id as suggestion_id, min(i.from_at) as created_at,
        max(case when i.to_at is null or i.to_at > :as_of then i.state end) as state,
        max(case when i.to_at is null or i.to_at > :as_of then i.from_at end) as since
    from eligible e cross join state_intervals i
    where i.subject = 'suggestion' and i.project_id = e.id and i.from_at <= :as_of
    group by i.project_id, i.subject_id
), verdicts as (
    select d.suggestion_id, d.reason, case when d.diff in ('', '[]', 'null') then 0 else 1 end as edited,
        row_number() over (partition by d.suggestion_id order by d.at desc, d.id desc) as place
    from decisions d
    where d.kind in ('accept', 'reject') and d.at <= :as_of and d.suggestion_id in (select suggestion_id from lives)
), judged as (
    select s.category, s.rule, s.llm_model, s.llm_prompt, l.state, l.created_at, l.since - l.created_at as took,
        case when l.state = 'rejected' then coalesce(v.reason, '') else '' end as reason,
        case when l.state = 'accepted' then coalesce(v.edited, 0) else 0 end as edited,
        case when l.state in ('accepted', 'rejected', 'merged', 'superseded') and l.since >= :from and l.since < :to
            then 1 else 0 end as decided,
        case when l.state in ('accepted', 'rejected', 'merged') and l.since >= :from and l.since < :to
            then 1 else 0 end as by_person,
        case when l.created_at >= :from and l.created_at < :to then 1 else 0 end as published,
        case when l.created_at >= :from and l.created_at < :to and s.proposal not like :quoted
            and s.proposal not like :not_stated and s.proposal not like :human then 1 else 0 end as unverified
    from lives l
    join suggestions s on s.id = l.suggestion_id
    left join verdicts v on v.suggestion_id = l.suggestion_id and v.place = 1
), ranked as (
    select category, rule, llm_model, llm_prompt, state, reason, created_at, took, edited, decided, by_person, published, unverified,
        row_number() over (partition by by_person order by took) as place,
        count(*) over (partition by by_person) as places
    from judged
)
select category, rule, llm_model, llm_prompt, state, reason, count(*) as number, sum(decided) as decided,
    sum(case when decided = 1 then edited else 0 end) as edited,
    sum(by_person) as by_person, sum(published) as published, sum(unverified) as unverified,
    max(case when by_person = 1 and place = (places * 50 + 99) / 100 then took else 0 end) as p50,
    max(case when by_person = 1 and place = (places * 90 + 99) / 100 then took else 0 end) as p90,
    max(:as_of - created_at) as oldest
from ranked
group by category, rule, llm_model, llm_prompt, state, reason`

type suggestionsRow struct {
	Category   stride.Category        `db:"category"`
	Rule       string                 `db:"rule"`
	Model      string                 `db:"llm_model"`
	Prompt     string                 `db:"llm_prompt"`
	State      stride.SuggestionState `db:"state"`
	Reason     stride.RejectReason    `db:"reason"`
	Number     int                    `db:"number"`
	Decided    int                    `db:"decided"`
	Edited     int                    `db:"edited"`
	ByPerson   int                    `db:"by_person"`
	Published  int                    `db:"published"`
	Unverified int                    `db:"unverified"`
	P50        int64                  `db:"p50"`
	P90        int64                  `db:"p90"`
	Oldest     int64                  `db:"oldest"`
}

func (g *gatherer) suggestions(ctx context.Context) error {
	var rows []suggestionsRow
	if err := g.rows(ctx, &rows, selectMetricsSuggestions); err != nil {
		return err
	}
	type group struct {
		category            stride.Category
		rule, model, prompt string
	}
	out := &g.facts.Review
	out.RejectReasons = map[stride.RejectReason]int{}
	groups := map[group]*metrics.DecidedFacts{}
	for _, r := range rows {
		out.Published += r.Published
		out.Unverified += r.Unverified
		out.DecisionTime = widened(out.DecisionTime, r.ByPerson, r.P50, r.P90)
		if r.State == stride.SuggestionPending {
			out.Pending += r.Number
			out.OldestPending = max(out.OldestPending, time.Duration(r.Oldest)*time.Microsecond)
		}
		if r.Decided == 0 {
			continue
		}
		key := group{r.Category, r.Rule, r.Model, r.Prompt}
		if groups[key] == nil {
			groups[key] = &metrics.DecidedFacts{Category: r.Category, Rule: r.Rule, Model: r.Model, Prompt: r.Prompt}
		}
		r.addTo(groups[key])
		if r.State == stride.SuggestionRejected {
			out.RejectReasons[r.Reason] += r.Decided
		}
	}
	for _, d := range groups {
		out.Decided = append(out.Decided, *d)
	}
	slices.SortFunc(out.Decided, func(a, b metrics.DecidedFacts) int {
		return cmp.Or(
			cmp.Compare(a.Category, b.Category), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Model, b.Model), cmp.Compare(a.Prompt, b.Prompt),
		)
	})
	return nil
}

func (r suggestionsRow) addTo(d *metrics.DecidedFacts) {
	switch r.State {
	case stride.SuggestionAccepted:
		d.Accepted += r.Decided
		d.Edited += r.Edited
	case stride.SuggestionRejected:
		d.Rejected += r.Decided
		if r.Reason == stride.ReasonDuplicate {
			d.Duplicates += r.Decided
		}
	case stride.SuggestionMerged:
		d.Merged += r.Decided
	case stride.SuggestionSuperseded:
		d.Superseded += r.Decided
	}
}

const selectMetricsCalls = `
select count(*) as calls, count(case when c.failure <> '' then 1 end) as failed,
    cast(coalesce(sum(c.tokens_in), 0) as bigint) as tokens_in,
    cast(coalesce(sum(c.tokens_cached), 0) as bigint) as tokens_cached,
    cast(coalesce(sum(c.tokens_out), 0) as bigint) as tokens_out,
    cast(coalesce(sum(c.cost_micro_usd), 0) as bigint) as cost_micro_usd,
    count(case when c.priced = 0 then 1 end) as unpriced, count(distinct c.draft_id) as drafts
from eligible e cross join llm_calls c
where c.project_id = e.id and c.started_at >= :from and c.started_at < :to`

func (g *gatherer) calls(ctx context.Context) error {
	var rows []struct {
		Calls        int   `db:"calls"`
		Failed       int   `db:"failed"`
		TokensIn     int64 `db:"tokens_in"`
		TokensCached int64 `db:"tokens_cached"`
		TokensOut    int64 `db:"tokens_out"`
		Cost         int64 `db:"cost_micro_usd"`
		Unpriced     int   `db:"unpriced"`
		Drafts       int   `db:"drafts"`
	}
	if err := g.rows(ctx, &rows, selectMetricsCalls); err != nil {
		return err
	}
	for _, r := range rows { // there is one, also where nobody asked a model
		g.facts.LLM.LLMUsage = stride.LLMUsage{
			Calls: r.Calls, Failed: r.Failed, TokensIn: r.TokensIn, TokensCached: r.TokensCached, TokensOut: r.TokensOut,
			CostMicroUSD: r.Cost, Unpriced: r.Unpriced,
		}
		g.facts.LLM.Drafts = r.Drafts
	}
	return nil
}
