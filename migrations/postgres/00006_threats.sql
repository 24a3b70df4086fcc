-- +goose Up
-- references is a reserved word, hence refs
create table mitigations (
    id            text collate "C" primary key,
    project_id    text collate "C" not null references projects (id),
    text          text collate "C" not null,
    refs          text collate "C" not null,
    origin        text collate "C" not null,
    owner         text collate "C" not null,
    due_at        bigint,
    status        text collate "C" not null,
    status_reason text collate "C" not null,
    moved_at      bigint not null,
    done_at       bigint,
    done_by       text collate "C" not null,
    verified_at   bigint,
    verified_by   text collate "C" not null,
    created_at    bigint not null,
    created_by    text collate "C" not null,
    updated_at    bigint not null,
    revision      bigint not null
);
create index mitigations_project on mitigations (project_id, id);
create index mitigations_due on mitigations (due_at, id) where status in ('proposed', 'planned', 'in_progress');

-- likelihood and impact are what the mitigation takes off the threat's
create table threat_mitigations (
    threat_id     text collate "C" not null references threats (id) on delete cascade,
    mitigation_id text collate "C" not null references mitigations (id) on delete cascade,
    likelihood    bigint not null,
    impact        bigint not null,
    primary key (threat_id, mitigation_id)
);
create index threat_mitigations_mitigation on threat_mitigations (mitigation_id, threat_id);

-- template is null for a person's own
create table test_cases (
    id         text collate "C" primary key,
    project_id text collate "C" not null references projects (id),
    threat_id  text collate "C" not null references threats (id) on delete cascade,
    given_text text collate "C" not null,
    when_text  text collate "C" not null,
    then_text  text collate "C" not null,
    origin     text collate "C" not null,
    template   text collate "C",
    created_at bigint not null,
    created_by text collate "C" not null,
    updated_at bigint not null,
    revision   bigint not null,
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
