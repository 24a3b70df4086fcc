-- +goose Up
-- text compares byte by byte, as it does in SQLite, whatever the cluster's locale
create table users (
    id         text collate "C" primary key,
    name       text collate "C" not null unique,
    created_at bigint not null
);

create table projects (
    id          text collate "C" primary key,
    name        text collate "C" not null,
    name_key    text collate "C" not null unique,
    owner       text collate "C" not null,
    in_scope    text collate "C" not null check (in_scope in ('unknown', 'true', 'false')),
    criticality text collate "C" not null,
    tags        text collate "C" not null,
    sandbox_of  text collate "C" unique references users (id),
    revision    bigint not null,
    event_seq   bigint not null,
    created_at  bigint not null,
    updated_at  bigint not null,
    archived_at bigint
);

-- project_id '' stands for all projects
create table memberships (
    user_id    text collate "C" not null references users (id),
    project_id text collate "C" not null,
    role       text collate "C" not null,
    primary key (user_id, project_id)
);

create table tokens (
    id         text collate "C" primary key,
    user_id    text collate "C" not null references users (id),
    hash       text collate "C" not null unique,
    role       text collate "C" not null,
    project_id text collate "C" not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint
);

create table threat_models (
    id           text collate "C" primary key,
    project_id   text collate "C" not null references projects (id),
    scope        text collate "C" not null,
    number       bigint not null,
    state        text collate "C" not null,
    content_hash text collate "C" not null,
    architecture text collate "C" not null,
    notes        text collate "C" not null,
    author_id    text collate "C" not null,
    assignee_id  text collate "C" not null,
    revision     bigint not null,
    created_at   bigint not null,
    submitted_at bigint,
    completed_at bigint,
    completed_by text collate "C" not null,
    unique (project_id, scope, number)
);

create index threat_models_project on threat_models (project_id, id);
create index threat_models_assignee on threat_models (assignee_id) where state = 'in_review';

create table sources (
    id       text collate "C" primary key,
    model_id text collate "C" not null references threat_models (id),
    ordinal  bigint not null,
    name     text collate "C" not null,
    format   text collate "C" not null,
    content  bytea not null,
    unique (model_id, ordinal)
);

create table drafts (
    id               text collate "C" primary key,
    model_id         text collate "C" not null references threat_models (id),
    project_id       text collate "C" not null references projects (id),
    author_id        text collate "C" not null,
    drafter          text collate "C" not null,
    state            text collate "C" not null,
    run              bigint not null,
    lease_owner      text collate "C" not null,
    lease_until      bigint,
    cancel_requested bigint not null,
    job_id           bigint not null,
    progress         text collate "C" not null,
    failure          text collate "C",
    outcome          text collate "C",
    created_at       bigint not null,
    queued_at        bigint not null,
    started_at       bigint,
    ended_at         bigint
);
create index drafts_model on drafts (model_id, id);
create index drafts_open on drafts (state, lease_until) where state in ('queued', 'running');

create table draft_items (
    draft_id text collate "C" not null references drafts (id),
    item_key text collate "C" not null,
    ordinal  bigint not null,
    proposal text collate "C" not null,
    primary key (draft_id, item_key)
);

create table draft_events (
    draft_id text collate "C" not null references drafts (id),
    seq      bigint not null,
    type     text collate "C" not null,
    body     text collate "C" not null,
    at       bigint not null,
    primary key (draft_id, seq)
);

create table suggestions (
    id          text collate "C" primary key,
    project_id  text collate "C" not null references projects (id),
    model_id    text collate "C" not null references threat_models (id),
    draft_id    text collate "C" not null references drafts (id),
    item_key    text collate "C" not null,
    state       text collate "C" not null,
    category    text collate "C" not null,
    severity    text collate "C" not null,
    confidence  text collate "C" not null,
    rule        text collate "C" not null,
    priority    bigint not null,
    proposal    text collate "C" not null,
    current     text collate "C" not null,
    merged_into text collate "C" not null,
    ask         text collate "C" not null,
    revision    bigint not null,
    created_at  bigint not null,
    decided_at  bigint,
    decided_by  text collate "C" not null,
    unique (draft_id, item_key)
);
create index suggestions_queue on suggestions (project_id, state, priority, id);
create index suggestions_model on suggestions (model_id, state);

