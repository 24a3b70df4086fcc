package gazetteer

import (
	"strings"
	"unicode"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// zoneWords tell the kind of a trust zone from words of its name, most telling
// first, in lower case with spaces in place of hyphens.
var zoneWords = []struct {
	kind  stride.ZoneKind
	words string
}{
	{stride.ZoneEnclave, "enclave|trusted execution environment|secure world|tee"},
	{stride.ZoneDMZ, "dmz|demilitarized|perimeter"},
	{stride.ZoneNamespace, "namespace"},
	{stride.ZoneCluster, "cluster|kubernetes|k8s"},
	{stride.ZoneNetwork, "vpc|vnet|virtual network|subnet|private network|corporate network|internal network|lan|wlan|network|production trust zone|internal|intranet"},
	{stride.ZoneCloud, "cloud|aws|azure|gcp|account|subscription|region|tenant"},
	{stride.ZoneInternet, "internet|public|untrusted|external users"},
	{stride.ZoneThirdParty, "third party|third parties|vendor|partner|stripe|saas|external"},
	{stride.ZoneBrowser, "browser|client side|frontend"},
	{stride.ZoneVehicle, "vehicle|car|in vehicle"},
	{stride.ZoneDevice, "device|phone|mobile|handset|robot"},
	{stride.ZoneOnPrem, "on prem|on premise|data center|data centre|datacenter|datacentre|factory|plant|hospital|office|home|corporate"},
	{stride.ZoneHost, "host|server|machine|vm|container|node|computer"},
}

// ZoneKind tells the kind of a trust zone from its name; ZoneOther where no
// word of it says.
func ZoneKind(name string) stride.ZoneKind {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	padded := " " + strings.Join(words, " ") + " "
	for _, z := range zoneWords {
		for _, w := range strings.Split(z.words, "|") {
			if strings.Contains(padded, " "+w+" ") || strings.Contains(padded, " "+w+"s ") {
				return z.kind
			}
		}
	}
	return stride.ZoneOther
}
