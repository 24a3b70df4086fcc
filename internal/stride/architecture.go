package stride

import (
	"maps"
	"slices"
)

// ElementKind is a shape of a data-flow diagram.
type ElementKind string

const (
	ExternalEntity ElementKind = "external_entity"
	Process        ElementKind = "process"
	DataStore      ElementKind = "data_store"
)

// ElementKinds returns the three kinds.
func ElementKinds() []ElementKind { return []ElementKind{ExternalEntity, Process, DataStore} }

// Valid reports whether k is a known kind.
func (k ElementKind) Valid() bool {
	return k == ExternalEntity || k == Process || k == DataStore
}

// Architecture is the data-flow model of one ThreatModel. The slices keep the
// order of the source; keys are unique across elements and flows together.
type Architecture struct {
	Elements        []Element       `json:"elements"`
	Flows           []Flow          `json:"flows"`
	TrustBoundaries []TrustBoundary `json:"trust_boundaries"`
	Assets          []Asset         `json:"assets"`
	Assumptions     []Assumption    `json:"assumptions"`
}

// Element is a part of the system or somebody who talks to it.
type Element struct {
	ID   Key         `json:"id"`
	Name string      `json:"name"`
	Kind ElementKind `json:"kind"`
	// Tags name technologies and roles from the vocabulary of tag.go, most
	// specific ones only; HasTag follows the hierarchy.
	Tags []Tag `json:"tags"`
	// Zone is the id of the innermost TrustBoundary that holds the element,
	// or "" where the source does not say.
	Zone     Key      `json:"zone"`
	Controls Controls `json:"controls"`
	// Data lists the classes of data that the element is said to hold.
	Data []DataClass `json:"data"`
	// Aliases are other names that the source uses for it.
	Aliases []string `json:"aliases"`
	// OutOfScope is set where the source says so; no threat is drafted then.
	OutOfScope bool       `json:"out_of_scope"`
	Evidence   []Evidence `json:"evidence"`
}

// HasTag reports whether one of the element's tags is t or a kind of t.
func (e Element) HasTag(t Tag) bool {
	for _, own := range e.Tags {
		if own.Is(t) {
			return true
		}
	}
	return false
}

// Flow is data that moves from one element to another.
type Flow struct {
	ID       Key    `json:"id"`
	Name     string `json:"name"`
	SourceID Key    `json:"source_id"`
	TargetID Key    `json:"target_id"`
	// Protocol as the source names it, lower case, or "".
	Protocol string      `json:"protocol"`
	Tags     []Tag       `json:"tags"`
	Data     []DataClass `json:"data"`
	Controls Controls    `json:"controls"`
	// Crosses lists the trust boundaries that exactly one end lies in.
	// Connect computes it.
	Crosses    []Key      `json:"crosses"`
	OutOfScope bool       `json:"out_of_scope"`
	Evidence   []Evidence `json:"evidence"`
}

// ZoneKind says how far a zone can be trusted by the rest of the system.
type ZoneKind string

const (
	ZoneInternet   ZoneKind = "internet"
	ZoneThirdParty ZoneKind = "third_party"
	ZoneBrowser    ZoneKind = "browser"
	ZoneDevice     ZoneKind = "device"
	ZoneVehicle    ZoneKind = "vehicle"
	ZoneOnPrem     ZoneKind = "on_premises"
	ZoneDMZ        ZoneKind = "dmz"
	ZoneCloud      ZoneKind = "cloud"
	ZoneNetwork    ZoneKind = "network"
	ZoneCluster    ZoneKind = "cluster"
	ZoneNamespace  ZoneKind = "namespace"
	ZoneHost       ZoneKind = "host"
	ZoneEnclave    ZoneKind = "enclave"
	ZoneOther      ZoneKind = "other"
)

// ZoneKinds returns every kind of zone.
func ZoneKinds() []ZoneKind {
	return []ZoneKind{
		ZoneInternet, ZoneThirdParty, ZoneBrowser, ZoneDevice, ZoneVehicle, ZoneOnPrem, ZoneDMZ,
		ZoneCloud, ZoneNetwork, ZoneCluster, ZoneNamespace, ZoneHost, ZoneEnclave, ZoneOther,
	}
}

