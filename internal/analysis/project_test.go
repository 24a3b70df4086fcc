package analysis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestInventory(t *testing.T) {
	t.Parallel()
	rows, err := readInventory(strings.NewReader("\ufeffName,owner,in_scope,criticality,tags\n" +
		"Shop, web team ,TRUE,high,pci; web\n" + `"Payments, EU",,,,` + "\n"))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, "web team", *rows[0].Owner)
	require.Equal(t, stride.InScopeTrue, *rows[0].InScope)
	p := stride.Project{}
	rows[0].apply(&p)
	require.Empty(t, cmp.Diff([]string{"pci", "web"}, p.Tags))
	require.Equal(t, "Payments, EU", *rows[1].Name)
	require.Nil(t, rows[1].InScope, "an empty cell leaves the field as it is")
}

func TestInventoryNamesEachBadCell(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		csv    string
		fields []string
	}{
		"empty":          {"", []string{"body"}},
		"no name column": {"owner\nx\n", []string{"header"}},
		"unknown column": {"name,colour\nx,red\n", []string{"header"}},
		"column twice":   {"name,Name\nx,y\n", []string{"header"}},
		"ragged":         {"name,owner\nx\n", []string{"body"}},
		"bad cells": {
			"name,in_scope,criticality\nShop,maybe,huge\n,true,low\nshop,true,low\n",
			[]string{"line 2: in_scope", "line 2: criticality", "line 3: name", "line 4: name"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readInventory(strings.NewReader(tc.csv))
			require.Empty(t, cmp.Diff(tc.fields, fieldsOf(t, err)))
		})
	}
}

func TestInventoryIsBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("name\n")
	for range maxImportRows + 1 {
		b.WriteString("x\n")
	}
	_, err := readInventory(strings.NewReader(b.String()))
	require.Equal(t, stride.TooLarge, stride.KindOf(err))
}

func TestOnlyAdminsTriage(t *testing.T) {
	t.Parallel()
	f := ProjectFields{InScope: new(stride.InScopeTrue)}
	require.Equal(t, stride.Forbidden, stride.KindOf(mayTriage(stride.RoleReviewer, f)))
	require.NoError(t, mayTriage(stride.RoleAdmin, f))
	require.NoError(t, mayTriage(stride.RoleAuthor, ProjectFields{InScope: new(stride.InScopeUnknown)}))
}
