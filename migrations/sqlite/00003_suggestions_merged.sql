-- +goose Up
-- what was merged into a suggestion is looked up by it
create index if not exists suggestions_merged on suggestions (merged_into) where merged_into <> '';

-- +goose Down
drop index if exists suggestions_merged;
