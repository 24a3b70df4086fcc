package analysis

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// SignedOffStore knows what is signed off, in a transaction or outside of one.
type SignedOffStore interface {
	// SignedOff returns the completed versions of the projects, by project and scope.
	SignedOff(ctx context.Context, projects []stride.ProjectID) ([]stride.SignedOff, error)
}

// judgeProjects says of each project what of it is stale now.
func (k Kit) judgeProjects(ctx context.Context, from SignedOffStore, projects []stride.Project) error {
	at := make(map[stride.ProjectID]*stride.Project, len(projects))
	ids := make([]stride.ProjectID, 0, len(projects))
	for i := range projects {
		projects[i].Stale = nil
		at[projects[i].ID] = &projects[i]
		ids = append(ids, projects[i].ID)
	}
	versions, err := from.SignedOff(ctx, ids)
	if err != nil {
		return fmt.Errorf("find signed-off models: %w", err)
	}
	for _, v := range versions {
		if why := v.Stale(k.Now()); why != "" {
			p := at[v.ProjectID]
			p.Stale = append(p.Stale, why)
		}
	}
	return nil
}

// judgeProject is judgeProjects for one.
func (k Kit) judgeProject(ctx context.Context, from SignedOffStore, p *stride.Project) error {
	one := []stride.Project{*p}
	err := k.judgeProjects(ctx, from, one)
	p.Stale = one[0].Stale
	return err
}

// judgeModels says of each version whether it is stale now.
func (k Kit) judgeModels(ctx context.Context, from SignedOffStore, models []stride.ThreatModel) error {
	at := make(map[stride.ModelID]*stride.ThreatModel, len(models))
	var projects []stride.ProjectID
	for i := range models {
		models[i].Stale = ""
		if models[i].State != stride.ModelCompleted {
			continue
		}
		at[models[i].ID] = &models[i]
		if len(projects) == 0 || projects[len(projects)-1] != models[i].ProjectID {
			projects = append(projects, models[i].ProjectID)
		}
	}
	if len(at) == 0 {
		return nil
	}
	versions, err := from.SignedOff(ctx, projects)
	if err != nil {
		return fmt.Errorf("find signed-off models: %w", err)
	}
	for _, v := range versions {
		if m := at[v.ModelID]; m != nil {
			m.Stale = v.Stale(k.Now())
		}
	}
	return nil
}

// judgeModel is judgeModels for one.
func (k Kit) judgeModel(ctx context.Context, from SignedOffStore, m *stride.ThreatModel) error {
	one := []stride.ThreatModel{*m}
	err := k.judgeModels(ctx, from, one)
	m.Stale = one[0].Stale
	return err
}
