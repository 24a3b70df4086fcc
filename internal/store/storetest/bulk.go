package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store"
)

// Bulk says how much a database is filled with.
type Bulk struct {
	Suggestions int
	Projects    int
}

// BulkEnd is the moment at which the histories of Fill end, two years after they
// began.
var BulkEnd = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// bulkSpan is how long the histories of Fill go on, in microseconds.
const bulkSpan = int64(2 * 365 * 24 * time.Hour / time.Microsecond)

// Fill writes the rows that years of work leave: a version of a threat model and
// a draft for every fifty suggestions; three quarters of these decided, some
// weeks later; threats for those accepted, and one that a human added for every
// fifty suggestions, on their ways to being resolved. What looks like chance is
// arithmetic, so that two databases hold the same.
//
// It writes in bulk, in one statement per table, and no events: a database that
// was filled by other means than the use cases is the harder case.
func Fill(t testing.TB, s *store.Store, b Bulk) {
	t.Helper()
	driver := map[string]string{"sqlite": "sqlite3", "postgres": "postgres"}[s.Dialect()]
	db := sqlx.NewDb(s.WriterDB(), driver)
	begin := BulkEnd.UnixMicro() - bulkSpan
	values := strings.NewReplacer(
		"{suggestions}", fmt.Sprint(b.Suggestions), "{projects}", fmt.Sprint(b.Projects),
		"{begin}", fmt.Sprint(begin), "{end}", fmt.Sprint(BulkEnd.UnixMicro()),
		"{step}", fmt.Sprint(bulkSpan/int64(b.Suggestions)), "{text}", strings.Repeat("what an attacker does and why it works; ", 10),
	)
	for _, statement := range bulkStatements {
		_, err := db.ExecContext(context.Background(), values.Replace(statement))
		require.NoError(t, err, statement)
	}
	if s.Dialect() == "postgres" { // which does so by itself a minute later
		_, err := db.ExecContext(context.Background(), "vacuum analyze")
		require.NoError(t, err)
	}
}

