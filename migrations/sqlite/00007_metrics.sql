-- +goose Up
-- The lives of a project's suggestions, threats, versions and drafts, packed for
-- counting: derived from their rows, and good up to an event of the project; what
-- later events are about is read from the rows. A reader writes it anew when that
-- is much, or when its format is another.
create table metric_summaries (
    project_id  text primary key references projects (id),
    format      integer not null,
    through_seq integer not null,
    ids         blob not null,
    body        blob not null
);

-- what calls used is added up from this index alone
create index llm_calls_metrics on llm_calls (project_id, started_at, provider, model, task, prompt_version, draft_id, failure,
    tokens_in, tokens_cached, tokens_out, cost_micro_usd, priced);
drop index llm_calls_project;

-- The queue's orders: within a state, over all projects and in one, and over all
-- states. What the queue is filtered by most stands behind the order, so that what
-- does not match is passed over without its row.
create index suggestions_priority on suggestions (state, priority desc, id, severity, category);
create index suggestions_created on suggestions (state, created_at, id, severity, category);
create index suggestions_project_priority on suggestions (project_id, state, priority desc, id, severity, category);
create index suggestions_project_created on suggestions (project_id, state, created_at, id, severity, category);
create index suggestions_all_priority on suggestions (priority desc, id, state, severity, category);
drop index suggestions_queue;

-- +goose Down
create index suggestions_queue on suggestions (project_id, state, priority, id);
drop index suggestions_all_priority;
drop index suggestions_project_created;
drop index suggestions_project_priority;
drop index suggestions_created;
drop index suggestions_priority;
create index llm_calls_project on llm_calls (project_id, started_at);
drop index llm_calls_metrics;
drop table metric_summaries;