// Valid reports whether k is a known kind.
func (k ZoneKind) Valid() bool {
	for _, known := range ZoneKinds() {
		if k == known {
			return true
		}
	}
	return false
}

// Outside reports whether anybody may be there: the internet, a browser, a
// device in somebody's hand, or another company's systems.
func (k ZoneKind) Outside() bool {
	switch k {
	case ZoneInternet, ZoneThirdParty, ZoneBrowser, ZoneDevice:
		return true
	}
	return false
}

// TrustBoundary is a zone and the line around it. Zones nest through ParentID.
type TrustBoundary struct {
	ID       Key        `json:"id"`
	Name     string     `json:"name"`
	Kind     ZoneKind   `json:"kind"`
	ParentID Key        `json:"parent_id"`
	Evidence []Evidence `json:"evidence"`
}

// Asset is data worth protecting and where it lives.
type Asset struct {
	ID         Key        `json:"id"`
	Name       string     `json:"name"`
	Class      DataClass  `json:"class"`
	ElementIDs []Key      `json:"element_ids"`
	Evidence   []Evidence `json:"evidence"`
}

// Assumption is something that the author takes for granted.
type Assumption struct {
	Text     string     `json:"text"`
	Evidence []Evidence `json:"evidence"`
}

// DataClass says what kind of data something holds or carries.
type DataClass string

const (
	DataCredentials  DataClass = "credentials"
	DataTokens       DataClass = "tokens"
	DataKeys         DataClass = "keys"
	DataPayment      DataClass = "payment"
	DataHealth       DataClass = "health"
	DataPersonal     DataClass = "personal"
	DataLocation     DataClass = "location"
	DataTelemetry    DataClass = "telemetry"
	DataLogs         DataClass = "logs"
	DataModels       DataClass = "models"
	DataTrainingData DataClass = "training_data"
	DataSourceCode   DataClass = "source_code"
	DataFirmware     DataClass = "firmware"
	DataCommands     DataClass = "commands"
	DataBusiness     DataClass = "business"
	DataPublic       DataClass = "public"
)

// DataClasses returns every class.
func DataClasses() []DataClass {
	return []DataClass{
		DataCredentials, DataTokens, DataKeys, DataPayment, DataHealth, DataPersonal, DataLocation, DataTelemetry,
		DataLogs, DataModels, DataTrainingData, DataSourceCode, DataFirmware, DataCommands, DataBusiness, DataPublic,
	}
}

// Valid reports whether d is a known class.
func (d DataClass) Valid() bool {
	for _, known := range DataClasses() {
		if d == known {
			return true
		}
	}
	return false
}

// Impact is the impact (1-4) of losing data of this class.
func (d DataClass) Impact() int {
	switch d {
	case DataCredentials, DataTokens, DataKeys, DataPayment, DataHealth, DataFirmware, DataCommands:
		return 4
	case DataPersonal, DataLocation, DataModels, DataTrainingData, DataSourceCode, DataBusiness:
		return 3
	case DataTelemetry, DataLogs:
		return 2
	}
	return 1
}

// Element returns the element with the key.
func (a *Architecture) Element(id Key) (Element, bool) {
	for i := range a.Elements {
		if a.Elements[i].ID == id {
			return a.Elements[i], true
		}
	}
	return Element{}, false
}

// Flow returns the flow with the key.
func (a *Architecture) Flow(id Key) (Flow, bool) {
	for i := range a.Flows {
		if a.Flows[i].ID == id {
			return a.Flows[i], true
		}
	}
	return Flow{}, false
}

// Clone returns a copy that shares nothing with a that its methods change.
func (a Architecture) Clone() Architecture {
	a.Elements, a.Flows = slices.Clone(a.Elements), slices.Clone(a.Flows)
	a.TrustBoundaries, a.Assets, a.Assumptions = slices.Clone(a.TrustBoundaries), slices.Clone(a.Assets), slices.Clone(a.Assumptions)
	for i := range a.Elements {
		a.Elements[i].Controls = maps.Clone(a.Elements[i].Controls)
	}
	for i := range a.Flows {
		a.Flows[i].Controls = maps.Clone(a.Flows[i].Controls)
		a.Flows[i].Crosses = slices.Clone(a.Flows[i].Crosses)
	}
	for i := range a.Assets {
		a.Assets[i].ElementIDs = slices.Clone(a.Assets[i].ElementIDs)
	}
	return a
}