// bulkStatements fill the tables from two that hold what was drawn. chance is a
// number from 0 to 999, delay from a minute to 30 days, in seconds.
var bulkStatements = []string{
	`create table bulk_s as
with recursive n(i) as (select 0 union all select i + 1 from n where i < {suggestions} - 1),
drawn as (
    select i, i / 50 as draft, (i / 50) % {projects} as project, i * 13 % 120 as rule,
        1 + i * 13 % 4 as likelihood, 1 + (i + i / 50) % 4 as impact,
        cast(i as bigint) * 2654435761 % 4294967296 / 4096 % 1000 as chance,
        60 + cast(i as bigint) * 48271 % 2147483647 % 2592000 as delay,
        {begin} + cast(i as bigint) * {step} as at
    from n
)
select i, draft, project, rule, chance, at, at + delay * 1000000 as decided_at,
    case when chance < 200 or at + delay * 1000000 > {end} then 'pending' when chance < 250 then 'needs_info'
        when chance < 530 then 'accepted' when chance < 830 then 'rejected' when chance < 900 then 'merged'
        else 'superseded' end as state,
    '01980000-0000-7000-8000-' || substr(cast(1000000000000 + i as text), 2) as id,
    '01980000-0000-7000-8001-' || substr(cast(1000000000000 + i / 50 as text), 2) as draft_id,
    '01980000-0000-7000-8002-' || substr(cast(1000000000000 + i / 50 % {projects} as text), 2) as project_id,
    case rule % 6 when 0 then 'spoofing' when 1 then 'tampering' when 2 then 'repudiation' when 3 then 'information_disclosure'
        when 4 then 'denial_of_service' else 'elevation_of_privilege' end as category,
    likelihood * impact * 10 + 1 + i % 3 as priority,
    case when likelihood * impact < 4 then 'low' when likelihood * impact < 8 then 'medium' when likelihood * impact < 12 then 'high'
        else 'critical' end as severity,
    case when i % 4 = 0 then 'openai/gpt-' || cast(i % 3 as text) else '' end as model,
    case when i % 4 = 0 then 'threats/v' || cast(1 + draft % 2 as text) else '' end as prompt,
    case when i % 8 = 0 then '' else 'rule-' || cast(rule as text) end as rule_id
from drawn`,
	`insert into projects (id, name, name_key, owner, in_scope, criticality, tags, sandbox_of, revision, event_seq, created_at, updated_at)
select distinct project_id, 'Project ' || project_id, project_id, '', 'true', 'unknown',
    '["team-' || cast(project % 12 as text) || '"]', cast(null as text), 1, 0, {begin}, {begin} from bulk_s`,
	`insert into state_intervals (subject, subject_id, project_id, ordinal, state, from_at, to_at)
select 'project', id, id, 1, 'active', {begin}, cast(null as bigint) from projects union all
select 'project_scope', id, id, 1, 'true', {begin}, cast(null as bigint) from projects`,
	`insert into threat_models (id, project_id, scope, number, state, content_hash, architecture, notes, author_id, assignee_id,
    revision, created_at, completed_by)
select draft_id, project_id, 'main', draft, 'completed', '', '{}', '[]', '', '', 1, min(at), ''
from bulk_s group by draft_id, project_id, draft`,
	`insert into state_intervals (subject, subject_id, project_id, ordinal, state, from_at, to_at)
select 'model', id, project_id, 1, 'draft', created_at, created_at + 60000000 from threat_models union all
select 'model', id, project_id, 2, 'in_review', created_at + 60000000, created_at + 3600000000 from threat_models union all
select 'model', id, project_id, 3, 'completed', created_at + 3600000000, cast(null as bigint) from threat_models`,
	`insert into drafts (id, model_id, project_id, author_id, drafter, state, run, lease_owner, cancel_requested, job_id, progress,
    outcome, created_at, queued_at, started_at, ended_at)
select id, id, project_id, '', 'hybrid', 'succeeded', 1, '', 0, 0, '{}',
    '{"coverage":[{"target_id":"a","category":"spoofing","state":"threat"},{"target_id":"a","category":"tampering","state":"empty"}]}',
    created_at, created_at, created_at, created_at + 1 from threat_models`,
	`insert into suggestions (id, project_id, model_id, draft_id, item_key, state, category, severity, confidence, rule, llm_model,
    llm_prompt, priority, proposal, current, merged_into, ask, revision, created_at, decided_at, decided_by)
select id, project_id, draft_id, draft_id, id, state, category, severity, 'medium', rule_id, model, prompt,
    priority,
    '{"id":"' || id || '","category":"' || category || '","severity":"' || severity || '","title":"Suggestion ' || cast(i as text) ||
        '","statement":"{text}","evidence":[{"kind":"' || case when chance % 5 = 0 then 'inferred' else 'quoted' end || '"}]}',
    '{"id":"' || id || '","category":"' || category || '","severity":"' || severity || '","title":"Suggestion ' || cast(i as text) ||
        '","statement":"{text}"}',
    '', '', 1, at, case when state = 'pending' then null else decided_at end, ''
from bulk_s`,
	`insert into suggestion_targets (suggestion_id, target_key, fingerprint)
select id, 'element-' || cast(i % 20 as text), 'fingerprint-' || id from bulk_s`,
	`insert into state_intervals (subject, subject_id, project_id, ordinal, state, from_at, to_at)
select 'suggestion', id, project_id, 1, 'pending', at, case when state = 'pending' then null else decided_at end from bulk_s`,
	`insert into state_intervals (subject, subject_id, project_id, ordinal, state, from_at, to_at)
select 'suggestion', id, project_id, 2, state, decided_at, null from bulk_s where state <> 'pending'`,
	`insert into decisions (id, suggestion_id, kind, reason, text, diff, into_id, actor_id, at)
select id, id, case state when 'accepted' then 'accept' when 'rejected' then 'reject' else 'merge' end,
    case when state <> 'rejected' then '' else case chance % 4 when 0 then 'not_applicable' when 1 then 'too_generic'
        when 2 then 'duplicate' else 'other' end end,
    '', case when chance % 3 = 0 then '[{"field":"impact","from":2,"to":3}]' else '[]' end, '', 'user', decided_at
from bulk_s where state in ('accepted', 'rejected', 'merged')`,
	`create table bulk_t as
select '01980000-0000-7000-9000-' || substr(cast(1000000000000 + i as text), 2) as id, project_id, id as suggestion_id,
    category, severity, decided_at as at, (i * 7 + rule) % 100 as path, 86400000000 * (1 + i % 10) as pace
from bulk_s where state = 'accepted'
union all
select '01980000-0000-7000-9001-' || substr(cast(1000000000000 + i as text), 2), project_id, cast(null as text),
    category, severity, at, (i / 50 * 7 + rule) % 100, 86400000000 * (1 + i / 50 % 10)
from bulk_s where i % 50 = 0`,
	`insert into threats (id, project_id, suggestion_id, origin, category, severity, content, state, state_reason, owner, party,
    accepted_at, accepted_by, mitigated_by, reopen_count, revision, updated_at)
select id, project_id, suggestion_id, case when suggestion_id is null then 'human' else 'suggestion' end, category, severity,
    '{"title":"Threat"}', 'open', '', '', '', at, '', '', 0, 1, at from bulk_t`,
	`insert into threat_reports (threat_id, project_id, at) select id, project_id, at + pace from bulk_t where path % 3 = 0 and at + pace < {end}`,
	`create table bulk_steps as
select id, project_id, 1 as ordinal, 'open' as state, at from bulk_t
union all select id, project_id, 2, case when path < 80 then 'in_progress' when path < 90 then 'risk_accepted'
    when path < 92 then 'transferred' when path < 95 then 'invalid' else 'in_progress' end, at + pace
from bulk_t where path >= 35 and at + pace < {end}
union all select id, project_id, 3, 'mitigated', at + 3 * pace from bulk_t where (path between 45 and 79 or path >= 95) and at + 3 * pace < {end}
union all select id, project_id, 4, 'resolved', at + 5 * pace from bulk_t where (path between 55 and 79 or path >= 95) and at + 5 * pace < {end}
union all select id, project_id, 5, 'open', at + 9 * pace from bulk_t where path >= 95 and at + 9 * pace < {end}`,
	`insert into state_intervals (subject, subject_id, project_id, ordinal, state, from_at, to_at)
select 'threat', id, project_id, ordinal, state, at, lead(at) over (partition by id order by ordinal) from bulk_steps`,
	`insert into llm_calls (id, draft_id, project_id, run, task, prompt_version, prompt_hash, provider, model, attempt, tokens_in,
    tokens_cached, tokens_out, estimated, cost_micro_usd, priced, first_token, total, finish, failure, started_at, ended_at)
select id, draft_id, project_id, 1, 'threats', 'v1', '', 'openai', 'gpt-' || cast(i % 3 as text), 1, 4000, 1000, 900, 0, 21000, 1, 0, 0,
    'stop', '', at, at + 5000000
from bulk_s where i % 10 = 0`,
	`drop table bulk_steps`, `drop table bulk_t`, `drop table bulk_s`,
}
