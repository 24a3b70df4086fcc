package stride

// Tag names a technology or a role of an Element or Flow. Tags form an is-a
// hierarchy: a rule that asks for "database" also finds "postgresql".
type Tag string

// tagParents is the hierarchy: each tag and what it is a kind of, "" for roots.
// Every tag that a rule or the gazetteer names stands here; tests hold that.
var tagParents = map[Tag][]Tag{
	// people and callers
	"human":        nil,
	"end_user":     {"human"},
	"admin":        {"human"},
	"developer":    {"human"},
	"operator":     {"human"},
	"third_party":  nil,
	"client":       nil,
	"browser":      {"client"},
	"mobile_app":   {"client"},
	"desktop_app":  {"client"},
	"command_line": {"client"},
	"script":       {"client"},

	// services
	"service":           nil,
	"managed_service":   nil, // a cloud provider runs it, whatever else it is
	"web_app":           {"service"},
	"api":               {"service"},
	"graphql":           {"api"},
	"grpc_service":      {"api"},
	"gateway":           {"service"},
	"api_gateway":       {"gateway"},
	"load_balancer":     {"gateway"},
	"reverse_proxy":     {"gateway"},
	"cdn":               {"gateway"},
	"waf":               {"gateway"},
	"vpn":               {"gateway"},
	"worker":            {"service"},
	"scheduler":         {"service"},
	"function":          {"service"},
	"container":         {"service"},
	"admin_interface":   {"service"},
	"identity_provider": {"service"},
	"webhook_receiver":  {"service"},
	"parser":            {"service"},
	"monitoring":        {"service"},
	"email_service":     {"service"},
	"sms_service":       {"service"},
	"payment_service":   {"service"},
	"dns":               {"service"},
	"time_service":      {"service"},

	// where data lies
	"database":          nil,
	"relational":        {"database"},
	"postgresql":        {"relational"},
	"mysql":             {"relational"},
	"document_store":    {"database"},
	"key_value_store":   {"database"},
	"cache":             {"key_value_store"},
	"search_index":      {"database"},
	"graph_store":       {"database"},
	"vector_store":      {"database"},
	"object_storage":    nil,
	"file_storage":      nil,
	"browser_storage":   {"file_storage"},
	"log_store":         nil,
	"backup_store":      nil,
	"secret_store":      nil,
	"config_store":      nil,
	"queue":             nil,
	"event_stream":      {"queue"},
	"message_bus":       {"queue"},
	"code_repository":   nil,
	"artifact_registry": nil,

	// building and running
	"ci_cd":                {"service"},
	"build_system":         {"ci_cd"},
	"deployment_system":    {"ci_cd"},
	"package_dependency":   nil,
	"orchestrator":         {"service"},
	"kubernetes":           {"orchestrator"},
	"admission_controller": {"decision_point"},
	"decision_point":       {"service"},
	"policy_engine":        {"decision_point"},
	"control_plane":        {"service"},
	"agent":                {"service"},
	"cluster_node":         {"service"},
	"consensus":            {"service"},

	// devices
	"device":           nil,
	"iot_device":       {"device"},
	"robot":            {"device"},
	"vehicle":          {"device"},
	"sensor":           {"device"},
	"actuator":         {"device"},
	"controller":       {"device"},
	"mobile_device":    {"device"},
	"debug_port":       nil,
	"field_bus":        nil,
	"wireless":         nil,
	"update_service":   {"service"},
	"robot_middleware": {"service"},

	// machine learning
	"llm":             {"ml_model"},
	"ml_model":        {"service"},
	"ml_pipeline":     {"service"},
	"llm_agent":       {"llm_application"},
	"llm_application": {"service"},
	"llm_tool":        {"service"},
	"training_data":   nil,
}

// Tags returns every known tag in no particular order.
func Tags() []Tag {
	out := make([]Tag, 0, len(tagParents))
	for t := range tagParents {
		out = append(out, t)
	}
	return out
}

// Known reports whether t is in the vocabulary.
func (t Tag) Known() bool {
	_, ok := tagParents[t]
	return ok
}

// Is reports whether t is other, or a kind of other.
func (t Tag) Is(other Tag) bool {
	if t == other {
		return true
	}
	for _, p := range tagParents[t] {
		if p.Is(other) {
			return true
		}
	}
	return false
}

// Ancestry returns t and everything that it is a kind of, t first, then by way
// of its parents; a tag with two ways to a root names that root twice.
func (t Tag) Ancestry() []Tag {
	out := []Tag{t}
	for _, p := range tagParents[t] {
		out = append(out, p.Ancestry()...)
	}
	return out
}