create table suggestion_targets (
    suggestion_id text collate "C" not null references suggestions (id),
    target_key    text collate "C" not null,
    fingerprint   text collate "C" not null,
    primary key (suggestion_id, target_key)
);
create index suggestion_targets_fingerprint on suggestion_targets (fingerprint);

create table decisions (
    id            text collate "C" primary key,
    suggestion_id text collate "C" not null references suggestions (id),
    kind          text collate "C" not null,
    reason        text collate "C" not null,
    text          text collate "C" not null,
    diff          text collate "C" not null,
    into_id       text collate "C" not null,
    actor_id      text collate "C" not null,
    at            bigint not null
);
create index decisions_suggestion on decisions (suggestion_id, id);

create table questions (
    id          text collate "C" primary key,
    model_id    text collate "C" not null references threat_models (id),
    draft_id    text collate "C" not null references drafts (id),
    rank        bigint not null,
    text        text collate "C" not null,
    control     text collate "C" not null,
    targets     text collate "C" not null,
    suggestions text collate "C" not null
);
create index questions_model on questions (model_id, draft_id, rank);

create table answers (
    id          text collate "C" primary key,
    model_id    text collate "C" not null references threat_models (id),
    question_id text collate "C" not null references questions (id),
    control     text collate "C" not null,
    state       text collate "C" not null,
    targets     text collate "C" not null,
    apply_to    text collate "C" not null,
    text        text collate "C" not null,
    actor_id    text collate "C" not null,
    at          bigint not null
);
create index answers_question on answers (question_id, id);
create index answers_model on answers (model_id, id);

create table threats (
    id            text collate "C" primary key,
    project_id    text collate "C" not null references projects (id),
    suggestion_id text collate "C" unique references suggestions (id),
    origin        text collate "C" not null,
    category      text collate "C" not null,
    severity      text collate "C" not null,
    content       text collate "C" not null,
    state         text collate "C" not null,
    state_reason  text collate "C" not null,
    owner         text collate "C" not null,
    party         text collate "C" not null,
    expires_at    bigint,
    accepted_at   bigint not null,
    accepted_by   text collate "C" not null,
    mitigated_by  text collate "C" not null,
    resolved_at   bigint,
    reopen_count  bigint not null,
    revision      bigint not null,
    updated_at    bigint not null
);
create index threats_project on threats (project_id, state, id);

create table model_threats (
    model_id  text collate "C" not null references threat_models (id),
    threat_id text collate "C" not null references threats (id),
    primary key (model_id, threat_id)
);
create index model_threats_threat on model_threats (threat_id);

-- system and key of a reference are the other system's words; case matters
create table threat_references (
    threat_id       text collate "C" not null references threats (id),
    system          text collate "C" not null,
    key             text collate "C" not null,
    ordinal         bigint not null,
    url             text collate "C" not null,
    acknowledged_at bigint,
    primary key (threat_id, system, key)
);

-- the first acknowledgement of a threat is kept when its references change
create table threat_reports (
    threat_id  text collate "C" primary key references threats (id),
    project_id text collate "C" not null references projects (id),
    at         bigint not null
);

create table events (
    project_id text collate "C" not null references projects (id),
    seq        bigint not null,
    kind       text collate "C" not null,
    subject    text collate "C" not null,
    subject_id text collate "C" not null,
    actor_id   text collate "C" not null,
    at         bigint not null,
    payload    text collate "C" not null,
    prev_hash  text collate "C" not null,
    hash       text collate "C" not null,
    primary key (project_id, seq)
);
create index events_subject on events (subject, subject_id, project_id, seq);

create table state_intervals (
    subject    text collate "C" not null,
    subject_id text collate "C" not null,
    project_id text collate "C" not null references projects (id),
    ordinal    bigint not null,
    state      text collate "C" not null,
    from_at    bigint not null,
    to_at      bigint,
    primary key (subject, subject_id, ordinal)
);
create index state_intervals_metrics on state_intervals (subject, project_id, subject_id, ordinal, state, from_at, to_at);
create index threat_reports_project on threat_reports (project_id, at);

create table idempotency (
    user_id      text collate "C" not null,
    route        text collate "C" not null,
    key          text collate "C" not null,
    request_hash text collate "C" not null,
    status       bigint not null,
    headers      text collate "C" not null,
    body         text collate "C" not null,
    created_at   bigint not null,
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
