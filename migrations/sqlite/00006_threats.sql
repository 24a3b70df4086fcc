-- +goose Up
-- references is a reserved word, hence refs
create table mitigations (
    id            text primary key,
    project_id    text not null references projects (id),
    text          text not null,
    refs          text not null,
    origin        text not null,
    owner         text not null,
    due_at        integer,
    status        text not null,
    status_reason text not null,
    moved_at      integer not null,
    done_at       integer,
    done_by       text not null,
    verified_at   integer,
    verified_by   text not null,
    created_at    integer not null,
    created_by    text not null,
    updated_at    integer not null,
    revision      integer not null
);
create index mitigations_project on mitigations (project_id, id);
create index mitigations_due on mitigations (due_at, id) where status in ('proposed', 'planned', 'in_progress');

-- likelihood and impact are what the mitigation takes off the threat's
create table threat_mitigations (
    threat_id     text not null references threats (id) on delete cascade,
    mitigation_id text not null references mitigations (id) on delete cascade,
    likelihood    integer not null,
    impact        integer not null,
    primary key (threat_id, mitigation_id)
);
create index threat_mitigations_mitigation on threat_mitigations (mitigation_id, threat_id);

-- template is null for a person's own
create table test_cases (
    id         text primary key,
    project_id text not null references projects (id),
    threat_id  text not null references threats (id) on delete cascade,
    given_text text not null,
    when_text  text not null,
    then_text  text not null,
    origin     text not null,
    template   text,
    created_at integer not null,
    created_by text not null,
    updated_at integer not null,
    revision   integer not null,
    unique (threat_id, template)
);
create index test_cases_threat on test_cases (threat_id, id);

create index threats_open on threats (severity, accepted_at) where state in ('open', 'in_progress', 'mitigated');
create index threats_expiry on threats (expires_at, id) where state = 'risk_accepted';

-- +goose Down
drop index threats_expiry;
drop index threats_open;
drop table test_cases;
drop table threat_mitigations;
drop table mitigations;
