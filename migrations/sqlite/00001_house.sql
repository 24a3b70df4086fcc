-- +goose Up
create table users (
    id         text primary key,
    name       text not null unique,
    created_at integer not null
);

create table projects (
    id          text primary key,
    name        text not null,
    name_key    text not null unique,
    owner       text not null,
    in_scope    text not null check (in_scope in ('unknown', 'true', 'false')),
    criticality text not null,
    tags        text not null,
    sandbox_of  text unique references users (id),
    revision    integer not null,
    event_seq   integer not null,
    created_at  integer not null,
    updated_at  integer not null,
    archived_at integer
);

-- project_id '' stands for all projects
create table memberships (
    user_id    text not null references users (id),
    project_id text not null,
    role       text not null,
    primary key (user_id, project_id)
);

create table tokens (
    id         text primary key,
    user_id    text not null references users (id),
    hash       text not null unique,
    role       text not null,
    project_id text not null,
    created_at integer not null,
    expires_at integer,
    revoked_at integer
);

create table threat_models (
    id           text primary key,
    project_id   text not null references projects (id),
    scope        text not null,
    number       integer not null,
    state        text not null,
    content_hash text not null,
    architecture text not null,
    notes        text not null,
    author_id    text not null,
    assignee_id  text not null,
    revision     integer not null,
    created_at   integer not null,
    submitted_at integer,
    completed_at integer,
    completed_by text not null,
    unique (project_id, scope, number)
);

create index threat_models_project on threat_models (project_id, id);
create index threat_models_assignee on threat_models (assignee_id) where state = 'in_review';

create table sources (
    id       text primary key,
    model_id text not null references threat_models (id),
    ordinal  integer not null,
    name     text not null,
    format   text not null,
    content  blob not null,
    unique (model_id, ordinal)
);

create table drafts (
    id               text primary key,
    model_id         text not null references threat_models (id),
    project_id       text not null references projects (id),
    author_id        text not null,
    drafter          text not null,
    state            text not null,
    run              integer not null,
    lease_owner      text not null,
    lease_until      integer,
    cancel_requested integer not null,
    job_id           integer not null,
    progress         text not null,
    failure          text,
    outcome          text,
    created_at       integer not null,
    queued_at        integer not null,
    started_at       integer,
    ended_at         integer
);
create index drafts_model on drafts (model_id, id);
create index drafts_open on drafts (state, lease_until) where state in ('queued', 'running');

create table draft_items (
    draft_id text not null references drafts (id),
    item_key text not null,
    ordinal  integer not null,
    proposal text not null,
    primary key (draft_id, item_key)
);

create table draft_events (
    draft_id text not null references drafts (id),
    seq      integer not null,
    type     text not null,
    body     text not null,
    at       integer not null,
    primary key (draft_id, seq)
);

create table suggestions (
    id          text primary key,
    project_id  text not null references projects (id),
    model_id    text not null references threat_models (id),
    draft_id    text not null references drafts (id),
    item_key    text not null,
    state       text not null,
    category    text not null,
    severity    text not null,
    confidence  text not null,
    rule        text not null,
    priority    integer not null,
    proposal    text not null,
    current     text not null,
    merged_into text not null,
    ask         text not null,
    revision    integer not null,
    created_at  integer not null,
    decided_at  integer,
    decided_by  text not null,
    unique (draft_id, item_key)
);
create index suggestions_queue on suggestions (project_id, state, priority, id);
create index suggestions_model on suggestions (model_id, state);

create table suggestion_targets (
    suggestion_id text not null references suggestions (id),
    target_key    text not null,
    fingerprint   text not null,
    primary key (suggestion_id, target_key)
);
create index suggestion_targets_fingerprint on suggestion_targets (fingerprint);

create table decisions (
    id            text primary key,
    suggestion_id text not null references suggestions (id),
    kind          text not null,
    reason        text not null,
    text          text not null,
    diff          text not null,
    into_id       text not null,
    actor_id      text not null,
    at            integer not null
);
create index decisions_suggestion on decisions (suggestion_id, id);

create table questions (
    id          text primary key,
    model_id    text not null references threat_models (id),
    draft_id    text not null references drafts (id),
    rank        integer not null,
    text        text not null,
    control     text not null,
    targets     text not null,
    suggestions text not null
);
create index questions_model on questions (model_id, draft_id, rank);

create table answers (
    id          text primary key,
    model_id    text not null references threat_models (id),
    question_id text not null references questions (id),
    control     text not null,
    state       text not null,
    targets     text not null,
    apply_to    text not null,
    text        text not null,
    actor_id    text not null,
    at          integer not null
);
create index answers_question on answers (question_id, id);
create index answers_model on answers (model_id, id);

create table threats (
    id            text primary key,
    project_id    text not null references projects (id),
    suggestion_id text unique references suggestions (id),
    origin        text not null,
    category      text not null,
    severity      text not null,
    content       text not null,
    state         text not null,
    state_reason  text not null,
    owner         text not null,
    party         text not null,
    expires_at    integer,
    accepted_at   integer not null,
    accepted_by   text not null,
    mitigated_by  text not null,
    resolved_at   integer,
    reopen_count  integer not null,
    revision      integer not null,
    updated_at    integer not null
);
create index threats_project on threats (project_id, state, id);

create table model_threats (
    model_id  text not null references threat_models (id),
    threat_id text not null references threats (id),
    primary key (model_id, threat_id)
);
create index model_threats_threat on model_threats (threat_id);

-- system and key of a reference are the other system's words; case matters
create table threat_references (
    threat_id       text not null references threats (id),
    system          text not null,
    key             text not null,
    ordinal         integer not null,
    url             text not null,
    acknowledged_at integer,
    primary key (threat_id, system, key)
);

-- the first acknowledgement of a threat is kept when its references change
create table threat_reports (
    threat_id  text primary key references threats (id),
    project_id text not null references projects (id),
    at         integer not null
);

create table events (
    project_id text not null references projects (id),
    seq        integer not null,
    kind       text not null,
    subject    text not null,
    subject_id text not null,
    actor_id   text not null,
    at         integer not null,
    payload    text not null,
    prev_hash  text not null,
    hash       text not null,
    primary key (project_id, seq)
);
create index events_subject on events (subject, subject_id, project_id, seq);

create table state_intervals (
    subject    text not null,
    subject_id text not null,
    project_id text not null references projects (id),
    ordinal    integer not null,
    state      text not null,
    from_at    integer not null,
    to_at      integer,
    primary key (subject, subject_id, ordinal)
);
create index state_intervals_metrics on state_intervals (subject, project_id, subject_id, ordinal, state, from_at, to_at);
create index threat_reports_project on threat_reports (project_id, at);

create table idempotency (
    user_id      text not null,
    route        text not null,
    key          text not null,
    request_hash text not null,
    status       integer not null,
    headers      text not null,
    body         text not null,
    created_at   integer not null,
    primary key (user_id, route, key)
);
create index idempotency_age on idempotency (created_at);

-- +goose Down
drop table idempotency;
drop table state_intervals;
drop table events;
drop table threat_reports;
drop table threat_references;
drop table model_threats;
drop table threats;
drop table answers;
drop table questions;
drop table decisions;
drop table suggestion_targets;
drop table suggestions;
drop table draft_events;
drop table draft_items;
drop table drafts;
drop table sources;
drop table threat_models;
drop table tokens;
drop table memberships;
drop table projects;
drop table users;