// TargetName returns the name of the element or flow with the key, or "".
func (a *Architecture) TargetName(id Key) string {
	if e, ok := a.Element(id); ok {
		return e.Name
	}
	if f, ok := a.Flow(id); ok {
		return f.Name
	}
	return ""
}

// MaxDepth is how deep trust boundaries may nest.
const MaxDepth = 32

// Boundaries returns the zone with the key and all that enclose it, innermost
// first, at most MaxDepth; so a cycle ends.
func (a *Architecture) Boundaries(zone Key) []TrustBoundary {
	return enclosing(a.boundaries(), zone)
}

func (a *Architecture) boundaries() map[Key]TrustBoundary {
	byID := make(map[Key]TrustBoundary, len(a.TrustBoundaries))
	for _, b := range a.TrustBoundaries {
		byID[b.ID] = b
	}
	return byID
}

func enclosing(byID map[Key]TrustBoundary, zone Key) []TrustBoundary {
	var out []TrustBoundary
	for len(out) < MaxDepth {
		b, ok := byID[zone]
		if !ok {
			break
		}
		out = append(out, b)
		zone = b.ParentID
	}
	return out
}

// Connect fills Crosses of every flow from the zones of its ends and replaces
// nil slices and maps by empty ones, so that encodings are stable.
func (a *Architecture) Connect() {
	zones := make(map[Key]Key, len(a.Elements))
	around := make(map[Key][]Key, len(a.TrustBoundaries))
	byID := a.boundaries()
	for _, b := range a.TrustBoundaries {
		for _, outer := range enclosing(byID, b.ID) {
			around[b.ID] = append(around[b.ID], outer.ID)
		}
	}
	for _, e := range a.Elements {
		zones[e.ID] = e.Zone
	}
	for i := range a.Flows {
		f := &a.Flows[i]
		f.Crosses = difference(around[zones[f.SourceID]], around[zones[f.TargetID]])
	}
	a.fillEmpty()
}

// difference returns what stands in exactly one of the two, a's own first.
func difference(a, b []Key) []Key {
	out := []Key{}
	for _, pair := range [][2][]Key{{a, b}, {b, a}} {
		other := make(map[Key]bool, len(pair[1]))
		for _, k := range pair[1] {
			other[k] = true
		}
		for _, k := range pair[0] {
			if !other[k] {
				out = append(out, k)
			}
		}
	}
	return out
}

func (a *Architecture) fillEmpty() {
	a.Elements, a.Flows = orEmpty(a.Elements), orEmpty(a.Flows)
	a.TrustBoundaries, a.Assets, a.Assumptions = orEmpty(a.TrustBoundaries), orEmpty(a.Assets), orEmpty(a.Assumptions)
	for i := range a.Elements {
		e := &a.Elements[i]
		e.Tags, e.Data, e.Aliases, e.Evidence = orEmpty(e.Tags), orEmpty(e.Data), orEmpty(e.Aliases), orEmpty(e.Evidence)
		e.Controls = e.Controls.orEmpty()
	}
	for i := range a.Flows {
		f := &a.Flows[i]
		f.Tags, f.Data, f.Crosses, f.Evidence = orEmpty(f.Tags), orEmpty(f.Data), orEmpty(f.Crosses), orEmpty(f.Evidence)
		f.Controls = f.Controls.orEmpty()
	}
	for i := range a.TrustBoundaries {
		a.TrustBoundaries[i].Evidence = orEmpty(a.TrustBoundaries[i].Evidence)
	}
	for i := range a.Assets {
		a.Assets[i].ElementIDs, a.Assets[i].Evidence = orEmpty(a.Assets[i].ElementIDs), orEmpty(a.Assets[i].Evidence)
	}
	for i := range a.Assumptions {
		a.Assumptions[i].Evidence = orEmpty(a.Assumptions[i].Evidence)
	}
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
